/**
 * The page engine in plain TypeScript, behind the port: it keeps the order of calls and hands the
 * work to batch, banks, resident pages and table scans. Written from the specification and the
 * port alone, so that it can judge the WASM engine, and as fast as TypeScript goes, so that
 * comparing speeds is honest.
 */
import { InternalError } from "../../findings/index.js";
import { ENTRY_BYTES, PAGE_BYTES, PAGE_TYPES_TABLE } from "../../format/index.js";
import {
  BANK_PFNS,
  ENTRY_WINDOW_BYTES,
  type EngineOptions,
  type EngineStats,
  type EntryStep,
  type FillSpace,
  PAGE_WINDOW_BYTES,
  type PageEngine,
  type PfnRun,
  type TableScan,
  type Xxh3,
} from "../port.js";
import { Banks, FLAG_POPULATED, FLAG_TYPE_MASK } from "./banks.js";
import { EntryBatch } from "./batch.js";
import type { PageComparer } from "./compare.js";
import { ResidentPages } from "./resident.js";
import { ScanResult } from "./tables.js";
import { ReferenceXxh3 } from "./xxh3.js";

const PAGE_WORDS = PAGE_BYTES / 4;
const WINDOW_ENTRIES = ENTRY_WINDOW_BYTES / ENTRY_BYTES;
const WINDOW_PAGES = PAGE_WINDOW_BYTES / PAGE_BYTES;

/**
 * Where a batch stands: none was begun or it was dropped, its entries are being checked, they were
 * taken over, its pages were indexed.
 */
type Phase = "none" | "checking" | "committed" | "indexed";

/** The reference engine. Breaking the port's order of calls is an InternalError. */
export class ReferenceEngine implements PageEngine {
  readonly name = "reference";
  readonly #banks = new Banks();
  readonly #batch = new EntryBatch();
  readonly #staging = this.#batch.staging;
  readonly #pages: ResidentPages;
  #options: EngineOptions | undefined;
  #phase: Phase = "none";
  #pagesPlaced = 0;

  constructor(compare: PageComparer) {
    this.#pages = new ResidentPages(compare);
  }

  reset(options: EngineOptions): void {
    const resident = options.model === "resident";
    this.#options = options;
    this.#phase = "none";
    this.#pagesPlaced = 0;
    this.#banks.reset(options.maxBanks, resident);
    this.#pages.reset(resident ? options.maxFrameBytes : 0);
  }

  beginBatch(pfnLimit: number): void {
    if (this.#options === undefined) throw new InternalError("reset() comes before a batch");
    this.#batch.begin(this.#options.guest, this.#options.maxBanks, pfnLimit);
    this.#phase = "checking";
  }

  entryWindow(): Uint8Array {
    return this.#batch.window;
  }

  checkEntries(entryCount: number): EntryStep {
    this.#expect(this.#phase === "checking", "entries are checked in a begun batch");
    this.#expect(
      entryCount >= 1 && entryCount <= WINDOW_ENTRIES,
      "entries fill at most the entry window",
    );
    return this.#batch.check(entryCount);
  }

  commitEntries(): void {
    this.#expect(this.#phase === "checking", "entries are committed once, after beginBatch()");
    this.#batch.take(this.#banks);
    this.#phase = "committed";
  }

  dropEntries(): void {
    this.#expect(this.#phase === "checking", "entries are dropped once, before a commit");
    this.#phase = "none";
  }

