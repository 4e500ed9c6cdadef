/**
 * Takes over checked entries: populates pfns and records their types, the last entry for a pfn
 * winning. A batch of one window step is taken straight from the window. A longer one is staged
 * step by step in a plane of its own, then taken or dropped as a whole.
 *
 *   staging byte of a pfn   5 staged | 4 populates | 3..0 type staged last
 */
import { must } from "./assert";
import { FLAG_POPULATED, FLAGS_POPULATED_8, countPopulated, localOf, touch } from "./bank";
import { isOneOf, typeOf } from "./entries";
import {
  DATA_LIST,
  ENTRY_WINDOW,
  HEADER_CHUNK_STAGED,
  HEADER_LISTED,
  PFN_FLAGS,
  PFN_ORDINALS,
  STAGING,
} from "./generated/layout";
import {
  BANK_PFNS,
  CHUNK_COUNT,
  CHUNK_PFN_SHIFT,
  ENTRY_WINDOW_ENTRIES,
  PAGE_TYPES_POPULATED,
} from "./generated/numbers";

const STAGED: u32 = 0x20;
const CHUNK_PFNS: u32 = 1 << CHUNK_PFN_SHIFT;
const ONES_8: u64 = 0x0101010101010101;

/** Populated bit of the flag byte that an entry of this type gives its pfn. */
@inline
function populatedBit(type: u32): u32 {
  return isOneOf(PAGE_TYPES_POPULATED, type) ? FLAG_POPULATED : 0;
}

/**
 * True if eight entries follow one another: same type, consecutive pfns. Live rounds and first
 * rounds alike send pfns in ascending order, so most eights do.
 */
@inline
export function isRunOfEight(entries: usize): bool {
  // Most eights that are no run are so from their second entry on.
  if (load<u64>(entries, 8) != load<u64>(entries) + 1) return false;
  const first = i64x2.splat(load<u64>(entries));
  const differ = v128.or(
    v128.or(
      v128.xor(v128.load(entries), i64x2.add(first, i64x2(0, 1))),
      v128.xor(v128.load(entries, 16), i64x2.add(first, i64x2(2, 3))),
    ),
    v128.or(
      v128.xor(v128.load(entries, 32), i64x2.add(first, i64x2(4, 5))),
      v128.xor(v128.load(entries, 48), i64x2.add(first, i64x2(6, 7))),
    ),
  );
  return !v128.any_true(differ);
}

/**
 * Take over the entries at the start of the entry window, those of other banks left out.
 *
 * @param lookedUpTypes  bit n set: entries of type n are taken
 */
export function commitEntries(count: u32, lookedUpTypes: u32): void {
  must(count <= ENTRY_WINDOW_ENTRIES);
  let populated: u32 = 0;
  let top: u32 = 0;
  let index: u32 = 0;
  while (index < count) {
    const place = ENTRY_WINDOW + (index << 3);
    const entry = load<u64>(place);
    const type = typeOf(entry);
    const local = localOf(entry);
    if (local >= BANK_PFNS || !isOneOf(lookedUpTypes, type)) {
      index++;
      continue;
    }
    const bit = populatedBit(type);
    const flags = PFN_FLAGS + <usize>local;
    if (index + 8 <= count && local + 8 <= BANK_PFNS && isRunOfEight(place)) {
      const before = load<u64>(flags) & FLAGS_POPULATED_8;
      const bits = <u64>bit * ONES_8;
      populated += <u32>popcnt(bits & ~before);
      if (bit) top = max(top, <u32>local + 8);
      store<u64>(flags, before | bits | (<u64>type * ONES_8));
      touch(<u32>local);
      touch(<u32>local + 7);
      index += 8;
    } else {
      const before: u32 = load<u8>(flags) & FLAG_POPULATED;
      populated += (bit & ~before) >> 4;
      if (bit) top = max(top, <u32>local + 1);
      store<u8>(flags, before | bit | type);
      touch(<u32>local);
      index++;
    }
  }
  countPopulated(populated, top);
}

/** Stage the entries at the start of the entry window, those of other banks left out. */
export function stageEntries(count: u32, lookedUpTypes: u32): void {
  must(count <= ENTRY_WINDOW_ENTRIES);
  for (let index: u32 = 0; index < count; index++) {
    const entry = load<u64>(ENTRY_WINDOW + (index << 3));
    const type = typeOf(entry);
    const local = localOf(entry);
    if (local >= BANK_PFNS || !isOneOf(lookedUpTypes, type)) continue;
    const staging = STAGING + <usize>local;
    const before: u32 = load<u8>(staging) & FLAG_POPULATED;
    store<u8>(staging, before | populatedBit(type) | type | STAGED);
    store<u8>(HEADER_CHUNK_STAGED + <usize>(local >> CHUNK_PFN_SHIFT), 1);
  }
}

/** Take over what was staged, and clear the staging plane. */
export function commitStaged(): void {
  for (let chunk: u32 = 0; chunk < CHUNK_COUNT; chunk++) {
    if (!load<u8>(HEADER_CHUNK_STAGED + chunk)) continue;
    store<u8>(HEADER_CHUNK_STAGED + chunk, 0);
    commitChunk(chunk << CHUNK_PFN_SHIFT);
  }
}

function commitChunk(chunkFirst: u32): void {
  let populated: u32 = 0;
  let top: u32 = 0;
  for (let local = chunkFirst; local < chunkFirst + CHUNK_PFNS; local++) {
    const staged: u32 = load<u8>(STAGING + local);
    if (!staged) continue;
    const before: u32 = load<u8>(PFN_FLAGS + local) & FLAG_POPULATED;
    populated += (staged & ~before & FLAG_POPULATED) >> 4;
    if (staged & FLAG_POPULATED) top = local + 1;
    store<u8>(PFN_FLAGS + local, before | (staged & ~STAGED));
  }
  memory.fill(STAGING + chunkFirst, 0, CHUNK_PFNS);
  touch(chunkFirst);
  countPopulated(populated, top);
}

/** Clear the staging plane: nothing of what was staged happened. */
export function dropStaged(): void {
  for (let chunk: u32 = 0; chunk < CHUNK_COUNT; chunk++) {
    if (!load<u8>(HEADER_CHUNK_STAGED + chunk)) continue;
    store<u8>(HEADER_CHUNK_STAGED + chunk, 0);
    memory.fill(STAGING + (chunk << CHUNK_PFN_SHIFT), 0, CHUNK_PFNS);
  }
}

/**
 * Record data page i of the data list as copy `firstOrdinal + i` of the stream, for the first
 * `wholePages` of them; pages of other banks are left out. An ordinal is kept as ordinal + 1.
 */
export function indexPages(wholePages: u32, firstOrdinal: u32): void {
  must(wholePages <= load<u32>(HEADER_LISTED));
  let index: u32 = 0;
  while (index < wholePages) {
    const place = DATA_LIST + (index << 3);
    const local = localOf(load<u64>(place));
    const kept = firstOrdinal + index + 1;
    if (local >= BANK_PFNS) {
      index++;
      continue;
    }
    const ordinals = PFN_ORDINALS + (<usize>local << 2);
    if (index + 8 <= wholePages && local + 8 <= BANK_PFNS && isRunOfEight(place)) {
      const first = i32x4.splat(kept);
      v128.store(ordinals, i32x4.add(first, i32x4(0, 1, 2, 3)));
      v128.store(ordinals, i32x4.add(first, i32x4(4, 5, 6, 7)), 16);
      index += 8;
    } else {
      store<u32>(ordinals, kept);
      index++;
    }
  }
}
