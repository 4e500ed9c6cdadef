/**
 * Scans PV page tables as localisation would with frame = pfn: every present slot names a pfn that
 * must exist within bounds, and gets a zero page if it has none. Slots are read, never written.
 *
 *   slot   63..52 flags | 51..12 pfn | 11..1 flags | 0 present
 *
 * Source: rule LC-SIM-5.
 */
import { must } from "./assert";
import { localOf, populate } from "./bank";
import { isOneOf, typeOf } from "./entries";
import {
  DATA_LIST,
  ENTRY_WINDOW,
  FAULTS,
  HEADER_LISTED,
  PAGE_WINDOW,
  RESULT_ELSEWHERE,
  RESULT_POPULATED,
} from "./generated/layout";
import {
  BANK_PFNS,
  ENTRY_FAULTS_LISTED,
  FAULT_BYTES,
  PAGE_SHIFT,
  PAGE_TYPES_TABLE,
  PAGE_WINDOW_PAGES,
} from "./generated/numbers";

const SLOTS: u32 = 512;
const SLOT_PRESENT: u64 = 1;
const SLOT_PFN_MASK: u64 = 0x000ffffffffff000;
const SLOT_PFN_SHIFT: u64 = 12;

/**
 * Scan those pages in the page window that are page tables, be their own pfns here or elsewhere.
 * Named pfns of other banks go to the entry window, which a committed batch needs no more: as many
 * as a window of pages can name fit there.
 *
 * @param first  data page that the first page in the window is
 * @returns faults, listed up to ENTRY_FAULTS_LISTED
 */
export function scanTables(first: u32, count: u32, maxPfnLow: u32, maxPfnHigh: u32): u32 {
  must(count <= PAGE_WINDOW_PAGES);
  must(first <= load<u32>(HEADER_LISTED) && count <= load<u32>(HEADER_LISTED) - first);
  const maxPfn = (<u64>maxPfnHigh << 32) | maxPfnLow;
  store<u32>(RESULT_POPULATED, 0);
  store<u32>(RESULT_ELSEWHERE, 0);
  let faults: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    const entry = load<u64>(DATA_LIST + (<usize>(first + index) << 3));
    if (!isOneOf(PAGE_TYPES_TABLE, typeOf(entry))) continue;
    const table = PAGE_WINDOW + (<usize>index << PAGE_SHIFT);
    for (let slot: u32 = 0; slot < SLOTS; slot++) {
      const value = load<u64>(table + (<usize>slot << 3));
      if (!(value & SLOT_PRESENT)) continue;
      const pfn = (value & SLOT_PFN_MASK) >> SLOT_PFN_SHIFT;
      if (pfn > maxPfn) faults = fault(first + index, slot, pfn, faults);
      else nameOne(pfn);
    }
  }
  return faults;
}

@inline
function nameOne(pfn: u64): void {
  const local = localOf(pfn);
  if (local < BANK_PFNS) {
    if (populate(<u32>local)) store<u32>(RESULT_POPULATED, load<u32>(RESULT_POPULATED) + 1);
    return;
  }
  const elsewhere = load<u32>(RESULT_ELSEWHERE);
  store<u64>(ENTRY_WINDOW + (<usize>elsewhere << 3), pfn);
  store<u32>(RESULT_ELSEWHERE, elsewhere + 1);
}

function fault(dataPage: u32, slot: u32, pfn: u64, faults: u32): u32 {
  if (faults < ENTRY_FAULTS_LISTED) {
    const place = FAULTS + faults * FAULT_BYTES;
    store<u32>(place, dataPage);
    store<u32>(place, slot, 4);
    store<u64>(place, pfn, 8);
  }
  return faults + 1;
}
