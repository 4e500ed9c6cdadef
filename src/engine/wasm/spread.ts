/**
 * The rare path: entries or data pages of one batch that lie in several banks are grouped by bank,
 * in order, so that each bank gets its own ones only. A hostile batch may name a bank per entry.
 */
import { ENTRY_HIGH_TYPE_SHIFT, PAGE_BYTES } from "../../format/index.js";
import type { Bank } from "./bank.js";
import { bankOfEntry } from "./numbers.js";

/** Places in a window or list, ascending, by number of bank. */
export type Groups = Map<number, number[]>;

/**
 * Group the first `count` entries that are looked up.
 *
 * @param types  bit n set: entries of type n are looked up
 * @param mayTake  asked once for each bank; the grouping ends when one may not be taken
 * @returns null if one may not be taken
 */
export function groupEntries(
  halves: Uint32Array,
  count: number,
  types: number,
  mayTake: (number: number) => boolean,
): Groups | null {
  const groups: Groups = new Map();
  let lastNumber = -1;
  let last: number[] = [];
  for (let index = 0; index < count; index++) {
    const high = halves[2 * index + 1]!;
    if (((types >> (high >>> ENTRY_HIGH_TYPE_SHIFT)) & 1) === 0) continue;
    const number = bankOfEntry(halves[2 * index]!, high);
    if (number !== lastNumber) {
      const known = groups.get(number);
      if (known === undefined && !mayTake(number)) return null;
      last = known ?? [];
      lastNumber = number;
      groups.set(number, last);
    }
    last.push(index);
  }
  return groups;
}

/** Group the data pages first..first+count-1 of a data list; places count from `first`. */
export function groupDataPages(halves: Uint32Array, first: number, count: number): Groups {
  const groups: Groups = new Map();
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
  indexes: readonly number[],
  into: Uint32Array,
  firstIndex = 0,
): void {
  indexes.forEach((index, i) => {
    into[2 * i] = from[2 * (firstIndex + index)]!;
    into[2 * i + 1] = from[2 * (firstIndex + index) + 1]!;
  });
}

/**
 * Hand a group of data pages, with the pages themselves, from the desk to the bank they belong to:
 * they become the data pages 0..indexes.length-1 of its list and the first pages of its window.
 */
export function handOver(desk: Bank, bank: Bank, first: number, indexes: readonly number[]): void {
  writeGroup(desk.listHalves, indexes, bank.listHalves, first);
  bank.setListed(indexes.length);
  indexes.forEach((index, i) => {
    bank.pageWindow.set(desk.windowPage(index), i * PAGE_BYTES);
  });
}
