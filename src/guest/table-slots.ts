/**
 * What a PV saver never leaves in a page table: present entries in the slots that are Xen's own, and
 * superpages. It is looked for in the bytes of a table, by its level and the guest's width.
 * Source: libxc stream document; LC-SIM-7.
 */
import { PAGE_BYTES } from "../format/index.js";

/** Entries of a table that no saver leaves. */
export interface OddSlots {
  /** First slot of the kind. */
  readonly slot: number;
  readonly count: number;
  readonly kind: "Xen's own" | "a superpage";
}

const PRESENT = 1;
const SUPERPAGE = 0x80;
const ENTRY_BYTES = 8;
/** Xen's slots of a level 4 table of a 64-bit guest; the end is not among them. */
const L4_XEN = { from: 256, to: 272 } as const;
/** Slots of a level 3 table of a 32-bit guest that no address reaches. */
const L3_UNUSED = { from: 4, to: 512 } as const;

/**
 * Slots of one table that should not be as they are. Which level 2 table of a 32-bit guest maps Xen
 * cannot be told from the table, so its slots are not looked at.
 *
 * @param table 4096 bytes
 * @param level 1 to 4
 * @param width of the guest in bytes; null where it is not known
 */
export function oddSlots(table: Uint8Array, level: number, width: 4 | 8 | null): OddSlots[] {
  if (level < 2) return [];
  const found: OddSlots[] = [];
  const xen = level === 4 ? L4_XEN : level === 3 && width === 4 ? L3_UNUSED : null;
  const own = { slot: -1, count: 0 };
  const large = { slot: -1, count: 0 };
  for (let slot = 0; slot < PAGE_BYTES / ENTRY_BYTES; slot += 1) {
    const low = table[slot * ENTRY_BYTES] ?? 0;
    if ((low & PRESENT) === 0) continue;
    if (xen !== null && slot >= xen.from && slot < xen.to) count(own, slot);
    else if ((low & SUPERPAGE) !== 0) count(large, slot);
  }
  if (own.count > 0) found.push({ ...own, kind: "Xen's own" });
  if (large.count > 0) found.push({ ...large, kind: "a superpage" });
  return found;
}

function count(slots: { slot: number; count: number }, slot: number): void {
  if (slots.count === 0) slots.slot = slot;
  slots.count += 1;
}
