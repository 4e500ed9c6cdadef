/**
 * `diff`: two guests page by page, whatever their containers, ages and page orders. Each image has
 * an engine of its own; pages of seekable images are read as they are compared, in order of pfn.
 */
import type { EngineName } from "../engine/index.js";
import { type ChangedBytes, type DiffResult, UsageError } from "../findings/index.js";
import { PAGE_BYTES } from "../format/index.js";
import type { Guest, MemoryState } from "../guest/index.js";
import {
  type AsyncSource,
  drive,
  driveAsync,
  type OpenedInput,
  openInput,
} from "../input/index.js";
import { fileResult, withCompression } from "./documents.js";
import { driveOptions, openOptions, PhaseProgress, type ReadingHooks } from "./hooks.js";
import { Image, type ReadingOptions } from "./image.js";
import { Pfns, STEP_PAGES, type Step, steps } from "./pfn-sets.js";
import type { Platform } from "./runtime.js";
import { Turns } from "./turns.js";

/** What `diff` takes beyond the reading options, which hold for both images. */
export interface DiffOptions extends Omit<ReadingOptions, "model" | "readData"> {
  readonly engine: EngineName;
  readonly state: MemoryState;
  /** List the bytes that differ in changed pages. */
  readonly bytes: boolean;
}

/** One of the two images, read. */
interface Side {
  readonly source: AsyncSource;
  readonly guest: Guest;
  readonly result: DiffResult["a"];
}

/**
 * Compare the guests of two images; the signal of `hooks` ends it.
 *
 * @throws {InputError} if bytes of either cannot be had
 * @throws {CapacityError} if a limit of ours is in the way
 * @throws {UsageError} if one of them holds no guest memory
 */
export async function diffFiles(
  platform: Platform,
  pathA: string,
  pathB: string,
  options: DiffOptions,
  hooks: ReadingHooks = {},
): Promise<DiffResult> {
  const { limits } = options;
  if (pathA === "-" && pathB === "-") {
    throw new UsageError("only one image can come from standard input", { option: "FILE" });
  }
  const opening = openOptions(hooks, limits);
  const openedA = await openInput(pathA, opening);
  try {
    const openedB = await openInput(pathB, opening);
    try {
      const a = await readSide(platform, openedA, options, hooks);
      const b = await readSide(platform, openedB, options, hooks);
      return await compare(a, b, options, hooks);
    } finally {
      await openedB.source.close();
    }
  } finally {
    await openedA.source.close();
  }
}

async function readSide(
  platform: Platform,
  opened: OpenedInput,
  options: DiffOptions,
  hooks: ReadingHooks,
): Promise<Side> {
  const startMs = performance.now();
  const { source, compression, file } = opened;
  const model = source.seekable ? "indexed" : "resident";
  const engine = platform.ownEngine(options.engine);
  const image = new Image(engine, { ...options, readData: false, model });
  await driveAsync(image.run(), source, driveOptions(hooks, source));
  const { guest } = image.restorer;
  if (guest === null) {
    throw new UsageError(`${file} holds no guest memory`, { option: "FILE" });
  }
  const bytes = source.size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
  const judged = fileResult(image, file, bytes, performance.now() - startMs);
  return { source, guest, result: withCompression(judged, compression) };
}

async function compare(
  a: Side,
  b: Side,
  options: DiffOptions,
  hooks: ReadingHooks,
): Promise<DiffResult> {
  const comparison = new Comparison(a, b, options);
  const pages = [a, b].map(({ guest }) => guest.engine.stats().populatedPages);
  const totalBytes = pages.reduce((sum, count) => sum + count, 0) * PAGE_BYTES;
  const progress = new PhaseProgress(hooks, totalBytes, "compare");
  const turns = new Turns(hooks.signal);
  for (const step of steps(a.guest.populatedRuns(), b.guest.populatedRuns())) {
    await turns.next();
    await comparison.take(step);
    progress.add((Number(step.inA) + Number(step.inB)) * step.count * PAGE_BYTES);
  }
  return comparison.result();
}

