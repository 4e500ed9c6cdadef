/**
 * The port that both page engines stand behind: PAGE_DATA entries are checked, pfns populated and
 * typed, pages placed, compared, scanned and digested here. Types and fault codes only.
 *
 * One engine serves one image at a time and is reset between images, keeping its memory. A batch is
 * one PAGE_DATA record and goes through the calls in this order:
 *
 *   beginBatch
 *   { entryWindow, (bytes are read into it), checkEntries } once per window step
 *   commitEntries | dropEntries          a dropped batch leaves no trace
 *   { pageWindow, (bytes), placePages | comparePages | scanTables } per step, any data pages, in order
 *   indexPages                           as many data pages as were whole
 *
 * Source: libxc stream document, PAGE_DATA; Xen process_page_data() (facts).
 */
import type { GuestKind } from "../format/index.js";

/** `wasm`: AssemblyScript over shared memory; `reference`: pure TypeScript, written apart. */
export type EngineName = "wasm" | "reference";

/** `resident` holds page contents; `indexed` knows only where each pfn's last copy stands. */
export type MemoryModel = "indexed" | "resident";

/** A bank covers 2^19 consecutive pfns: 2 GiB of guest. Dedupe and limits count per bank. */
export const BANK_PFN_SHIFT = 19;
export const BANK_PFNS = 1 << BANK_PFN_SHIFT;

/** Bytes of entries that a window step takes at most (524,288 entries). */
export const ENTRY_WINDOW_BYTES = 4 * 1024 * 1024;
/** Bytes of pages that a window step takes at most (1024 pages). */
export const PAGE_WINDOW_BYTES = 4 * 1024 * 1024;

/** Faults that one checkEntries() call lists; the counts are always complete. */
export const ENTRY_FAULTS_LISTED = 1024;

/** What can be wrong with an entry. Never renumbered: the codes cross the WASM boundary. */
export const ENTRY_FAULT_TYPE = 1; // types 5..8: LC-PG-5
export const ENTRY_FAULT_RESERVED = 2; // bits 59..52: LC-PG-6, does not stop a restore
export const ENTRY_FAULT_PFN = 3; // pfn out of bounds: LC-PG-8

export type EntryFaultCode =
  | typeof ENTRY_FAULT_TYPE
  | typeof ENTRY_FAULT_RESERVED
  | typeof ENTRY_FAULT_PFN;

/** One faulty entry. An entry with several faults is listed once for each, codes ascending. */
export interface EntryFault {
  /** Ordinal in the record, from 0. */
  readonly entryIndex: number;
  readonly code: EntryFaultCode;
  /** The raw entry, lower and upper half, both unsigned. */
  readonly low: number;
  readonly high: number;
}

/** What checkEntries() saw. The object is reused by the next call: copy what you keep. */
export interface EntryStep {
  /** Faults of this step in entry order, at most ENTRY_FAULTS_LISTED. */
  readonly faults: readonly EntryFault[];
  /** Number of faults of this step, by code (index 0 unused). */
  readonly faultCounts: Uint32Array;
  /** Entries by type, whole batch so far (16 numbers; invalid types too). */
  readonly typeCounts: Uint32Array;
  /** Entries that carry a page, whole batch so far. Invalid types carry none. */
  readonly dataPages: number;
}

/** A present page-table entry that names a pfn beyond max_pfn (LC-SIM-5). */
export interface TableFault {
  /** Data page of the batch whose contents hold the table entry. */
  readonly dataPage: number;
  /** Slot in the table, 0..511. */
  readonly slot: number;
  /** The pfn it names (bits 51..12 of the slot). */
  readonly pfn: number;
}

/** What scanTables() saw. */
export interface TableScan {
  /** Faults in page and slot order, at most 1024; `faultCount` is complete. */
  readonly faults: readonly TableFault[];
  readonly faultCount: number;
  /** Pfns that got a zero page because an entry named them first. */
  readonly populated: number;
}

export interface EngineOptions {
  /**
   * Decides which entries are bound and remembered. hvm: only entries that populate count, BROKEN
   * and XTAB are never looked up and leave no type. pv: every entry is bound and leaves its type.
   */
  readonly guest: GuestKind;
  readonly model: MemoryModel;
  /** Bytes of frames that may be held (resident); one more throws CapacityError "max-memory". */
  readonly maxFrameBytes: number;
  /** Banks that may be made; one more throws CapacityError "max-banks". */
  readonly maxBanks: number;
}

/** Counters since reset(). The object is a fresh copy. */
export interface EngineStats {
  readonly populatedPages: number;
  /** Highest populated pfn, -1 if none. */
  readonly maxPfn: number;
  /** Resident: populated pages whose contents are all zero. */
  readonly zeroPages: number;
  /** Resident: frames in use: distinct non-zero contents, counted per bank. */
  readonly distinctPages: number;
  /** Resident: distinctPages x 4096. */
  readonly residentBytes: number;
  /** Pages that went through placePages() or setPages(), and their bytes. */
  readonly pagesPlaced: number;
  readonly bytesPlaced: number;
  readonly banks: number;
}

/** Streaming XXH3-64 (seed 0, default secret). */
export interface Xxh3 {
  reset(): void;
  /** Any length, any number of times; the bytes are not kept. */
  update(bytes: Uint8Array): void;
  /** The digest of all bytes so far; does not end the stream. */
  digest(): bigint;
}

/** Where pages of one bank can be read to before they are set by pfn. */
export interface FillSpace {
  /** The page window of the bank, PAGE_WINDOW_BYTES; in the WASM engine threads can share it. */
  readonly window: Uint8Array;
  /** Frames of the bank that the images before this one have touched: they cost no page fault. */
  readonly framesTouched: number;
}

