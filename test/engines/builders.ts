/**
 * Builders for the engine suites: entries, pages, page tables, and whole batches fed to an engine
 * in window steps. Written against the port only.
 */
import {
  ENTRY_WINDOW_BYTES,
  type EngineOptions,
  type EntryFault,
  PAGE_WINDOW_BYTES,
  type PageEngine,
} from "../../src/engine/port.js";
import { HVM_PFN_LIMIT, PAGE_BYTES, TWO_POW_32 } from "../../src/format/index.js";

export const MIB = 1024 * 1024;
export const BANK = 2 ** 19;
export const WINDOW_ENTRIES = ENTRY_WINDOW_BYTES / 8;
export const WINDOW_PAGES = PAGE_WINDOW_BYTES / PAGE_BYTES;

/** An entry before it is written: type 0 unless said otherwise. */
export interface Entry {
  readonly pfn: number;
  readonly type?: number;
  /** Value of bits 59..52. */
  readonly reserved?: number;
}

export const HVM_RESIDENT: EngineOptions = {
  guest: "hvm",
  model: "resident",
  maxFrameBytes: 64 * MIB,
  maxBanks: 1024,
};
export const PV_RESIDENT: EngineOptions = { ...HVM_RESIDENT, guest: "pv" };
export const HVM_INDEXED: EngineOptions = { ...HVM_RESIDENT, model: "indexed" };
export const PV_INDEXED: EngineOptions = { ...PV_RESIDENT, model: "indexed" };

/** Entries of type NOTAB for `count` consecutive pfns. */
export function plain(first: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, i) => ({ pfn: first + i }));
}

/** A page whose contents tell one seed from every other; seed 0 is the zero page. */
export function pageOf(seed: number): Uint8Array {
  const page = new Uint8Array(PAGE_BYTES);
  const words = new Uint32Array(page.buffer);
  let state = seed;
  for (let i = 0; i < words.length && seed !== 0; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[i] = state ^ seed;
  }
  return page;
}

/** A zero page but for one byte. */
export function pageWithByte(at: number, value: number): Uint8Array {
  const page = new Uint8Array(PAGE_BYTES);
  page[at] = value;
  return page;
}

/** A page table with the given slots, [slot, raw value]; all others are zero. */
export function tableOf(slots: readonly (readonly [number, bigint])[]): Uint8Array {
  const page = new Uint8Array(PAGE_BYTES);
  const words = new BigUint64Array(page.buffer);
  for (const [slot, value] of slots) words[slot] = value;
  return page;
}

/** A present slot that names a pfn. */
export function present(pfn: number): bigint {
  return (BigInt(pfn) << 12n) | 1n;
}

/** Write one entry into a window as two u32 halves. */
export function writeEntry(window: Uint8Array, index: number, entry: Entry): void {
  const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
  const high =
    (entry.type ?? 0) * 2 ** 28 +
    (entry.reserved ?? 0) * 2 ** 20 +
    Math.floor(entry.pfn / TWO_POW_32);
  view.setUint32(index * 8, entry.pfn % TWO_POW_32, true);
  view.setUint32(index * 8 + 4, high, true);
}

/** What all steps of one batch saw together. */
export interface Checked {
  readonly faults: EntryFault[];
  readonly faultCounts: number[];
  readonly typeCounts: number[];
  readonly dataPages: number;
}

/**
 * Begin a batch and check all its entries.
 *
 * @param stepEntries  entries of one window step
 */
export function checkAll(
  engine: PageEngine,
  entries: readonly Entry[],
  pfnLimit: number = HVM_PFN_LIMIT,
  stepEntries: number = WINDOW_ENTRIES,
): Checked {
  engine.beginBatch(pfnLimit);
  const faults: EntryFault[] = [];
  const faultCounts = [0, 0, 0, 0];
  let typeCounts: number[] = [];
  let dataPages = 0;
  for (let first = 0; first < entries.length; first += stepEntries) {
    const step = entries.slice(first, first + stepEntries);
    const window = engine.entryWindow();
    step.forEach((entry, i) => {
      writeEntry(window, i, entry);
    });
    const seen = engine.checkEntries(step.length);
    faults.push(...seen.faults);
    seen.faultCounts.forEach((count, code) => {
      faultCounts[code]! += count;
    });
    typeCounts = [...seen.typeCounts];
    dataPages = seen.dataPages;
  }
  return { faults, faultCounts, typeCounts, dataPages };
}

/** Write pages to the page window; returns how many. */
export function fillPages(engine: PageEngine, pages: readonly Uint8Array[]): number {
  const window = engine.pageWindow();
  pages.forEach((page, i) => {
    window.set(page, i * PAGE_BYTES);
  });
  return pages.length;
}

/** Check and commit entries without looking at pages: all of them become copies from `ordinal`. */
export function commitAll(
  engine: PageEngine,
  entries: readonly Entry[],
  options: { pfnLimit?: number; stepEntries?: number; firstOrdinal?: number } = {},
): void {
  const checked = checkAll(engine, entries, options.pfnLimit, options.stepEntries);
  engine.commitEntries();
  engine.indexPages(checked.dataPages, options.firstOrdinal ?? 0);
}

/** A whole batch of a resident guest: entries, then the pages of those with data. */
export function placeAll(
  engine: PageEngine,
  entries: readonly Entry[],
  pages: readonly Uint8Array[],
  options: { pfnLimit?: number; firstOrdinal?: number } = {},
): void {
  const checked = checkAll(engine, entries, options.pfnLimit);
  engine.commitEntries();
  for (let first = 0; first < pages.length; first += WINDOW_PAGES) {
    const count = fillPages(engine, pages.slice(first, first + WINDOW_PAGES));
    engine.placePages(first, count);
  }
  engine.indexPages(checked.dataPages, options.firstOrdinal ?? 0);
}

/** Contents of one pfn. */
export function pageAt(engine: PageEngine, pfn: number): Uint8Array {
  const into = new Uint8Array(PAGE_BYTES).fill(0xaa);
  engine.copyPages(pfn, 1, into);
  return into;
}

/** Populated runs as [first, count]. */
export function runsOf(engine: PageEngine): [number, number][] {
  return Array.from(engine.populatedRuns(), (run) => [run.first, run.count]);
}
