/**
 * One PAGE_DATA record on its way into a guest: the sink that readers feed. It gives the faults of
 * the entries and decides which pages must be read. Source: LC-PG-4..11, LC-SIM-1..5, LC-VER-2.
 */
import {
  ENTRY_FAULT_PFN,
  ENTRY_FAULT_RESERVED,
  ENTRY_FAULT_TYPE,
  ENTRY_WINDOW_BYTES,
  type EntryFault,
  type EntryFaultCode,
  type EntryStep,
} from "../engine/port.js";
import { counted, hex } from "../findings/index.js";
import {
  ENTRY_BYTES,
  ENTRY_HIGH_PFN_MASK,
  ENTRY_HIGH_TYPE_SHIFT,
  PAGE_BYTES,
  PAGE_DATA_HEAD_BYTES,
  PAGE_TYPE_NAMES,
  TWO_POW_32,
} from "../format/index.js";
import {
  type BatchEvent,
  type BatchLayout,
  type BatchPlan,
  type BatchSink,
  bodyOffset,
  type Job,
  type RecordHead,
} from "../stream/index.js";
import { differingPages } from "./differing-pages.js";
import { breachOf, unlistedFaults, unlistedMessage } from "./entry-faults.js";
import type { Guest } from "./guest.js";
import { oddSlots } from "./table-slots.js";

/** First number that is no pfn: no bound at all. */
const PFN_END = 2 ** 52;
/** Bits of a page type that are the level of a page table. */
const PAGE_TYPE_LEVEL_MASK = 7;
const STOPPING = [ENTRY_FAULT_TYPE, ENTRY_FAULT_PFN] as const;

/** See BatchSink for the order of calls. */
export class Batch implements BatchSink {
  readonly #guest: Guest;
  readonly #head: RecordHead;
  readonly #checkOnly: boolean;
  readonly #layout: BatchLayout | undefined;
  /** Between head() and the plan: the engine has a batch that may still be dropped. */
  #open = false;
  #entryCount = 0;
  #step: EntryStep | null = null;
  /** Entries of the steps before this one. */
  #entriesSeen = 0;
  #refused = false;
  #invalidTypes = false;
  #committed = false;

  /** @param use `check`: only judge the entries by themselves, as the record is refused already */
  constructor(guest: Guest, event: BatchEvent, use: "apply" | "check") {
    this.#guest = guest;
    this.#head = event.head;
    this.#layout = event.layout;
    this.#checkOnly = use === "check";
  }

  head(entryCount: number): boolean {
    this.#entryCount = entryCount;
    this.#open = true;
    this.#guest.engine.beginBatch(this.#pfnLimit);
    return true;
  }

  entryWindow(): Uint8Array {
    return this.#guest.engine.entryWindow().subarray(0, ENTRY_WINDOW_BYTES);
  }

  entries(entryCount: number): void {
    const step = this.#guest.engine.checkEntries(entryCount);
    this.#step = step;
    for (const code of STOPPING) {
      if ((step.faultCounts[code] ?? 0) > 0) this.#refused = true;
    }
    if ((step.faultCounts[ENTRY_FAULT_TYPE] ?? 0) > 0) this.#invalidTypes = true;
    for (const fault of step.faults) this.#reportEntry(fault);
    const all = step.faultCounts.reduce((sum, count) => sum + count, 0);
    if (all > step.faults.length) this.#reportUnlisted(step, entryCount);
    this.#entriesSeen += entryCount;
  }

  plan(): BatchPlan | null {
    const step = this.#step;
    if (step === null) return null;
    this.#judgeLength(step);
    if (this.#refused || this.#checkOnly) return null;
    const { engine, counts } = this.#guest;
    // A commit that meets a limit has ended the batch: there is nothing left to drop.
    this.#open = false;
    engine.commitEntries();
    this.#committed = true;
    counts.entries += this.#entryCount;
    counts.dataPages += step.dataPages;
    for (let type = 0; type < 16; type += 1) {
      counts.entriesByType[type] = (counts.entriesByType[type] ?? 0) + (step.typeCounts[type] ?? 0);
    }
    const { dataPages, typeCounts } = step;
    this.#guest.options.onBatch?.({
      head: this.#head,
      entryCount: this.#entryCount,
      dataPages,
      typeCounts,
    });
    return { dataPages: step.dataPages, ranges: this.#wantedRanges(step.dataPages) };
  }

  pageWindow(): Uint8Array {
    return this.#guest.engine.pageWindow();
  }

  *pages(first: number, count: number): Job<void> {
    const { engine, kind, verifying, model } = this.#guest;
    if (kind === "pv") this.#scan(first, count);
    if (verifying) yield* this.#compare(first, count);
    else if (model === "resident") engine.placePages(first, count);
  }

