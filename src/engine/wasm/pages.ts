/**
 * The pages of a committed batch: placed, compared, scanned, indexed. Pages stand in the window of
 * the desk, the bank of the first data page; those that belong to other banks are handed over to
 * them (rare). Not the entries (batch.ts), nor pages by pfn (engine.ts).
 */
import { CapacityError } from "../../findings/index.js";
import {
  ENTRY_HIGH_TYPE_SHIFT,
  PAGE_BYTES,
  PAGE_TYPES_TABLE,
  TWO_POW_32,
} from "../../format/index.js";
import { BANK_PFNS, PAGE_WINDOW_BYTES, type PfnRun, type TableScan } from "../port.js";
import type { Bank } from "./bank.js";
import type { Banks } from "./banks.js";
import type { CommittedBatch } from "./batch.js";
import { bankOfPfn, highHalf, lowHalf, must, pfnOfEntry } from "./numbers.js";
import { groupDataPages, handOver } from "./spread.js";

const PAGE_WINDOW_PAGES = PAGE_WINDOW_BYTES / PAGE_BYTES;

export class Pages {
  readonly #banks: Banks;
  readonly #desk: Bank;
  readonly #batch: CommittedBatch;

  constructor(banks: Banks, batch: CommittedBatch) {
    this.#banks = banks;
    this.#desk = banks.desk;
    this.#batch = batch;
  }

  get dataPages(): number {
    return this.#batch.dataPages;
  }

  pfn(dataPage: number): number {
    must(dataPage >= 0 && dataPage < this.dataPages, "the data page is one of the batch");
    const { listHalves } = this.#desk;
    return pfnOfEntry(listHalves[2 * dataPage]!, listHalves[2 * dataPage + 1]!);
  }

  type(dataPage: number): number {
    must(dataPage >= 0 && dataPage < this.dataPages, "the data page is one of the batch");
    return this.#desk.listHalves[2 * dataPage + 1]! >>> ENTRY_HIGH_TYPE_SHIFT;
  }

