/**
 * Checks the entries of a batch, counts them, lists those that carry a page. No pfn is changed
 * here (commit.ts does that). Most entries come eight in a row that are of one type and faultless:
 * these are checked at once with v128, all others one by one.
 *
 *   entry   63..60 type | 59..52 reserved | 51..0 pfn
 *
 * Source: libxc stream document, PAGE_DATA; rules LC-PG-5, LC-PG-6, LC-PG-8.
 */
import { must } from "./assert";
import {
  DATA_LIST,
  ENTRY_WINDOW,
  FAULTS,
  HEADER_BATCH_ENTRIES,
  HEADER_LISTED,
  HEADER_LOOKED_UP_TYPES,
  HEADER_PFN_LIMIT,
  RESULT_DATA_FIRST,
  RESULT_DATA_PAGES,
  RESULT_DATA_SPREAD,
  RESULT_FAULT_COUNTS,
  RESULT_LOOKED_UP,
  RESULT_LOOKED_UP_FIRST,
  RESULT_LOOKED_UP_SPREAD,
  RESULT_TYPE_COUNTS,
} from "./generated/layout";
import {
  BANK_PFN_SHIFT,
  DATA_PAGES_MAX,
  ENTRY_FAULTS_LISTED,
  ENTRY_FAULT_PFN,
  ENTRY_FAULT_RESERVED,
  ENTRY_FAULT_TYPE,
  ENTRY_BANK_MASK,
  ENTRY_NOT_PFN_MASK,
  ENTRY_PFN_MASK,
  ENTRY_RESERVED_MASK,
  ENTRY_TYPE_SHIFT,
  ENTRY_WINDOW_ENTRIES,
  FAULT_BYTES,
  PAGE_TYPES_INVALID,
  PAGE_TYPES_WITH_DATA,
} from "./generated/numbers";

/** Type of an entry, 0..15. */
@inline
export function typeOf(entry: u64): u32 {
  return <u32>(entry >> ENTRY_TYPE_SHIFT);
}

/** Reserved bits are zero from a saver; Xen's verifier insists, its restorer masks them. */
@inline
export function reservedClear(entry: u64): bool {
  return (entry & ENTRY_RESERVED_MASK) == 0;
}

/** True if bit `type` of a set of types is set. */
@inline
export function isOneOf(types: u32, type: u32): bool {
  return ((types >> type) & 1) != 0;
}

/** Begin a batch: `lookedUpTypes` are bound by the pfn limit and count for banks. */
export function beginBatch(lookedUpTypes: u32, limitLow: u32, limitHigh: u32): void {
  store<u32>(HEADER_LOOKED_UP_TYPES, lookedUpTypes);
  store<u64>(HEADER_PFN_LIMIT, (<u64>limitHigh << 32) | limitLow);
  store<u32>(HEADER_BATCH_ENTRIES, 0);
  store<u32>(HEADER_LISTED, 0);
  memory.fill(RESULT_TYPE_COUNTS, 0, 64);
  store<u32>(RESULT_DATA_PAGES, 0);
  store<u32>(RESULT_DATA_SPREAD, 0);
}

/**
 * Check the entries at the start of the entry window.
 *
 * @param count  1..ENTRY_WINDOW_ENTRIES
 * @returns faults of this step, listed up to ENTRY_FAULTS_LISTED
 */
export function checkEntries(count: u32): u32 {
  must(count > 0 && count <= ENTRY_WINDOW_ENTRIES);
  memory.fill(RESULT_FAULT_COUNTS, 0, 16);
  store<u32>(RESULT_LOOKED_UP, 0);
  store<u32>(RESULT_LOOKED_UP_SPREAD, 0);
  let faults: u32 = 0;
  let index: u32 = 0;
  while (index < count) {
    if (index + 8 <= count && takeEight(ENTRY_WINDOW + (index << 3))) {
      index += 8;
    } else {
      faults = checkOne(index, faults);
      index++;
    }
  }
  store<u32>(HEADER_BATCH_ENTRIES, load<u32>(HEADER_BATCH_ENTRIES) + count);
  return faults;
}

/**
 * Take eight entries at once if they are of one valid type, without reserved bits and, where they
 * are looked up, within bounds.
 */