  end(wholePages: number): void {
    const { engine, pages, verifying } = this.#guest;
    if (!this.#committed) {
      if (this.#open) engine.dropEntries();
      this.#guest.refusedBatches += 1;
      return;
    }
    this.#committed = false;
    const indexed = verifying ? 0 : wholePages;
    engine.indexPages(indexed, pages.nextOrdinal);
    pages.add(this.#pageOffset(0), indexed);
  }

  #wantedRanges(dataPages: number) {
    const { engine, kind, model, verifying, options } = this.#guest;
    if (model === "resident" || verifying || options.readData) {
      return dataPages === 0 ? [] : [{ first: 0, count: dataPages }];
    }
    return kind === "pv" ? engine.tableRanges() : [];
  }

  /** LC-PG-4. With an invalid type among the entries nobody can say how many pages belong. */
  #judgeLength(step: EntryStep): void {
    const bytes = this.#entriesEnd + step.dataPages * PAGE_BYTES;
    if (this.#head.bodyBytes === bytes || this.#invalidTypes) return;
    this.#refused = true;
    this.#report({
      rule: "LC-PG-4",
      byteOffset: this.#head.byteOffset,
      expected: `${bytes} bytes for ${counted(step.dataPages, "page")} of data`,
      actual: `${this.#head.bodyBytes} bytes`,
    });
  }

  #reportEntry({ code, entryIndex, high, low }: EntryFault): void {
    const type = high >>> ENTRY_HIGH_TYPE_SHIFT;
    const pfn = (high & ENTRY_HIGH_PFN_MASK) * TWO_POW_32 + low;
    const actual = {
      [ENTRY_FAULT_TYPE]: `type 0x${type.toString(16)}`,
      [ENTRY_FAULT_RESERVED]: hex64(high, low),
      [ENTRY_FAULT_PFN]: hex(pfn),
    };
    this.#report({ ...this.#entryFault(code, entryIndex), actual: actual[code] });
  }

  #entryFault(code: EntryFaultCode, entryIndex: number) {
    const breach = breachOf(code, this.#guest.kind, this.#guest.pfnLimit);
    return { byteOffset: this.#entryOffset(entryIndex), entryIndex, ...breach };
  }

  /** The engine lists a bounded number of faults a step; the rest become one finding a code. */
  #reportUnlisted(step: EntryStep, entryCount: number): void {
    const { engine, kind } = this.#guest;
    const groups = unlistedFaults({
      step,
      window: engine.entryWindow(),
      firstEntry: this.#entriesSeen,
      entryCount,
      guest: kind,
      pfnLimit: this.#pfnLimit,
    });
    for (const group of groups) {
      const message = unlistedMessage(group);
      this.#report({ ...this.#entryFault(group.code, group.firstEntry), message });
    }
  }

  /** No bound where the record is refused already. */
  get #pfnLimit(): number {
    return this.#checkOnly ? PFN_END : this.#guest.pfnLimit;
  }

  #scan(first: number, count: number): void {
    const { engine, maxPfn } = this.#guest;
    const scan = engine.scanTables(first, count, maxPfn);
    for (const fault of scan.faults) {
      const pfn = engine.dataPagePfn(fault.dataPage);
      this.#report({
        rule: "LC-SIM-5",
        byteOffset: this.#pageOffset(fault.dataPage) + fault.slot * 8,
        message: `Slot ${fault.slot} of the page table at pfn 0x${pfn.toString(16)} names a pfn outside the guest.`,
        expected: `pfn at most 0x${maxPfn.toString(16)}`,
        actual: `0x${fault.pfn.toString(16)}`,
      });
    }
    for (let i = first; i < first + count; i += 1) this.#judgeSlots(i, i - first);
  }

  /** LC-SIM-7 of one page of the window. */
  #judgeSlots(dataPage: number, ordinal: number): void {
    const { engine, pvWidth } = this.#guest;
    const level = engine.dataPageType(dataPage) & PAGE_TYPE_LEVEL_MASK;
    if (level < 2) return;
    const table = engine.pageWindow().subarray(ordinal * PAGE_BYTES, (ordinal + 1) * PAGE_BYTES);
    for (const { slot, count, kind } of oddSlots(table, level, pvWidth)) {
      const pfn = engine.dataPagePfn(dataPage);
      this.#report({
        rule: "LC-SIM-7",
        byteOffset: this.#pageOffset(dataPage) + slot * 8,
        message: `Present slots of the level ${level} table at pfn 0x${pfn.toString(16)} are ${kind}: ${count}, the first is slot ${slot}.`,
      });
    }
  }

  *#compare(first: number, count: number): Job<void> {
    const guest = this.#guest;
    for (const dataPage of yield* differingPages(guest, first, count)) {
      const pfn = guest.engine.dataPagePfn(dataPage);
      const type = PAGE_TYPE_NAMES[guest.engine.dataPageType(dataPage)] ?? "?";
      this.#report({
        rule: "LC-VER-3",
        byteOffset: this.#pageOffset(dataPage),
        message: `Page 0x${pfn.toString(16)} (${type}) differs from what was sent before VERIFY.`,
      });
    }
  }

  /** Bytes of the body up to its first page. */
  get #entriesEnd(): number {
    return PAGE_DATA_HEAD_BYTES + this.#entryCount * ENTRY_BYTES;
  }

  #entryOffset(entryIndex: number): number {
    if (this.#layout !== undefined) return this.#layout.entryByteOffset(entryIndex);
    return bodyOffset(this.#head) + PAGE_DATA_HEAD_BYTES + entryIndex * ENTRY_BYTES;
  }

  #pageOffset(dataPage: number): number {
    const first = this.#layout?.pagesByteOffset ?? bodyOffset(this.#head) + this.#entriesEnd;
    return first + dataPage * PAGE_BYTES;
  }

  #report(fault: {
    rule: string;
    ruleCase?: string;
    byteOffset: number;
    entryIndex?: number;
    message?: string;
    expected?: string;
    actual?: string;
  }): void {
    const { layer, recordIndex, name } = this.#head;
    this.#guest.options.report({ layer, recordIndex, recordType: name, ...fault });
  }
}

function hex64(high: number, low: number): string {
  const digits = (half: number) => (half >>> 0).toString(16).padStart(8, "0");
  return `0x${digits(high)}${digits(low)}`;
}