/** A run of consecutive pfns. */
export interface PfnRun {
  readonly first: number;
  readonly count: number;
}

/**
 * A page engine. Pfns and ordinals are numbers below 2^52 and 2^32 - 1. Views that it returns are
 * its own memory, valid until the next call of the same kind.
 */
export interface PageEngine {
  readonly name: EngineName;

  /** Forget the image; keep the memory. Must be called before the first batch. */
  reset(options: EngineOptions): void;

  /**
   * @param pfnLimit first pfn out of bounds: hvm 2^36 (tested for entries that populate), pv
   *   max_pfn + 1 (tested for every entry)
   */
  beginBatch(pfnLimit: number): void;

  /** Where the next entries go: up to ENTRY_WINDOW_BYTES, 8-aligned. */
  entryWindow(): Uint8Array;

  /** Check the `entryCount` (>= 1) entries at the start of the entry window; changes no pfn. */
  checkEntries(entryCount: number): EntryStep;

  /**
   * Take over all entries checked since beginBatch(), in order: populate, record types (the last
   * entry for a pfn wins). Entries with a fault of code RESERVED are taken with the bits masked.
   * A batch with a fault of another code must be dropped, as must one with more data pages than a
   * record of 128 MiB holds: to commit it is a mistake of the caller's.
   * @throws {CapacityError} "max-banks"; nothing of the batch was taken then
   */
  commitEntries(): void;

  /** Forget the entries checked since beginBatch(). */
  dropEntries(): void;

  /** Data pages of the committed batch that are page tables (types 1..4, 9..12), as runs. */
  tableRanges(): PfnRun[];

  /** Pfn and type of a data page of the committed batch, by its ordinal in the batch. */
  dataPagePfn(dataPage: number): number;
  dataPageType(dataPage: number): number;

  /**
   * Where the next pages go: up to PAGE_WINDOW_BYTES, 8-aligned. Ask for it after commitEntries(),
   * which may move it. Between batches it serves digestWindow() and zeroPagesInWindow().
   */
  pageWindow(): Uint8Array;

  /**
   * Resident: make the `count` pages at the start of the page window the contents of data pages
   * first..first+count-1, in order; a zero page takes no frame, equal pages share one, the frame
   * that a pfn had before is freed when nobody else has it.
   * @throws {CapacityError} "max-memory"
   */
  placePages(first: number, count: number): void;

  /** Resident: where contents of the pfn's bank, which has populated pfns, can be read to. */
  fillSpace(pfn: number): FillSpace;

  /**
   * Resident, between batches: make the `count` pages of the fill space's window from page `at` of
   * it on the contents of the pfns from `first` on, all of one bank, as placePages() does.
   * @throws {CapacityError} "max-memory"
   */
  setPages(first: number, at: number, count: number): void;

  /**
   * Resident: compare the pages in the page window with the present contents of their pfns.
   * @returns the data pages (ordinals in the batch) that differ, ascending
   */
  comparePages(first: number, count: number): number[];

  /**
   * PV localisation with identity frames (LC-SIM-5), for those of the pages in the page window
   * that are page tables: each slot with bit 0 set names pfn = bits 51..12; beyond `maxPfn` it is
   * a fault, else, if the pfn has no page yet, it is populated with a zero page (no type).
   */
  scanTables(first: number, count: number, maxPfn: number): TableScan;

  /**
   * Record data page i (0 <= i < wholePages) as copy `firstOrdinal + i` of the stream: the last
   * copy of its pfn. Both models. Ends the batch.
   */
  indexPages(wholePages: number, firstOrdinal: number): void;

  /** Populate one pfn with a zero page if it has none. Returns true if it had none. */
  populate(pfn: number): boolean;

  isPopulated(pfn: number): boolean;

  /** Type recorded last for the pfn; 0 for one that never was in an entry that leaves its type. */
  pageType(pfn: number): number;

  /** Ordinal of the pfn's last copy in the stream, -1 if it never had one. */
  lastOrdinal(pfn: number): number;

  /**
   * How many pfns from `pfn` on, `limit` at most and at least one, have last copies that follow one
   * another in the stream; or none at all, if `pfn` never had one. A run ends with its bank.
   */
  lastOrdinalRun(pfn: number, limit: number): number;

  /** Populated pfns as maximal runs, ascending. Do not change the engine while iterating. */
  populatedRuns(): Iterable<PfnRun>;

  /**
   * Resident: copy the contents of `count` pages from pfn `first` on into `into` (zeros for a zero
   * page and for a pfn that is not populated).
   */
  copyPages(first: number, count: number, into: Uint8Array): void;

  /** Resident: XXH3-64 of each of `count` pages from pfn `first` on, one u64 each. */
  digestPages(first: number, count: number, into: BigUint64Array): void;

  /** XXH3-64 of each of the `count` pages at the start of the page window. */
  digestWindow(count: number, into: BigUint64Array): void;

  /** Bit i set in the answer's byte i/8: page i of the `count` in the page window is all zero. */
  zeroPagesInWindow(count: number): Uint8Array;

  /**
   * Take pfn and XXH3-64 of the page, each u64 little-endian, into `into` for `count` pages of the
   * page window, from page `at` of it on, which are the contents of the pfns from `first` on.
   *
   * @param into  made by this engine's createXxh3()
   * @returns how many of the pages are all zero
   */
  foldWindow(first: number, at: number, count: number, into: Xxh3): number;

  /** Resident: the same of the contents of `count` pfns from `first` on. */
  foldPages(first: number, count: number, into: Xxh3): void;

  /** The same of `count` zero pages, of pfns from `first` on. */
  foldZeroPages(first: number, count: number, into: Xxh3): void;

  /** A hash of its own, until reset(): the engine hands it out again then. */
  createXxh3(): Xxh3;

  stats(): EngineStats;
}
