/**
 * The rare path: entries or data pages of one batch that lie in several banks are grouped by bank,
 * in order, so that each bank gets its own ones only. A hostile batch may name a bank per entry.
 */
import { ENTRY_HIGH_TYPE_SHIFT, PAGE_BYTES } from "../../format/index.js";
import type { Bank } from "./bank.js";
import { bankOfEntry } from "./numbers.js";

/** Places in a window or list, ascending, by number of bank. */
export type Groups = Map<number, ArrayLike<number>>;

/**
 * Group the first `count` entries that are looked up.
 *
 * @param types    bit n set: entries of type n are looked up
 * @param mayTake  asked once for each bank; the grouping ends when one may not be taken
 * @param scratch  `count` places; the groups are parts of it
 * @returns null if one may not be taken
 */
export function groupEntries(
  halves: Uint32Array,
  count: number,
  types: number,
  mayTake: (number: number) => boolean,
  scratch: Uint32Array,
): Groups | null {
  const sizes = new Map<number, number>();
  for (let index = 0; index < count; index++) {
    const number = lookedUpBank(halves, index, types);
    if (number < 0) continue;
    const size = sizes.get(number);
    if (size === undefined && !mayTake(number)) return null;
    sizes.set(number, (size ?? 0) + 1);
  }
  const groups = new Map<number, Uint32Array>();
  const filled = new Map<number, number>();
  let begin = 0;
  for (const [number, size] of sizes) {
    groups.set(number, scratch.subarray(begin, begin + size));
    filled.set(number, 0);
    begin += size;
  }
  for (let index = 0; index < count; index++) {
    const number = lookedUpBank(halves, index, types);
    if (number < 0) continue;
    const at = filled.get(number)!;
    groups.get(number)![at] = index;
    filled.set(number, at + 1);
  }
  return groups;
}

/** Bank of the entry at a place; -1 if its type is not looked up. */
function lookedUpBank(halves: Uint32Array, index: number, types: number): number {
  const high = halves[2 * index + 1]!;
  if (((types >> (high >>> ENTRY_HIGH_TYPE_SHIFT)) & 1) === 0) return -1;
  return bankOfEntry(halves[2 * index]!, high);
}

/** Group the data pages first..first+count-1 of a data list; places count from `first`. */
export function groupDataPages(
  halves: Uint32Array,
  first: number,
  count: number,
): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let index = 0; index < count; index++) {
    const at = 2 * (first + index);
    const number = bankOfEntry(halves[at]!, halves[at + 1]!);
    const group = groups.get(number);
    if (group === undefined) groups.set(number, [index]);
    else group.push(index);
  }
  return groups;
}

/** Write the entries at the given places behind one another. */
export function writeGroup(
  from: Uint32Array,
  indexes: ArrayLike<number>,
  into: Uint32Array,
  firstIndex = 0,
): void {
  for (let i = 0; i < indexes.length; i++) {
    const at = 2 * (firstIndex + indexes[i]!);
    into[2 * i] = from[at]!;
    into[2 * i + 1] = from[at + 1]!;
  }
}

/**
 * Hand a group of data pages, with the pages themselves, from the desk to the bank they belong to:
 * they become the data pages 0..indexes.length-1 of its list and the first pages of its window.
 */
export function handOver(desk: Bank, bank: Bank, first: number, indexes: ArrayLike<number>): void {
  writeGroup(desk.listHalves, indexes, bank.listHalves, first);
  bank.setListed(indexes.length);
  for (let i = 0; i < indexes.length; i++) {
    bank.pageWindow.set(desk.windowPage(indexes[i]!), i * PAGE_BYTES);
  }
}
