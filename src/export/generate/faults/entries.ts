/** Raw PAGE_DATA entries for faults: making one, finding one of a type, changing one. */
import {
  ENTRY_BYTES,
  ENTRY_HIGH_TYPE_SHIFT,
  PAGE_BYTES,
  PAGE_TYPES_TABLE,
  TWO_POW_32,
} from "../../../format/index.js";
import { carriesData, readU32, writeU32 } from "../../../stream/index.js";
import type { BatchItem, Item } from "../items.js";

/** One entry as its 8 bytes. */
export function entryBytes(type: number, pfn: number): Uint8Array {
  const bytes = new Uint8Array(ENTRY_BYTES);
  writeEntry(bytes, 0, type, pfn);
  return bytes;
}

/** Write the entry of an ordinal. */
export function writeEntry(entries: Uint8Array, index: number, type: number, pfn: number): void {
  const high = Math.floor(pfn / TWO_POW_32);
  writeU32(entries, index * ENTRY_BYTES, pfn % TWO_POW_32);
  writeU32(entries, index * ENTRY_BYTES + 4, (type << ENTRY_HIGH_TYPE_SHIFT) | high);
}

function entryType(entries: Uint8Array, index: number): number {
  return readU32(entries, index * ENTRY_BYTES + 4) >>> ENTRY_HIGH_TYPE_SHIFT;
}

/** Ordinal of the first entry that `is` accepts by its type, -1 if there is none. */
export function findEntry(entries: Uint8Array, is: (type: number) => boolean): number {
  for (let index = 0; index * ENTRY_BYTES < entries.length; index++) {
    if (is(entryType(entries, index))) return index;
  }
  return -1;
}

/** True for a batch that carries a page. */
export function hasData(item: Item): boolean {
  return item.kind === "batch" && item.pages.length > 0;
}

/** True for a batch with the page of a page table. */
export function hasTable(item: Item): boolean {
  return item.kind === "batch" && findEntry(item.entries, isTableType) >= 0;
}

export function isTableType(type: number): boolean {
  return ((PAGE_TYPES_TABLE >>> type) & 1) === 1;
}

/** The page of the entry of an ordinal, in a batch's pages. */
export function pageOf(batch: BatchItem, index: number): Uint8Array {
  let before = 0;
  for (let i = 0; i < index; i++) if (carriesData(entryType(batch.entries, i))) before++;
  return batch.pages.subarray(before * PAGE_BYTES, (before + 1) * PAGE_BYTES);
}