  tableRanges(): PfnRun[] {
    const ranges: PfnRun[] = [];
    const end = this.#committedPages();
    for (let page = 0; page < end; page++) {
      if (!this.#isTable(page)) continue;
      const first = page;
      while (page + 1 < end && this.#isTable(page + 1)) page++;
      ranges.push({ first, count: page + 1 - first });
    }
    return ranges;
  }

  dataPagePfn(dataPage: number): number {
    this.#expectDataPages(dataPage, 1);
    return this.#staging.bankOf(dataPage).firstPfn + this.#staging.slotOf(dataPage);
  }

  dataPageType(dataPage: number): number {
    this.#expectDataPages(dataPage, 1);
    return this.#staging.typeOf(dataPage);
  }

  pageWindow(): Uint8Array {
    return this.#pages.window;
  }

  placePages(first: number, count: number): void {
    this.#expectWindowStep(first, count);
    this.#expectResident();
    for (let i = 0; i < count; i++) {
      this.#pages.place(this.#staging.bankOf(first + i), this.#staging.slotOf(first + i), i);
      this.#pagesPlaced++;
    }
  }

  fillSpace(): FillSpace {
    this.#expectResident();
    return { window: this.#pages.window, framesTouched: 0 };
  }

  setPages(first: number, at: number, count: number): void {
    this.#expectResident();
    this.#expect(at + count <= WINDOW_PAGES, "the pages lie in the window");
    const bank = this.#banks.holding(first);
    if (bank === undefined) throw new InternalError("the pfn has a bank");
    const slot = first - bank.firstPfn;
    this.#expect(slot + count <= BANK_PFNS, "the pages are of one bank");
    for (let i = 0; i < count; i++) this.#pages.place(bank, slot + i, at + i);
    this.#pagesPlaced += count;
  }

  comparePages(first: number, count: number): number[] {
    this.#expectWindowStep(first, count);
    this.#expectResident();
    const different: number[] = [];
    for (let page = first; page < first + count; page++) {
      const bank = this.#staging.bankOf(page);
      if (!this.#pages.equals(bank, this.#staging.slotOf(page), page - first)) different.push(page);
    }
    return different;
  }

  scanTables(first: number, count: number, maxPfn: number): TableScan {
    this.#expectWindowStep(first, count);
    const scan = new ScanResult();
    for (let i = 0; i < count; i++) {
      if (!this.#isTable(first + i)) continue;
      scan.add(this.#pages.windowWords, i * PAGE_WORDS, first + i, maxPfn, this.#banks);
    }
    return scan;
  }

  indexPages(wholePages: number, firstOrdinal: number): void {
    this.#expectOpenDataPages(0, wholePages);
    this.#staging.index(wholePages, firstOrdinal);
    this.#phase = "indexed";
  }

  populate(pfn: number): boolean {
    return this.#banks.populate(pfn);
  }

  isPopulated(pfn: number): boolean {
    return (this.#banks.flagsOf(pfn) & FLAG_POPULATED) !== 0;
  }

  pageType(pfn: number): number {
    return this.#banks.flagsOf(pfn) & FLAG_TYPE_MASK;
  }

  lastOrdinal(pfn: number): number {
    const bank = this.#banks.holding(pfn);
    return bank === undefined ? -1 : bank.ordinals[pfn - bank.firstPfn]! - 1;
  }

  lastOrdinalRun(pfn: number, limit: number): number {
    const first = this.lastOrdinal(pfn);
    const most = Math.min(limit, BANK_PFNS - (pfn % BANK_PFNS));
    let run = 1;
    while (run < most && this.lastOrdinal(pfn + run) === (first < 0 ? -1 : first + run)) run++;
    return run;
  }

  populatedRuns(): Iterable<PfnRun> {
    return this.#banks.populatedRuns();
  }

  copyPages(first: number, count: number, into: Uint8Array): void {
    this.#expectResident();
    this.#expect(into.length >= count * PAGE_BYTES, "the copied pages fit into the array");
    this.#pages.copy(this.#banks, first, count, into);
  }

  digestPages(first: number, count: number, into: BigUint64Array): void {
    this.#expectResident();
    this.#expect(into.length >= count, "the digests fit into the array");
    this.#pages.digest(this.#banks, first, count, into);
  }

  digestWindow(count: number, into: BigUint64Array): void {
    this.#expect(count <= WINDOW_PAGES && into.length >= count, "the window's digests fit");
    this.#pages.digestWindow(count, into);
  }

  zeroPagesInWindow(count: number): Uint8Array {
    this.#expect(count <= WINDOW_PAGES, "pages fill at most the page window");
    return this.#pages.zeroBits(count);
  }

  foldWindow(first: number, at: number, count: number, into: Xxh3): number {
    this.#expect(at + count <= WINDOW_PAGES, "the folded pages lie in the window");
    return this.#pages.foldWindow(first, at, count, into);
  }

  foldPages(first: number, count: number, into: Xxh3): void {
    this.#expectResident();
    this.#pages.foldPages(this.#banks, first, count, into);
  }

  foldZeroPages(first: number, count: number, into: Xxh3): void {
    this.#pages.foldZeroPages(first, count, into);
  }

  createXxh3(): Xxh3 {
    return new ReferenceXxh3();
  }

  stats(): EngineStats {
    const populatedPages = this.#banks.populatedPages;
    const resident = this.#options?.model === "resident";
    return {
      populatedPages,
      maxPfn: this.#banks.maxPfn(),
      zeroPages: resident ? populatedPages - this.#pages.framedPages : 0,
      distinctPages: this.#pages.frames,
      residentBytes: this.#pages.frames * PAGE_BYTES,
      pagesPlaced: this.#pagesPlaced,
      bytesPlaced: this.#pagesPlaced * PAGE_BYTES,
      banks: this.#banks.count,
    };
  }

  #isTable(dataPage: number): boolean {
    return ((PAGE_TYPES_TABLE >> this.#staging.typeOf(dataPage)) & 1) !== 0;
  }

  /** Data pages of the committed batch; what they are can be asked until the next batch begins. */
  #committedPages(): number {
    this.#expect(
      this.#phase === "committed" || this.#phase === "indexed",
      "data pages are known once their entries are committed",
    );
    return this.#batch.dataPages;
  }

  #expectDataPages(first: number, count: number): void {
    this.#expect(
      first >= 0 && count >= 0 && first + count <= this.#committedPages(),
      "data pages are named by their ordinal in the batch",
    );
  }

  #expectOpenDataPages(first: number, count: number): void {
    this.#expect(this.#phase === "committed", "a batch takes pages until they are indexed");
    this.#expectDataPages(first, count);
  }

  #expectWindowStep(first: number, count: number): void {
    this.#expectOpenDataPages(first, count);
    this.#expect(count <= WINDOW_PAGES, "pages fill at most the page window");
  }

  #expectResident(): void {
    this.#expect(this.#options?.model === "resident", "an indexed guest holds no page contents");
  }

  #expect(holds: boolean, invariant: string): void {
    if (!holds) throw new InternalError(invariant);
  }
}