class Comparison {
  readonly #a: Side;
  readonly #b: Side;
  readonly #options: DiffOptions;
  readonly #pagesA = new Uint8Array(STEP_PAGES * PAGE_BYTES);
  readonly #pagesB = new Uint8Array(STEP_PAGES * PAGE_BYTES);
  readonly #added: Pfns;
  readonly #gone: Pfns;
  readonly #changed: Pfns;
  readonly #typeChanged: Pfns;
  readonly #changedBytes: ChangedBytes[] = [];
  #bytesOmitted = 0;
  #union = 0;

  constructor(a: Side, b: Side, options: DiffOptions) {
    this.#a = a;
    this.#b = b;
    this.#options = options;
    const most = options.limits.maxRecordsListed;
    this.#added = new Pfns(most);
    this.#gone = new Pfns(most);
    this.#changed = new Pfns(most);
    this.#typeChanged = new Pfns(most);
  }

  async take({ first, count, inA, inB }: Step): Promise<void> {
    this.#union += count;
    if (!inA) this.#added.add(first, count);
    else if (!inB) this.#gone.add(first, count);
    else await this.#compare(first, count);
  }

  result(): DiffResult {
    const lists = [this.#added, this.#gone, this.#changed, this.#typeChanged];
    const differing = this.#added.pages + this.#gone.pages + this.#changed.pages;
    const { guest: guestA, result: a } = this.#a;
    const { guest: guestB, result: b } = this.#b;
    const typesCount = guestA.kind === "pv" || guestA.kind !== guestB.kind;
    const sound = a.verdict === "accept" && b.verdict === "accept";
    return {
      equal: sound && differing === 0 && !(typesCount && this.#typeChanged.pages > 0),
      state: this.#options.state,
      a,
      b,
      populatedPages: [guestA.engine.stats().populatedPages, guestB.engine.stats().populatedPages],
      added: this.#added.set,
      gone: this.#gone.set,
      changed: this.#changed.set,
      typeChanged: this.#typeChanged.set,
      sharePercent: this.#union === 0 ? 0 : (100 * differing) / this.#union,
      ...(this.#options.bytes ? { changedBytes: this.#changedBytes } : {}),
      omitted: lists.reduce((sum, { omitted }) => sum + omitted, this.#bytesOmitted),
    };
  }

  async #compare(first: number, count: number): Promise<void> {
    const { state } = this.#options;
    const a = this.#pagesA.subarray(0, count * PAGE_BYTES);
    const b = this.#pagesB.subarray(0, count * PAGE_BYTES);
    await drive(this.#a.guest.readPages(first, count, a, state), this.#a.source);
    await drive(this.#b.guest.readPages(first, count, b, state), this.#b.source);
    for (let i = 0; i < count; i += 1) {
      const pfn = first + i;
      const typeA = this.#a.guest.engine.pageType(pfn);
      if (typeA !== this.#b.guest.engine.pageType(pfn)) this.#typeChanged.add(pfn, 1);
    }
    if (Buffer.compare(a, b) === 0) return;
    for (let i = 0; i < count; i += 1) {
      const pageA = a.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
      const pageB = b.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
      if (Buffer.compare(pageA, pageB) === 0) continue;
      this.#changed.add(first + i, 1);
      if (this.#options.bytes) this.#listBytes(first + i, pageA, pageB);
    }
  }

  #listBytes(pfn: number, pageA: Uint8Array, pageB: Uint8Array): void {
    for (let offset = 0; offset < PAGE_BYTES; ) {
      let end = offset;
      while (end < PAGE_BYTES && pageA[end] !== pageB[end]) end += 1;
      if (end === offset) {
        offset += 1;
        continue;
      }
      if (this.#changedBytes.length < this.#options.limits.maxRecordsListed) {
        this.#changedBytes.push({ pfn, offset, bytes: end - offset });
      } else this.#bytesOmitted += 1;
      offset = end;
    }
  }
}
