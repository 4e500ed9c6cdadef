/**
 * Builders for the tests of the reference engine: entries, pages, and a whole batch driven through
 * the calls of the port. Not the contract suite, which drives any engine.
 */

import {
  ENTRY_WINDOW_BYTES,
  type EngineOptions,
  type EntryStep,
  PAGE_WINDOW_BYTES,
  type PageEngine,
} from "../../src/engine/port.js";
import { ENTRY_BYTES, PAGE_BYTES } from "../../src/format/index.js";

export const HVM_LIMIT = 2 ** 36;
export const WINDOW_ENTRIES = ENTRY_WINDOW_BYTES / ENTRY_BYTES;
export const WINDOW_PAGES = PAGE_WINDOW_BYTES / PAGE_BYTES;

export const HVM_RESIDENT: EngineOptions = {
  guest: "hvm",
  model: "resident",
  maxFrameBytes: 64 * 1024 ** 2,
  maxBanks: 16,
};
export const HVM_INDEXED: EngineOptions = { ...HVM_RESIDENT, model: "indexed" };
export const PV_RESIDENT: EngineOptions = { ...HVM_RESIDENT, guest: "pv" };

/** A raw entry: type 63..60, reserved 59..52, pfn 51..0. */
export function entry(type: number, pfn: number, reserved = 0): bigint {
  return (BigInt(type) << 60n) | (BigInt(reserved) << 52n) | BigInt(pfn);
}

/** A page whose bytes are all `byte`. */
export function page(byte: number): Uint8Array {
  return new Uint8Array(PAGE_BYTES).fill(byte);
}

/** Write entries to the entry window and check them. */
export function check(engine: PageEngine, entries: readonly bigint[]): EntryStep {
  const window = engine.entryWindow();
  const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
  for (const [i, raw] of entries.entries()) view.setBigUint64(i * ENTRY_BYTES, raw, true);
  return engine.checkEntries(entries.length);
}

/** Begin a batch, check and commit its entries. */
export function commit(
  engine: PageEngine,
  entries: readonly bigint[],
  pfnLimit = HVM_LIMIT,
): EntryStep {
  engine.beginBatch(pfnLimit);
  const step = check(engine, entries);
  engine.commitEntries();
  return step;
}

/** Write pages to the page window. */
export function fillWindow(engine: PageEngine, pages: readonly Uint8Array[]): void {
  const window = engine.pageWindow();
  for (const [i, contents] of pages.entries()) window.set(contents, i * PAGE_BYTES);
}

/** A whole batch of a resident guest: entries, then one page for each that carries one. */
export function batch(
  engine: PageEngine,
  entries: readonly bigint[],
  pages: readonly Uint8Array[],
  firstOrdinal = 0,
  pfnLimit = HVM_LIMIT,
): void {
  commit(engine, entries, pfnLimit);
  fillWindow(engine, pages);
  engine.placePages(0, pages.length);
  engine.indexPages(pages.length, firstOrdinal);
}

/** The contents of one pfn. */
export function contentsOf(engine: PageEngine, pfn: number): Uint8Array {
  const into = new Uint8Array(PAGE_BYTES).fill(0xee);
  engine.copyPages(pfn, 1, into);
  return into;
}
