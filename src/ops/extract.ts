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
import { driveAsync, openInput, type Source } from "../input/index.js";
import type { DomainFacts } from "../restore/index.js";
import { bodyOffset, HvmContext } from "../stream/index.js";
import { alignedBytes } from "./aligned-bytes.js";
import { fileResult, restoreResult, withCompression } from "./documents.js";
import { type GenidChange, genidJob } from "./genid.js";
import { Image, type ReadingOptions } from "./image.js";
import type { Platform } from "./runtime.js";
import { salvageSource } from "./salvage.js";
import { openPlacedOutput, type PlacedOutput } from "./sparse-output.js";

/** Kinds of memory files. */
export const MEMORY_FORMATS = ["raw", "elf", "lime"] as const;
export type MemoryFormat = (typeof MEMORY_FORMATS)[number];

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
  /** Ends the writing when aborted; what was written is gone then. */
  readonly signal?: AbortSignal;
}

/** Pages read and written at a time. */
const STEP_PAGES = 1024;
/** Signals and timers are let in at least this often. */
const LONGEST_TURN_MS = 10;
const ZERO_PAGE = new Uint8Array(PAGE_BYTES);

/**
 * Write the memory of the image at `path` to `outPath` ("-" for the standard streams). Nothing is
 * written if the image is rejected, unless it is to be salvaged.
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
): Promise<ExtractFileResult> {
  const startMs = performance.now();
  const { source, compression } = await openInput(path, { limits: options.limits });
  try {
    const result = await extractSource(platform, source, path, outPath, options, startMs);
    return withCompression(result, compression);
  } finally {
    source.close();
  }
}

async function extractSource(
  platform: Platform,
  source: Source,
  file: string,
  outPath: string,
  options: ExtractOptions,
  startMs: number,
): Promise<ExtractFileResult> {
  const { image, judged, salvage } = await readGuest(platform, source, file, options, startMs);
  const genid = await driveAsync(genidJob(image, options.genid ?? "keep"), source, drive(options));
  const told = () => ({ ...restoreResult(image, judged(), {}, genid), ...salvage });
  const { guest, domain } = image.restorer;
  const refused = image.collector.verdict() === "reject" && options.salvage !== true;
  if (refused) return told();
  if (guest === null || domain === null) {
    throw new UsageError(`${file} holds no guest memory`, { option: "FILE" });
  }
  const layout = layoutOf(guest, domain, options);
  const pages = await writeLayout(layout, guest, source, outPath, options);
  const { format, state } = options;
  const output = { path: outPath, format, state, bytes: layout.sizeBytes, pages };
  return { ...told(), output };
}

/** Read the image as a restore would, or recover what is whole of it. */
async function readGuest(
  platform: Platform,
  source: Source,
  file: string,
  options: ExtractOptions,
  startMs: number,
) {
  if (options.salvage === true) {
    const reading = { ...options, readData: false, model: "indexed" } as const;
    const { image, judged, salvage } = salvageSource(platform, source, file, reading, startMs);
    return { image, judged: () => judged, salvage: { salvage } };
  }
  const model = source.seekable ? "indexed" : "resident";
  const image = new Image(platform.engine(options.engine), { ...options, readData: false, model });
  await driveAsync(image.run(), source, drive(options));
  const bytes = source.size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
  const judged = () => fileResult(image, file, bytes, performance.now() - startMs);
  return { image, judged, salvage: {} };
}

function drive(options: ExtractOptions) {
  return options.signal === undefined ? {} : { signal: options.signal };
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
  source: Source,
  outPath: string,
  options: ExtractOptions,
): Promise<number> {
  const output = openPlacedOutput(outPath);
  const writer = new PartWriter(output, guest, source, options);
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

class PartWriter {
  pages = 0;
  readonly #output: PlacedOutput;
  readonly #guest: Guest;
  readonly #source: Source;
  readonly #options: ExtractOptions;
  readonly #buffer = alignedBytes(STEP_PAGES * PAGE_BYTES);
  #turnStart = performance.now();

  constructor(output: PlacedOutput, guest: Guest, source: Source, options: ExtractOptions) {
    this.#output = output;
    this.#guest = guest;
    this.#source = source;
    this.#options = options;
  }

  async write(part: MemoryPart): Promise<void> {
    if (part.part === "bytes") {
      this.#output.writeAt(part.fileOffset, part.bytes);
      return;
    }
    const { state } = this.#options;
    for (let done = 0; done < part.count && !this.#output.readerGone; done += STEP_PAGES) {
      const count = Math.min(STEP_PAGES, part.count - done);
      const bytes = this.#buffer.subarray(0, count * PAGE_BYTES);
      const job = this.#guest.readPages(part.first + done, count, bytes, state);
      await driveAsync(job, this.#source, drive(this.#options));
      this.#place(part.fileOffset + done * PAGE_BYTES, bytes);
      this.pages += count;
      await this.#otherWork();
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

  /** A resident guest asks for no bytes: without this no signal would get through. */
  async #otherWork(): Promise<void> {
    this.#options.signal?.throwIfAborted();
    if (performance.now() - this.#turnStart < LONGEST_TURN_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#turnStart = performance.now();
  }
}

function isZeroPage(bytes: Uint8Array, start: number): boolean {
  return Buffer.compare(bytes.subarray(start, start + PAGE_BYTES), ZERO_PAGE) === 0;
}
