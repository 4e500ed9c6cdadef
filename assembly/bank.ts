/**
 * What a bank is: 2^19 consecutive pfns from its base on, a flag byte for each. Binding it to a
 * base, forgetting an image, single pfns and runs. Not the entries of batches (entries.ts).
 *
 *   flag byte of a pfn   7..5 zero | 4 populated | 3..0 type recorded last
 *   touched marks        one byte for each chunk of 4096 pfns whose tables hold anything
 */
import {
  HEADER_CHUNK_TOUCHED,
  HEADER_DIGEST_SLOTS,
  HEADER_DIGEST_SLOTS_USED,
  HEADER_FRAMES_FREE,
  HEADER_FRAMES_HIGH,
  HEADER_FRAMES_IN_USE,
  HEADER_LISTED,
  HEADER_MAPPED_PAGES,
  HEADER_PFN_BASE,
  HEADER_PFN_TOP,
  HEADER_POPULATED_PAGES,
  HEADER_RESIDENT,
  PFN_FLAGS,
  PFN_FRAMES,
  PFN_ORDINALS,
  RESULT_RUN_FIRST,
} from "./generated/layout";
import {
  BANK_PFNS,
  CHUNK_COUNT,
  CHUNK_PFN_SHIFT,
  ENTRY_PFN_MASK,
  PAGE_BYTES,
  PFN_BASE_UNBOUND,
} from "./generated/numbers";
import { must } from "./assert";
import { isZeroPage } from "./window";

/** Bit 4 of a flag byte: the pfn is populated. */
export const FLAG_POPULATED: u32 = 0x10;
/** The same bit of eight flag bytes. */
export const FLAGS_POPULATED_8: u64 = 0x1010101010101010;
const CHUNK_PFNS: u32 = 1 << CHUNK_PFN_SHIFT;

/**
 * Where the pfn of an entry lies in this bank.
 *
 * @returns pfn - base; BANK_PFNS or more (unsigned) if the pfn belongs to another bank
 */
@inline
export function localOf(entry: u64): u64 {
  return (entry & ENTRY_PFN_MASK) - load<u64>(HEADER_PFN_BASE);
}

/** Note that the tables of the chunk of a pfn hold something. */
@inline
export function touch(local: u32): void {
  store<u8>(HEADER_CHUNK_TOUCHED + (local >> CHUNK_PFN_SHIFT), 1);
}

/** Bind the bank to a base (a multiple of 2^19) or, with PFN_BASE_UNBOUND's halves, to none. */
export function bindBank(baseLow: u32, baseHigh: u32): void {
  const base = (<u64>baseHigh << 32) | baseLow;
  must((base & (BANK_PFNS - 1)) == 0);
  store<u64>(HEADER_PFN_BASE, base);
}

/**
 * Forget the image: clear what was touched, keep the memory. The bank is bound to no base then.
 * Nothing may be staged: dropStaged() comes first.
 * Frames keep their old contents, unreachable until they are written again.
 */
export function resetBank(): void {
  const resident = load<u32>(HEADER_RESIDENT) != 0;
  for (let chunk: u32 = 0; chunk < CHUNK_COUNT; chunk++) {
    if (!load<u8>(HEADER_CHUNK_TOUCHED + chunk)) continue;
    clear(PFN_FLAGS + chunk * CHUNK_PFNS, CHUNK_PFNS);
    clear(PFN_ORDINALS + chunk * CHUNK_PFNS * 4, CHUNK_PFNS * 4);
    if (resident) clear(PFN_FRAMES + chunk * CHUNK_PFNS * 4, CHUNK_PFNS * 4);
  }
  memory.fill(HEADER_CHUNK_TOUCHED, 0, CHUNK_COUNT);
  store<u64>(HEADER_PFN_BASE, PFN_BASE_UNBOUND);
  store<u32>(HEADER_LISTED, 0);
  store<u32>(HEADER_POPULATED_PAGES, 0);
  store<u32>(HEADER_PFN_TOP, 0);
  store<u32>(HEADER_MAPPED_PAGES, 0);
  store<u32>(HEADER_FRAMES_IN_USE, 0);
  store<u32>(HEADER_FRAMES_HIGH, 0);
  store<u32>(HEADER_FRAMES_FREE, 0);
  store<u32>(HEADER_DIGEST_SLOTS, 0);
  store<u32>(HEADER_DIGEST_SLOTS_USED, 0);
}

/** Zero whole pages of a table, but for those that are zero: to write there would cost RAM. */
function clear(table: usize, bytes: u32): void {
  for (let page = table; page < table + bytes; page += PAGE_BYTES) {
    if (!isZeroPage(page)) memory.fill(page, 0, PAGE_BYTES);
  }
}

/** Count pfns that have just become populated, the highest of them below `top`. */
@inline
export function countPopulated(pages: u32, top: u32): void {
  store<u32>(HEADER_POPULATED_PAGES, load<u32>(HEADER_POPULATED_PAGES) + pages);
  if (top > load<u32>(HEADER_PFN_TOP)) store<u32>(HEADER_PFN_TOP, top);
}

/** Populate a pfn with a zero page unless it is populated. Returns 1 if it was not. */
export function populate(local: u32): u32 {
  must(local < BANK_PFNS);
  const flags: u32 = load<u8>(PFN_FLAGS + local);
  if (flags & FLAG_POPULATED) return 0;
  store<u8>(PFN_FLAGS + local, flags | FLAG_POPULATED);
  touch(local);
  countPopulated(1, local + 1);
  return 1;
}

/**
 * Find the next run of populated pfns.
 *
 * @param from  pfn from the base to begin at
 * @returns length of the run, its first pfn in the result block; 0 if there is none
 */
export function nextRun(from: u32): u32 {
  const top = load<u32>(HEADER_PFN_TOP);
  const first = nextWith(from, top, FLAGS_POPULATED_8);
  if (first >= top) return 0;
  store<u32>(RESULT_RUN_FIRST, first);
  return nextWith(first, top, 0) - first;
}

/** First pfn at or after `from` whose populated bit is as in `wanted`; `top` if none is. */
function nextWith(from: u32, top: u32, wanted: u64): u32 {
  let local = from;
  while (local < top) {
    if ((local & (CHUNK_PFNS - 1)) == 0 && wanted && !touched(local)) {
      local += CHUNK_PFNS;
    } else if ((local & 7) == 0 && !matches(load<u64>(PFN_FLAGS + local), wanted)) {
      local += 8;
    } else if ((load<u8>(PFN_FLAGS + local) & FLAG_POPULATED) == (<u32>wanted & FLAG_POPULATED)) {
      return local;
    } else {
      local++;
    }
  }
  return top;
}

/** True if any of eight flag bytes has the populated bit as in `wanted`. */
@inline
function matches(flags: u64, wanted: u64): bool {
  return ((flags ^ ~wanted) & FLAGS_POPULATED_8) != 0;
}

@inline
function touched(local: u32): bool {
  return load<u8>(HEADER_CHUNK_TOUCHED + (local >> CHUNK_PFN_SHIFT)) != 0;
}
