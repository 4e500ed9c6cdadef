/**
 * A guest's memory: which pfns are populated, their types, and what is in them. The engine holds
 * the tables (and the frames of a resident guest); here live the restorer's fix-ups, which lie over
 * the pages, and the place of each page in the stream. What to do when is restore/'s.
 * Source: libxc stream document; LC-SIM-1..8.
 */
import type { MemoryModel, PageEngine, PfnRun } from "../engine/port.js";
import type { Fault, Limits } from "../findings/index.js";
import { type GuestKind, HVM_PFN_LIMIT, PAGE_BYTES } from "../format/index.js";
import { type Job, type RecordHead, readInto } from "../stream/index.js";
import { PageIndex } from "./page-index.js";

/** Memory as the page records leave it, or after the restorer's fix-ups (LC-SIM-8). */
export type MemoryState = "stream" | "restored";

export interface GuestOptions {
  readonly kind: GuestKind;
  readonly model: MemoryModel;
  /** Resident: contents are not placed as they come, but by setPages() once the stream is read. */
  readonly fillLater?: boolean | undefined;
  readonly limits: Limits;
  /** Indexed: read page contents too, though nothing needs them. */
  readonly readData: boolean;
  /** Takes the faults that batches have. */
  readonly report: (fault: Fault) => void;
  /** Is told of every batch that was taken over. */
  readonly onBatch?: ((facts: BatchFacts) => void) | undefined;
}

/** One PAGE_DATA record that was taken over. The counts are the engine's: copy what you keep. */
export interface BatchFacts {
  readonly head: RecordHead;
  readonly entryCount: number;
  readonly dataPages: number;
  /** Entries by page type. */
  readonly typeCounts: Uint32Array;
}

/** Counters over the applied PAGE_DATA records. */
export interface BatchCounts {
  /** Entries by page type. */
  readonly entriesByType: Uint32Array;
  entries: number;
  dataPages: number;
}

/** Changes one page (4096 bytes) in place, from what it was before to what a restorer leaves. */
export type FixUp = (page: Uint8Array) => void;

interface Overlay {
  readonly fixUp: FixUp;
  /** Copies of the stream with this ordinal or a later one lie over the fix-up. */
  readonly beforeOrdinal: number;
}

/** One guest while its stream is read, and afterwards. */
export class Guest {
  readonly kind: GuestKind;
  readonly engine: PageEngine;
  readonly pages = new PageIndex();
  readonly counts: BatchCounts = { entriesByType: new Uint32Array(16), entries: 0, dataPages: 0 };
  readonly options: GuestOptions;
  /** PV: highest pfn of the p2m so far; 0 before the first P2M_FRAMES record. */
  maxPfn = 0;
  /** PV: bytes of a guest word; null before X86_PV_INFO. */
  pvWidth: 4 | 8 | null = null;
  /** Since VERIFY: pages are compared, never written (LC-VER-2). */
  verifying = false;
  /** Batches that were refused: what later rules say of missing pages may come from them. */
  refusedBatches = 0;
  readonly #overlay = new Map<number, Overlay>();
  #model: MemoryModel;

  constructor(engine: PageEngine, options: GuestOptions) {
    this.engine = engine;
    this.options = options;
    this.kind = options.kind;
    this.#model = options.fillLater === true ? "indexed" : options.model;
    engine.reset({
      guest: options.kind,
      model: options.model,
      maxFrameBytes: options.limits.maxMemoryBytes,
      maxBanks: options.limits.maxBanks,
    });
  }

  /** Indexed until filled() where contents are filled in later. */
  get model(): MemoryModel {
    return this.#model;
  }

  /** Say that the engine was given the last copy of every page, as far as there are any. */
  filled(): void {
    this.#model = this.options.model;
  }

  /** First pfn that an entry may not name (see PageEngine.beginBatch). */
  get pfnLimit(): number {
    return this.kind === "pv" ? this.maxPfn + 1 : HVM_PFN_LIMIT;
  }