function takeEight(entries: usize): bool {
  const a = v128.load(entries);
  const b = v128.load(entries, 16);
  const c = v128.load(entries, 32);
  const d = v128.load(entries, 48);
  const first = load<u64>(entries);
  const differ = differing(a, b, c, d, i64x2.splat(first));
  if (v128.any_true(v128.and(differ, i64x2.splat(ENTRY_NOT_PFN_MASK)))) return false;
  const type = typeOf(first);
  if (isOneOf(PAGE_TYPES_INVALID, type) || !reservedClear(first)) return false;
  const lookedUp = isOneOf(load<u32>(HEADER_LOOKED_UP_TYPES), type);
  if (lookedUp && !allWithin(a, b, c, d, first & ENTRY_NOT_PFN_MASK)) return false;

  const spread = v128.any_true(v128.and(differ, i64x2.splat(ENTRY_BANK_MASK)));
  if (isOneOf(PAGE_TYPES_WITH_DATA, type)) {
    const listed = load<u32>(HEADER_LISTED);
    if (listed + 8 > DATA_PAGES_MAX) return false;
    const list = DATA_LIST + (listed << 3);
    v128.store(list, a);
    v128.store(list, b, 16);
    v128.store(list, c, 32);
    v128.store(list, d, 48);
    store<u32>(HEADER_LISTED, listed + 8);
    countData(first & ENTRY_PFN_MASK, 8, spread);
  }
  if (lookedUp) countLookedUp(first & ENTRY_PFN_MASK, 8, spread);
  const counted = RESULT_TYPE_COUNTS + (type << 2);
  store<u32>(counted, load<u32>(counted) + 8);
  return true;
}

/** Bits in which any of eight entries differs from the first. */
@inline
function differing(a: v128, b: v128, c: v128, d: v128, first: v128): v128 {
  return v128.or(
    v128.or(v128.xor(a, first), v128.xor(b, first)),
    v128.or(v128.xor(c, first), v128.xor(d, first)),
  );
}

/** True if eight entries, all of the type that `typeBits` holds, are within bounds. */
@inline
function allWithin(a: v128, b: v128, c: v128, d: v128, typeBits: u64): bool {
  // Signed comparison: types from 8 on are below zero, on both sides alike.
  const limit = i64x2.splat(typeBits + load<u64>(HEADER_PFN_LIMIT));
  const within = v128.and(
    v128.and(i64x2.lt_s(a, limit), i64x2.lt_s(b, limit)),
    v128.and(i64x2.lt_s(c, limit), i64x2.lt_s(d, limit)),
  );
  return i64x2.all_true(within);
}

/** Check the entry `index` of the step. Returns the faults of the step so far. */
function checkOne(index: u32, faultsBefore: u32): u32 {
  const entry = load<u64>(ENTRY_WINDOW + (index << 3));
  const type = typeOf(entry);
  const pfn = entry & ENTRY_PFN_MASK;
  let faults = faultsBefore;
  const counted = RESULT_TYPE_COUNTS + (type << 2);
  store<u32>(counted, load<u32>(counted) + 1);
  if (isOneOf(PAGE_TYPES_INVALID, type)) faults = fault(index, ENTRY_FAULT_TYPE, entry, faults);
  if (!reservedClear(entry)) faults = fault(index, ENTRY_FAULT_RESERVED, entry, faults);
  if (isOneOf(load<u32>(HEADER_LOOKED_UP_TYPES), type)) {
    if (pfn >= load<u64>(HEADER_PFN_LIMIT)) faults = fault(index, ENTRY_FAULT_PFN, entry, faults);
    countLookedUp(pfn, 1, false);
  }
  if (isOneOf(PAGE_TYPES_WITH_DATA, type)) {
    const listed = load<u32>(HEADER_LISTED);
    if (listed < DATA_PAGES_MAX) {
      store<u64>(DATA_LIST + (listed << 3), entry & ~ENTRY_RESERVED_MASK);
      store<u32>(HEADER_LISTED, listed + 1);
    }
    countData(pfn, 1, false);
  }
  return faults;
}

/** Count entries that carry a page, the first naming `pfn`; others lie elsewhere if `spread`. */
@inline
function countData(pfn: u64, entries: u32, spread: bool): void {
  const before = load<u32>(RESULT_DATA_PAGES);
  if (before == 0) store<u64>(RESULT_DATA_FIRST, pfn);
  if (spread || (pfn ^ load<u64>(RESULT_DATA_FIRST)) >> BANK_PFN_SHIFT) {
    store<u32>(RESULT_DATA_SPREAD, 1);
  }
  store<u32>(RESULT_DATA_PAGES, before + entries);
}

/** Count entries that are looked up, as countData() does. */
@inline
function countLookedUp(pfn: u64, entries: u32, spread: bool): void {
  const before = load<u32>(RESULT_LOOKED_UP);
  if (before == 0) store<u64>(RESULT_LOOKED_UP_FIRST, pfn);
  if (spread || (pfn ^ load<u64>(RESULT_LOOKED_UP_FIRST)) >> BANK_PFN_SHIFT) {
    store<u32>(RESULT_LOOKED_UP_SPREAD, 1);
  }
  store<u32>(RESULT_LOOKED_UP, before + entries);
}

/** Count and, if there is room, list a fault. Returns the faults of the step so far. */
function fault(index: u32, code: u32, entry: u64, faults: u32): u32 {
  const counted = RESULT_FAULT_COUNTS + (code << 2);
  store<u32>(counted, load<u32>(counted) + 1);
  if (faults < ENTRY_FAULTS_LISTED) {
    const place = FAULTS + faults * FAULT_BYTES;
    store<u32>(place, load<u32>(HEADER_BATCH_ENTRIES) + index);
    store<u32>(place, code, 4);
    store<u64>(place, entry, 8);
  }
  return faults + 1;
}
