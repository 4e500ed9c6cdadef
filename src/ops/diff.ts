/**
 * `diff`: two guests page by page, whatever their containers, ages and page orders. Each image has
 * an engine of its own; pages of seekable images are read as they are compared, in order of pfn.
 */
import type { EngineName } from "../engine/index.js";
import {
  type ChangedBytes,
  type DiffResult,
  type Limits,
  type PfnSet,
  UsageError,
} from "../findings/index.js";
import { PAGE_BYTES } from "../format/index.js";
import type { Guest, MemoryState } from "../guest/index.js";
import { driveSync, openInput, type Source } from "../input/index.js";
import { fileResult, withCompression } from "./documents.js";
import { Image, type ReadingOptions } from "./image.js";
import type { Platform } from "./runtime.js";

/** What `diff` takes beyond the reading options, which hold for both images. */
export interface DiffOptions extends Omit<ReadingOptions, "model" | "readData"> {
  readonly engine: EngineName;
  readonly state: MemoryState;
  /** List the bytes that differ in changed pages. */
  readonly bytes: boolean;
}

/** Pages compared at a time. */
const STEP_PAGES = 256;

type Opened = Awaited<ReturnType<typeof openInput>>;

/** One of the two images, read. */
interface Side {
  readonly source: Source;
  readonly guest: Guest;
  readonly result: DiffResult["a"];
}

/**
 * Compare the guests of two images.
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
): Promise<DiffResult> {
  const { limits } = options;
  if (pathA === "-" && pathB === "-") {
    throw new UsageError("only one image can come from standard input", { option: "FILE" });
  }
  const openedA = await openInput(pathA, { limits });
  try {
    const openedB = await openInput(pathB, { limits });
    try {
      const a = readSide(platform, openedA, pathA, options);
      const b = readSide(platform, openedB, pathB, options);
      return compare(a, b, options);
    } finally {
      openedB.source.close();
    }
  } finally {
    openedA.source.close();
  }
}

function readSide(platform: Platform, opened: Opened, file: string, options: DiffOptions): Side {
  const startMs = performance.now();
  const { source, compression } = opened;
  const model = source.seekable ? "indexed" : "resident";
  const engine = platform.ownEngine(options.engine);
  const image = new Image(engine, { ...options, readData: false, model });
  driveSync(image.run(), source);
  const { guest } = image.restorer;
  if (guest === null) {
    throw new UsageError(`${file} holds no guest memory`, { option: "FILE" });
  }
  const bytes = source.size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
  const judged = fileResult(image, file, bytes, performance.now() - startMs);
  return { source, guest, result: withCompression(judged, compression) };
}

function compare(a: Side, b: Side, options: DiffOptions): DiffResult {
  const comparison = new Comparison(a, b, options);
  for (const step of steps(a.guest, b.guest)) comparison.take(step);
  return comparison.result();
}

/** Pfns that are populated in A alone, in B alone, or in both. */
interface Step {
  readonly first: number;
  readonly count: number;
  readonly inA: boolean;
  readonly inB: boolean;
}

/** The union of both guests in pieces of at most STEP_PAGES, ascending. */
function* steps(a: Guest, b: Guest): Generator<Step> {
  const cursorA = new Cursor(a);
  const cursorB = new Cursor(b);
  for (let pfn = 0; ; ) {
    const startA = cursorA.next(pfn);
    const startB = cursorB.next(pfn);
    const first = Math.min(startA.first, startB.first);
    if (first === Number.POSITIVE_INFINITY) return;
    const inA = startA.first === first;
    const inB = startB.first === first;
    let end = first + STEP_PAGES;
    for (const { first: start, end: stop } of [startA, startB]) {
      end = Math.min(end, start === first ? stop : start);
    }
    yield { first, count: end - first, inA, inB };
    pfn = end;
  }
}

/** Walks the populated runs of one guest. */
class Cursor {
  readonly #runs: Iterator<{ readonly first: number; readonly count: number }>;
  #first = 0;
  #end = 0;

  constructor(guest: Guest) {
    this.#runs = guest.populatedRuns()[Symbol.iterator]();
  }

  /** What is left of the runs at or behind `pfn`, its first piece; infinite when there is none. */
  next(pfn: number): { readonly first: number; readonly end: number } {
    while (this.#end <= pfn) {
      const step = this.#runs.next();
      if (step.done === true) {
        this.#first = Number.POSITIVE_INFINITY;
        this.#end = Number.POSITIVE_INFINITY;
      } else {
        this.#first = step.value.first;
        this.#end = step.value.first + step.value.count;
      }
    }
    return { first: Math.max(this.#first, pfn), end: this.#end };
  }
}

/** A set of pfns as it grows, ascending. */
class Pfns {
  pages = 0;
  readonly runs: { pfn: number; count: number }[] = [];
  omitted = 0;
  #end = -1;

  add(pfn: number, count: number, limits: Limits): void {
    this.pages += count;
    const last = this.runs.at(-1);
    if (pfn === this.#end && last !== undefined && this.omitted === 0) last.count += count;
    else if (this.runs.length < limits.maxRecordsListed) this.runs.push({ pfn, count });
    else if (pfn !== this.#end) this.omitted += 1;
    this.#end = pfn + count;
  }

  get set(): PfnSet {
    return { pages: this.pages, runs: this.runs };
  }
}

class Comparison {
  readonly #a: Side;
  readonly #b: Side;
  readonly #options: DiffOptions;
  readonly #pagesA = new Uint8Array(STEP_PAGES * PAGE_BYTES);
  readonly #pagesB = new Uint8Array(STEP_PAGES * PAGE_BYTES);
  readonly #added = new Pfns();
  readonly #gone = new Pfns();
  readonly #changed = new Pfns();
  readonly #typeChanged = new Pfns();
  readonly #changedBytes: ChangedBytes[] = [];
  #bytesOmitted = 0;
  #union = 0;

  constructor(a: Side, b: Side, options: DiffOptions) {
    this.#a = a;
    this.#b = b;
    this.#options = options;
  }

  take({ first, count, inA, inB }: Step): void {
    const { limits } = this.#options;
    this.#union += count;
    if (!inA) this.#added.add(first, count, limits);
    else if (!inB) this.#gone.add(first, count, limits);
    else this.#compare(first, count);
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

  #compare(first: number, count: number): void {
    const { state, limits } = this.#options;
    const a = this.#pagesA.subarray(0, count * PAGE_BYTES);
    const b = this.#pagesB.subarray(0, count * PAGE_BYTES);
    driveSync(this.#a.guest.readPages(first, count, a, state), this.#a.source);
    driveSync(this.#b.guest.readPages(first, count, b, state), this.#b.source);
    for (let i = 0; i < count; i += 1) {
      const pfn = first + i;
      const typeA = this.#a.guest.engine.pageType(pfn);
      if (typeA !== this.#b.guest.engine.pageType(pfn)) this.#typeChanged.add(pfn, 1, limits);
    }
    if (Buffer.compare(a, b) === 0) return;
    for (let i = 0; i < count; i += 1) {
      const pageA = a.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
      const pageB = b.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
      if (Buffer.compare(pageA, pageB) === 0) continue;
      this.#changed.add(first + i, 1, limits);
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