  tableRanges(): PfnRun[] {
    const runs: PfnRun[] = [];
    if (this.#batch.tablePages === 0) return runs;
    let first = -1;
    for (let page = 0; page <= this.dataPages; page++) {
      const isTable = page < this.dataPages && ((PAGE_TYPES_TABLE >> this.type(page)) & 1) === 1;
      if (isTable && first < 0) first = page;
      if (!isTable && first >= 0) {
        runs.push({ first, count: page - first });
        first = -1;
      }
    }
    return runs;
  }

  /**
   * @param framesMax  frames that all banks together may hold
   * @throws {CapacityError} "max-memory"; the pages dealt with by then have been placed
   */
  place(first: number, count: number, framesMax: number): void {
    this.#mustBeOnDesk(first, count);
    let framesElsewhere = framesBeside(this.#banks, this.#desk);
    placeIn(this.#desk, first, count, framesMax - framesElsewhere, framesMax);
    if (!this.#batch.spread) return;
    for (const [bank, indexes] of this.#elsewhere(first, count)) {
      const framesBefore = bank.framesInUse;
      const framesLeft = framesMax - framesElsewhere - this.#desk.framesInUse + framesBefore;
      handOver(this.#desk, bank, first, indexes);
      placeIn(bank, 0, indexes.length, framesLeft, framesMax);
      framesElsewhere += bank.framesInUse - framesBefore;
    }
  }

  compare(first: number, count: number): number[] {
    this.#mustBeOnDesk(first, count);
    const differing = comparedIn(this.#desk, first, count);
    if (!this.#batch.spread) return differing;
    for (const [bank, indexes] of this.#elsewhere(first, count)) {
      handOver(this.#desk, bank, first, indexes);
      for (const i of comparedIn(bank, 0, indexes.length)) differing.push(first + indexes[i]!);
    }
    return differing.sort((a, b) => a - b);
  }

  /** @throws {CapacityError} "max-banks" */
  scanTables(first: number, count: number, maxPfn: number): TableScan {
    this.#mustBeOnDesk(first, count);
    const desk = this.#desk;
    const faultCount = desk.calls.scanTables(first, count, lowHalf(maxPfn), highHalf(maxPfn));
    const faults = desk.rawFaults(faultCount).map(({ index, detail, low, high }) => ({
      dataPage: index,
      slot: detail,
      pfn: high * TWO_POW_32 + low,
    }));
    return { faults, faultCount, populated: desk.result("populated") + this.#populateElsewhere() };
  }

  index(wholePages: number, firstOrdinal: number): void {
    must(wholePages >= 0 && wholePages <= this.dataPages, "only data pages of the batch are whole");
    if (wholePages === 0) return;
    const desk = this.#desk;
    desk.calls.indexPages(wholePages, firstOrdinal);
    if (!this.#batch.spread) return;
    for (let page = 0; page < wholePages; page++) {
      const pfn = this.pfn(page);
      const bank = this.#bankOf(pfn);
      if (bank !== desk) bank.ordinals[pfn % BANK_PFNS] = firstOrdinal + page + 1;
    }
  }

  /** Populate the pfns of other banks that a scan left in the entry window. */
  #populateElsewhere(): number {
    const { entryHalves } = this.#desk;
    const named = this.#desk.result("elsewhere");
    let populated = 0;
    for (let i = 0; i < named; i++) {
      const pfn = pfnOfEntry(entryHalves[2 * i]!, entryHalves[2 * i + 1]!);
      const bank = this.#banks.take(bankOfPfn(pfn));
      const local = pfn % BANK_PFNS;
      if (!bank.isPopulated(local)) populated += bank.calls.populate(local);
    }
    return populated;
  }

  *#elsewhere(first: number, count: number): Generator<readonly [Bank, number[]]> {
    for (const [number, indexes] of groupDataPages(this.#desk.listHalves, first, count)) {
      if (number === this.#desk.number) continue;
      yield [this.#bankOf(number * BANK_PFNS), indexes];
    }
  }

  #bankOf(pfn: number): Bank {
    const bank = this.#banks.get(bankOfPfn(pfn));
    must(bank !== undefined, "a committed data page has a bank");
    return bank;
  }

  #mustBeOnDesk(first: number, count: number): void {
    must(first >= 0 && count >= 0 && first + count <= this.dataPages, "the pages are of the batch");
    must(count <= PAGE_WINDOW_PAGES, "the pages fit the page window");
  }
}

/**
 * Set pages of a bank's window by pfn: `local` is that of the first of them.
 *
 * @param framesMax  frames that all banks together may hold
 * @throws {CapacityError} "max-memory"; the pages dealt with by then have been set
 */
export function setIn(
  banks: Banks,
  bank: Bank,
  run: { readonly local: number; readonly at: number; readonly count: number },
  framesMax: number,
): void {
  const { local, at, count } = run;
  const frameLimit = limitOf(framesMax - framesBeside(banks, bank));
  if (bank.calls.setPages(local, at, count, frameLimit) < count) throw tooManyFrames(framesMax);
}

function placeIn(
  bank: Bank,
  first: number,
  count: number,
  framesLeft: number,
  framesMax: number,
): void {
  if (bank.calls.placePages(first, count, limitOf(framesLeft)) < count) {
    throw tooManyFrames(framesMax);
  }
}

function limitOf(framesLeft: number): number {
  return Math.max(0, Math.min(framesLeft, BANK_PFNS));
}

function framesBeside(banks: Banks, bank: Bank): number {
  let frames = 0;
  for (const other of banks.values()) if (other !== bank) frames += other.framesInUse;
  return frames;
}

function tooManyFrames(framesMax: number): CapacityError {
  return new CapacityError(
    `the guest holds more than ${framesMax * PAGE_BYTES} bytes of distinct pages`,
    { limit: "max-memory", asked: (framesMax + 1) * PAGE_BYTES, option: "--max-memory" },
  );
}

function comparedIn(bank: Bank, first: number, count: number): number[] {
  const differing = bank.calls.comparePages(first, count);
  return Array.from(bank.outboxWords.subarray(0, differing));
}
