/**
 * Faulty entries beyond those that an engine lists: how many of each kind, where they begin and end,
 * and which pfns they name. Read from the window again, as it is, whatever the engine: only a batch
 * of more faults than are listed comes here. Source: LC-PG-5, LC-PG-6, LC-PG-8.
 */
import {
  ENTRY_FAULT_PFN,
  ENTRY_FAULT_RESERVED,
  ENTRY_FAULT_TYPE,
  type EntryFaultCode,
  type EntryStep,
} from "../engine/port.js";
import { hex } from "../findings/index.js";
import {
  ENTRY_BYTES,
  ENTRY_HIGH_PFN_MASK,
  ENTRY_HIGH_RESERVED_MASK,
  ENTRY_HIGH_TYPE_SHIFT,
  type GuestKind,
  PAGE_TYPES_INVALID,
  PAGE_TYPES_POPULATED,
  TWO_POW_32,
} from "../format/index.js";

/** Codes in the order in which an entry's faults are listed. */
const CODES: readonly EntryFaultCode[] = [ENTRY_FAULT_TYPE, ENTRY_FAULT_RESERVED, ENTRY_FAULT_PFN];

/** The faults of one code that the engine did not list. */
export interface UnlistedFaults {
  readonly code: EntryFaultCode;
  readonly count: number;
  /** Ordinals in the record of the first and last entry among them. */
  readonly firstEntry: number;
  readonly lastEntry: number;
  /** Lowest and highest pfn that these entries name. */
  readonly pfnMin: number;
  readonly pfnMax: number;
}

/** A window step that was checked. */
export interface CheckedStep {
  readonly step: EntryStep;
  readonly window: Uint8Array;
  /** Ordinal in the record of the window's first entry. */
  readonly firstEntry: number;
  readonly entryCount: number;
  readonly guest: GuestKind;
  /** First number that is no pfn of the guest. */
  readonly pfnLimit: number;
}

/** The unlisted faults of a step, by code; none where all are listed. */
export function unlistedFaults(checked: CheckedStep): UnlistedFaults[] {
  const { step, window, firstEntry, entryCount } = checked;
  const last = step.faults.at(-1);
  const groups = new Map<
    EntryFaultCode,
    { -readonly [K in keyof UnlistedFaults]: UnlistedFaults[K] }
  >();
  const view = new DataView(window.buffer, window.byteOffset, entryCount * ENTRY_BYTES);
  const from = last === undefined ? 0 : last.entryIndex - firstEntry;
  for (let index = from; index < entryCount; index += 1) {
    const low = view.getUint32(index * ENTRY_BYTES, true);
    const high = view.getUint32(index * ENTRY_BYTES + 4, true);
    const pfn = (high & ENTRY_HIGH_PFN_MASK) * TWO_POW_32 + low;
    const entry = firstEntry + index;
    for (const code of CODES) {
      const listed = entry === last?.entryIndex && code <= last.code;
      if (listed || !isFaulty(code, high, pfn, checked)) continue;
      const group = groups.get(code);
      if (group === undefined) {
        const ends = { firstEntry: entry, lastEntry: entry, pfnMin: pfn, pfnMax: pfn };
        groups.set(code, { code, count: 1, ...ends });
        continue;
      }
      group.count += 1;
      group.lastEntry = entry;
      group.pfnMin = Math.min(group.pfnMin, pfn);
      group.pfnMax = Math.max(group.pfnMax, pfn);
    }
  }
  return CODES.flatMap((code) => groups.get(code) ?? []);
}

function isFaulty(
  code: EntryFaultCode,
  high: number,
  pfn: number,
  { guest, pfnLimit }: CheckedStep,
): boolean {
  const typeBit = 1 << (high >>> ENTRY_HIGH_TYPE_SHIFT);
  if (code === ENTRY_FAULT_TYPE) return (PAGE_TYPES_INVALID & typeBit) !== 0;
  if (code === ENTRY_FAULT_RESERVED) return (high & ENTRY_HIGH_RESERVED_MASK) !== 0;
  // A PV restorer tests every pfn, an HVM one meets those that populate.
  return pfn >= pfnLimit && (guest === "pv" || (PAGE_TYPES_POPULATED & typeBit) !== 0);
}

/** Rule and expectation of a fault of an entry. */
export function breachOf(
  code: EntryFaultCode,
  guest: GuestKind,
  pfnLimit: number,
): { readonly rule: string; readonly ruleCase?: string; readonly expected: string } {
  if (code === ENTRY_FAULT_TYPE) {
    return { rule: "LC-PG-5", expected: "a page type of 0x0-0x4 or 0x9-0xf" };
  }
  if (code === ENTRY_FAULT_RESERVED) return { rule: "LC-PG-6", expected: "bits 52..59 zero" };
  const huge = guest === "hvm" ? { ruleCase: "hvm-huge" } : {};
  return { ...huge, rule: "LC-PG-8", expected: `pfn at most ${hex(pfnLimit - 1)}` };
}

/** Faults that are not listed, in one sentence. */
export function unlistedMessage(faults: UnlistedFaults): string {
  const { count, firstEntry, lastEntry, pfnMin, pfnMax } = faults;
  const pfns = pfnMin === pfnMax ? `pfn ${hex(pfnMin)}` : `pfns ${hex(pfnMin)} to ${hex(pfnMax)}`;
  const entries = count === 1 ? "1 more entry" : `${count} more entries`;
  const ends = `entries ${firstEntry} to ${lastEntry}`;
  return `The same is wrong with ${entries} of this batch (${ends}, ${pfns}), not listed one by one.`;
}