  isPopulated(pfn: number): boolean {
    return this.engine.isPopulated(pfn);
  }

  /** Byte offset of the last copy of a pfn in the stream, -1 if it has none. */
  lastCopyOffset(pfn: number): number {
    const ordinal = this.engine.lastOrdinal(pfn);
    return ordinal < 0 ? -1 : this.pages.byteOffsetOf(ordinal, PAGE_BYTES);
  }

  /**
   * Lay a fix-up over a populated page, until the stream writes the pfn again.
   *
   * @param scope `whole`: it leaves nothing of what was there, earlier fix-ups are forgotten;
   *   `part`: it comes on top of them
   */
  fixUp(pfn: number, scope: "part" | "whole", fixUp: FixUp): void {
    const before = scope === "part" ? this.fixUpOf(pfn) : undefined;
    const both: FixUp = (page) => {
      before?.(page);
      fixUp(page);
    };
    const beforeOrdinal = this.pages.nextOrdinal;
    this.#overlay.set(pfn, { fixUp: before === undefined ? fixUp : both, beforeOrdinal });
  }

  /** The fix-up that lies over a page now, if any. */
  fixUpOf(pfn: number): FixUp | undefined {
    const overlay = this.#overlay.get(pfn);
    if (overlay === undefined) return undefined;
    return this.engine.lastOrdinal(pfn) < overlay.beforeOrdinal ? overlay.fixUp : undefined;
  }

  /** Pfns whose restored contents differ from the stream's, ascending. */
  fixedPfns(): number[] {
    const live = [...this.#overlay.keys()].filter((pfn) => this.fixUpOf(pfn) !== undefined);
    return live.sort((a, b) => a - b);
  }

  /** Populated pfns as maximal runs, ascending. */
  populatedRuns(): Iterable<PfnRun> {
    return this.engine.populatedRuns();
  }

  /**
   * Contents of one page.
   *
   * @returns 4096 bytes owned by the caller; zeros for a pfn that never had data
   */
  *readPage(pfn: number, state: MemoryState): Job<Uint8Array> {
    const bytes = new Uint8Array(PAGE_BYTES);
    yield* this.readPages(pfn, 1, bytes, state);
    return bytes;
  }

  /** Contents of `count` pages from pfn `first` on, into `into`. */
  *readPages(first: number, count: number, into: Uint8Array, state: MemoryState): Job<void> {
    if (this.model === "resident") this.engine.copyPages(first, count, into);
    else yield* this.#readIndexed(first, count, into);
    if (state === "stream" || this.#overlay.size === 0) return;
    for (let i = 0; i < count; i += 1) {
      this.fixUpOf(first + i)?.(into.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES));
    }
  }

  /**
   * Where the contents of pfns from `first` on stand in the input: as many of them, `limit` at most,
   * as have their last copies side by side; or as have none, with a byte offset of -1.
   */
  copiesFrom(
    first: number,
    limit: number,
  ): { readonly byteOffset: number; readonly count: number } {
    const run = this.engine.lastOrdinalRun(first, limit);
    const ordinal = this.engine.lastOrdinal(first);
    if (ordinal < 0) return { byteOffset: -1, count: run };
    const byteOffset = this.pages.byteOffsetOf(ordinal, PAGE_BYTES);
    return { byteOffset, count: Math.min(run, this.pages.pagesFrom(ordinal)) };
  }

  /** Read last copies from the input; neighbours in the input become one request. */
  *#readIndexed(first: number, count: number, into: Uint8Array): Job<void> {
    for (let done = 0; done < count; ) {
      const copies = this.copiesFrom(first + done, count - done);
      const view = into.subarray(done * PAGE_BYTES, (done + copies.count) * PAGE_BYTES);
      const got = copies.byteOffset < 0 ? 0 : yield* readInto(copies.byteOffset, view);
      // No copy, or the input had these bytes when it was indexed and shrank since: never old ones.
      if (got < view.length) view.fill(0, got);
      done += copies.count;
    }
  }
}
