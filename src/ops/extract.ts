/**
 * `extract`: the memory of one image as a file. A seekable image is read page by page as the file
 * is written, so that the guest is never held; what an image that would not restore holds is not
 * passed off as a guest's memory. Layouts are export/memory's.
 */
import type { EngineName } from "../engine/index.js";
import {
  elfCoreLayout,
  hvmRegisters,
  limeLayout,
  type MemoryLayout,
  type MemoryPart,
  type PfnRange,
  pvRegisters,
  rawLayout,
  runsWithin,
  type VcpuRegisters,
} from "../export/index.js";
import { type ExtractFileResult, UsageError } from "../findings/index.js";
import { PAGE_BYTES, VCPU_HEAD_BYTES } from "../format/index.js";
import type { Guest, MemoryState } from "../guest/index.js";
import { type AsyncSource, type DriveOptions, driveAsync, openInput } from "../input/index.js";
import type { DomainFacts } from "../restore/index.js";
import { bodyOffset, HvmContext } from "../stream/index.js";
import { alignedBytes } from "./aligned-bytes.js";
import { fileResult, restoreResult, withCompression } from "./documents.js";
import { type GenidChange, genidJob } from "./genid.js";
import { driveOptions, openOptions, PhaseProgress, type ReadingHooks } from "./hooks.js";
import { Image, READ_HERE, type ReadingOptions } from "./image.js";
import type { Platform } from "./runtime.js";
import { salvageSource } from "./salvage.js";
import { mustSpare } from "./same-file.js";
import { openPlacedOutput, type PlacedOutput } from "./sparse-output.js";
import { Turns } from "./turns.js";

/** Kinds of memory files. */
export type MemoryFormat = "raw" | "elf" | "lime";

/** What `extract` takes beyond the reading options. */
export interface ExtractOptions extends Omit<ReadingOptions, "model" | "readData"> {
  readonly engine: EngineName;
  readonly format: MemoryFormat;
  readonly state: MemoryState;
  /** Only these pfns; null: all. */
  readonly pfns: PfnRange | null;
  /** "keep" if left out. */
  readonly genid?: GenidChange;
  /** Write what is whole of a damaged image. */
  readonly salvage?: boolean;
}

/** Pages read and written at a time. */
const STEP_PAGES = 256;
const ZERO_PAGE = new Uint8Array(PAGE_BYTES);

/**
 * Write the memory of the image at `path` to `outPath` ("-" for the standard streams). Nothing is
 * written if the image is rejected, unless it is to be salvaged; what was written when the signal
 * of `hooks` was aborted is gone.
 *
 * @throws {InputError} if the image's bytes cannot be had, or the file not be written
 * @throws {CapacityError} if a limit of ours is in the way
 * @throws {UsageError} if there is no page to write
 */
export async function extractFile(
  platform: Platform,
  path: string,
  outPath: string,
  options: ExtractOptions,
  hooks: ReadingHooks = {},
): Promise<ExtractFileResult> {
  mustSpare(path, outPath);
  const startMs = performance.now();
  const opening = openOptions(hooks, options.limits);
  const { source, compression, file } = await openInput(path, opening);
  try {
    const task = { platform, source, file, options, hooks, startMs };
    const result = await extractSource(task, outPath);
    return withCompression(result, compression);
  } finally {
    await source.close();
  }
}

/** One image, and what is wanted of it. */
interface Task {
  readonly platform: Platform;
  readonly source: AsyncSource;
  readonly file: string;
  readonly options: ExtractOptions;
  readonly hooks: ReadingHooks;
  readonly startMs: number;
}

async function extractSource(task: Task, outPath: string): Promise<ExtractFileResult> {
  const { source, file, options, hooks } = task;
  const { image, judged, salvage } = await readGuest(task);
  const change = genidJob(image, options.genid ?? "keep");
  const genid = await driveAsync(change, source, abortOnly(hooks));
  const told = () => ({ ...restoreResult(image, judged(), {}, genid), ...salvage });
  const { guest, domain } = image.restorer;
  const refused = image.collector.rejectsBeyond(READ_HERE) && options.salvage !== true;
  if (refused) return told();
  if (guest === null || domain === null) {
    throw new UsageError(`${file} holds no guest memory`, { option: "FILE" });
  }
  const layout = layoutOf(guest, domain, options);
  const pages = await writeLayout(layout, guest, task, outPath);
  const { format, state } = options;
  const output = { path: outPath, format, state, bytes: layout.sizeBytes, pages };
  return { ...told(), output };
}

/** Read the image as a restore would, or recover what is whole of it. */
async function readGuest({ platform, source, file, options, hooks, startMs }: Task) {
  if (options.salvage === true) {
    const reading = { ...options, readData: false, model: "indexed" } as const;
    const salvaged = await salvageSource(platform, source, file, reading, startMs, hooks.signal);
    const { image, judged, salvage } = salvaged;
    return { image, judged: () => judged, salvage: { salvage } };
  }
  const model = source.seekable ? "indexed" : "resident";
  const image = new Image(platform.engine(options.engine), { ...options, readData: false, model });
  await driveAsync(image.run(), source, driveOptions(hooks, source));
  const bytes = source.size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
  const judged = () => fileResult(image, file, bytes, performance.now() - startMs);
  return { image, judged, salvage: {} };
}

