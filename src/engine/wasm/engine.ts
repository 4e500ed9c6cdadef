/**
 * The page engine on WebAssembly: implements the port over banks of shared memory. This file keeps
 * the order of calls and answers questions by pfn; batches are batch.ts, their pages pages.ts, what
 * pfns hold contents.ts.
 */
import { PAGE_BYTES } from "../../format/index.js";
import {
  BANK_PFNS,
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
import type { Bank } from "./bank.js";
import { Banks } from "./banks.js";
import { Batch, lookedUpTypes } from "./batch.js";
import { copyPages, digestPages, foldPages, foldZeroPages } from "./contents.js";
import { PAIR_BYTES } from "./layout.js";
import { mustBeOurs } from "./module.js";
import { bankOfPfn, highHalf, lowHalf, must, PFN_END } from "./numbers.js";
import { Pages, setIn } from "./pages.js";
import type { EngineModule } from "./platform.js";
import { lastOrdinalRun, populatedRuns } from "./runs.js";
import { WasmXxh3 } from "./xxh3.js";

const PAGE_WINDOW_PAGES = PAGE_WINDOW_BYTES / PAGE_BYTES;

/**
 * Make a page engine of a compiled module (`compileEngine()`), which may be shared by engines.
 *
 * @throws {InternalError} code "layout-hash" if the module was built from another layout
 */
export function createWasmEngine(module: EngineModule): PageEngine {
  mustBeOurs(module);
  return new WasmEngine(module);
}

class WasmEngine implements PageEngine {
  readonly name = "wasm";
  readonly #module: EngineModule;
  readonly #banks: Banks;
  #options: EngineOptions | null = null;
  /** The batch whose entries are coming; the pages of the one that was committed. */
  #batch: Batch | null = null;
  #pages: Pages | null = null;
  #pagesPlaced = 0;
  /** Each has a memory, which costs more to make than a small image to digest. */
  readonly #hashes: WasmXxh3[] = [];
  #hashesTaken = 0;

  constructor(module: EngineModule) {
    this.#module = module;
    this.#banks = new Banks(module);
  }

  reset(options: EngineOptions): void {
    this.#batch?.drop();
    this.#batch = null;
    this.#pages = null;
    this.#pagesPlaced = 0;
    this.#hashesTaken = 0;
    this.#options = { ...options };
    this.#banks.reset(options);
  }

  beginBatch(pfnLimit: number): void {
    const { guest } = this.#mustBeReset();
    must(pfnLimit >= 0 && pfnLimit <= PFN_END, "the pfn limit is at most 2^52");
    this.#batch?.drop();
    this.#pages = null;
    this.#batch = new Batch(this.#banks, lookedUpTypes(guest), pfnLimit);
  }

  entryWindow(): Uint8Array {
    return this.#mustHaveBatch().window();
  }

  checkEntries(entryCount: number): EntryStep {
    return this.#mustHaveBatch().check(entryCount);
  }

  commitEntries(): void {
    const batch = this.#mustHaveBatch();
    this.#batch = null;
    this.#pages = new Pages(this.#banks, batch.commit());
  }

  dropEntries(): void {
    this.#mustHaveBatch().drop();
    this.#batch = null;
  }

  tableRanges(): PfnRun[] {
    return this.#mustHavePages().tableRanges();
  }

  dataPagePfn(dataPage: number): number {
    return this.#mustHavePages().pfn(dataPage);
  }

  dataPageType(dataPage: number): number {
    return this.#mustHavePages().type(dataPage);
  }

  pageWindow(): Uint8Array {
    this.#mustBeReset();
    return this.#banks.desk.pageWindow;
  }

  placePages(first: number, count: number): void {
    const { maxFrameBytes } = this.#mustBeResident();
    this.#mustHavePages().place(first, count, Math.floor(maxFrameBytes / PAGE_BYTES));
    this.#pagesPlaced += count;
  }

  fillSpace(pfn: number): FillSpace {
    this.#mustBeResident();
    const { pageWindow, framesTouched } = this.#mustHaveBank(pfn);
    return { window: pageWindow, framesTouched };
  }

  setPages(first: number, at: number, count: number): void {
    const { maxFrameBytes } = this.#mustBeResident();
    const run = { local: first % BANK_PFNS, at, count };
    must(run.local + count <= BANK_PFNS, "the pages are of one bank");
    setIn(this.#banks, this.#mustHaveBank(first), run, Math.floor(maxFrameBytes / PAGE_BYTES));
    this.#pagesPlaced += count;
  }

  comparePages(first: number, count: number): number[] {
    this.#mustBeResident();
    return this.#mustHavePages().compare(first, count);
  }

  scanTables(first: number, count: number, maxPfn: number): TableScan {
    return this.#mustHavePages().scanTables(first, count, maxPfn);
  }

  indexPages(wholePages: number, firstOrdinal: number): void {
    this.#mustHavePages().index(wholePages, firstOrdinal);
    this.#pages = null;
  }

  populate(pfn: number): boolean {
    this.#mustBeReset();
    must(pfn >= 0 && pfn < PFN_END, "a pfn has 52 bits");
    return this.#banks.take(bankOfPfn(pfn)).calls.populate(pfn % BANK_PFNS) === 1;
  }

  isPopulated(pfn: number): boolean {
    return this.#banks.get(bankOfPfn(pfn))?.isPopulated(pfn % BANK_PFNS) ?? false;
  }

  pageType(pfn: number): number {
    return this.#banks.get(bankOfPfn(pfn))?.pageType(pfn % BANK_PFNS) ?? 0;
  }

  lastOrdinal(pfn: number): number {
    return (this.#banks.get(bankOfPfn(pfn))?.ordinals[pfn % BANK_PFNS] ?? 0) - 1;
  }

  lastOrdinalRun(pfn: number, limit: number): number {
    return lastOrdinalRun(this.#banks, pfn, limit);
  }

  populatedRuns(): Iterable<PfnRun> {
    return populatedRuns(this.#banks);
  }

  copyPages(first: number, count: number, into: Uint8Array): void {
    this.#mustBeResident();
    copyPages(this.#banks, first, count, into);
  }

  digestPages(first: number, count: number, into: BigUint64Array): void {
    this.#mustBeResident();
    digestPages(this.#banks, first, count, into);
  }

  digestWindow(count: number, into: BigUint64Array): void {
    must(count <= PAGE_WINDOW_PAGES && count <= into.length, "the digests fit into the target");
    const { desk } = this.#banks;
    desk.calls.digestWindow(count);
    into.set(desk.outboxDigests.subarray(0, count));
  }

  zeroPagesInWindow(count: number): Uint8Array {
    must(count <= PAGE_WINDOW_PAGES, "the pages fit the page window");
    const { desk } = this.#banks;
    desk.calls.zeroPages(count);
    return desk.outbox.slice(0, Math.ceil(count / 8));
  }

  foldWindow(first: number, at: number, count: number, into: Xxh3): number {
    must(at + count <= PAGE_WINDOW_PAGES, "the pages fit the page window");
    const { desk } = this.#banks;
    const zeroPages = desk.calls.pairWindow(at, count, lowHalf(first), highHalf(first));
    into.update(desk.outbox.subarray(0, count * PAIR_BYTES));
    return zeroPages;
  }

  foldPages(first: number, count: number, into: Xxh3): void {
    this.#mustBeResident();
    foldPages(this.#banks, first, count, into);
  }

  foldZeroPages(first: number, count: number, into: Xxh3): void {
    foldZeroPages(this.#banks, first, count, into);
  }

  createXxh3(): Xxh3 {
    const made = this.#hashes[this.#hashesTaken];
    const hash = made ?? new WasmXxh3(this.#module);
    if (made === undefined) this.#hashes.push(hash);
    this.#hashesTaken += 1;
    hash.reset();
    return hash;
  }

  stats(): EngineStats {
    let populatedPages = 0;
    let mappedPages = 0;
    let frames = 0;
    let maxPfn = -1;
    for (const bank of this.#banks.values()) {
      populatedPages += bank.header("populatedPages");
      mappedPages += bank.header("mappedPages");
      frames += bank.framesInUse;
      const top = bank.header("pfnTop");
      if (top > 0) maxPfn = Math.max(maxPfn, bank.base + top - 1);
    }
    const resident = this.#options?.model === "resident";
    return {
      populatedPages,
      maxPfn,
      zeroPages: resident ? populatedPages - mappedPages : 0,
      distinctPages: frames,
      residentBytes: frames * PAGE_BYTES,
      pagesPlaced: this.#pagesPlaced,
      bytesPlaced: this.#pagesPlaced * PAGE_BYTES,
      banks: this.#banks.size - (this.#batch?.freshBanks ?? 0),
    };
  }

  #mustBeReset(): EngineOptions {
    must(this.#options !== null, "reset() comes before the first batch");
    return this.#options;
  }

  #mustBeResident(): EngineOptions {
    const options = this.#mustBeReset();
    must(options.model === "resident", "the engine was reset as resident");
    return options;
  }

  #mustHaveBank(pfn: number): Bank {
    const bank = this.#banks.get(bankOfPfn(pfn));
    must(bank !== undefined, "the pfn has a bank");
    return bank;
  }

  #mustHaveBatch(): Batch {
    must(this.#batch !== null, "beginBatch() comes before entries");
    return this.#batch;
  }

  #mustHavePages(): Pages {
    must(this.#pages !== null, "commitEntries() comes before pages");
    return this.#pages;
  }
}