/** For reads whose place in the input says nothing about how far the work is. */
function abortOnly({ signal }: ReadingHooks): DriveOptions {
  return signal === undefined ? {} : { signal };
}

function layoutOf(guest: Guest, domain: DomainFacts, options: ExtractOptions): MemoryLayout {
  const runs = runsWithin(() => guest.populatedRuns(), options.pfns);
  if (runs()[Symbol.iterator]().next().done === true) {
    const allowed = "pfns that are populated";
    throw new UsageError("there is no page to write", { option: "--pfn", allowed });
  }
  if (options.format === "raw") return rawLayout(runs, options.pfns);
  return options.format === "lime" ? limeLayout(runs) : elfCoreLayout(runs, registersOf(domain));
}

/** The registers of each vcpu that the stream tells of, by vcpu id. */
function registersOf(domain: DomainFacts): VcpuRegisters[] {
  const vcpus: VcpuRegisters[] = [];
  if (domain.hvmContext !== null) {
    const { body, head } = domain.hvmContext;
    vcpus.push(...hvmRegisters(new HvmContext(body, bodyOffset(head))));
  }
  for (const [id, { basic }] of domain.vcpus) {
    if (basic === undefined || domain.pvWidth === null) continue;
    vcpus.push(pvRegisters(id, basic.body.subarray(VCPU_HEAD_BYTES), domain.pvWidth));
  }
  return vcpus.sort((a, b) => a.vcpu - b.vcpu);
}

/** Write a whole file. Returns how many pages of the guest are in it. */
async function writeLayout(
  layout: MemoryLayout,
  guest: Guest,
  task: Task,
  outPath: string,
): Promise<number> {
  const output = openPlacedOutput(outPath);
  const writer = new PartWriter(output, guest, task, pagesOf(layout));
  try {
    for (const part of layout.parts()) {
      if (output.readerGone) break;
      await writer.write(part);
    }
    output.close(layout.sizeBytes);
    return writer.pages;
  } catch (error) {
    output.abort();
    throw error;
  }
}

function pagesOf(layout: MemoryLayout): number {
  let pages = 0;
  for (const part of layout.parts()) pages += part.part === "bytes" ? 0 : part.count;
  return pages;
}

class PartWriter {
  pages = 0;
  readonly #output: PlacedOutput;
  readonly #guest: Guest;
  readonly #task: Task;
  readonly #progress: PhaseProgress<"write">;
  readonly #buffer = alignedBytes(STEP_PAGES * PAGE_BYTES);
  readonly #turns: Turns;

  /** @param totalPages that will be written, for the progress */
  constructor(output: PlacedOutput, guest: Guest, task: Task, totalPages: number) {
    this.#output = output;
    this.#guest = guest;
    this.#task = task;
    this.#turns = new Turns(task.hooks.signal);
    this.#progress = new PhaseProgress(task.hooks, totalPages * PAGE_BYTES, "write");
  }

  async write(part: MemoryPart): Promise<void> {
    if (part.part === "bytes") {
      this.#output.writeAt(part.fileOffset, part.bytes);
      return;
    }
    const { source, hooks, options } = this.#task;
    for (let done = 0; done < part.count && !this.#output.readerGone; done += STEP_PAGES) {
      const count = Math.min(STEP_PAGES, part.count - done);
      const bytes = this.#buffer.subarray(0, count * PAGE_BYTES);
      const job = this.#guest.readPages(part.first + done, count, bytes, options.state);
      await driveAsync(job, source, abortOnly(hooks));
      this.#place(part.fileOffset + done * PAGE_BYTES, bytes);
      this.pages += count;
      this.#progress.add(bytes.length);
      // A resident guest asks for no bytes: without this no signal would get through.
      await this.#turns.next();
    }
  }

  /** In a sparse file a page of zeros is left out: reading the hole gives the same. */
  #place(fileOffset: number, bytes: Uint8Array): void {
    if (!this.#output.sparse) {
      this.#output.writeAt(fileOffset, bytes);
      return;
    }
    for (let start = 0; start < bytes.length; ) {
      const zero = isZeroPage(bytes, start);
      let end = start + PAGE_BYTES;
      while (end < bytes.length && isZeroPage(bytes, end) === zero) end += PAGE_BYTES;
      if (!zero) this.#output.writeAt(fileOffset + start, bytes.subarray(start, end));
      start = end;
    }
  }
}

function isZeroPage(bytes: Uint8Array, start: number): boolean {
  return Buffer.compare(bytes.subarray(start, start + PAGE_BYTES), ZERO_PAGE) === 0;
}
