/**
 * Where things lie in a synthetic PV guest, and what its page tables hold. All pages with a role
 * stand at the guest's lowest pfns, in this order:
 *
 *   0 plain | start info | store | console | gdt of each vcpu | top tables | L3 | L2s | L1s | p2m
 *
 * Tables are real: they map the guest's first pages, tables and gdt read-only as Xen demands.
 * Source: Xen public xen.h (facts); Intel SDM volume 3A for entry bits; LC-SIM-7.
 */
import {
  type GuestWidth,
  PAGE_BYTES,
  PAGE_SHIFT,
  PAGE_TYPE_L1TAB,
  PAGE_TYPE_L2TAB,
  PAGE_TYPE_L3TAB,
  PAGE_TYPE_L4TAB,
  PAGE_TYPE_NOTAB,
  PAGE_TYPE_PIN,
} from "../../format/index.js";
import { writeU32 } from "../../stream/index.js";
import { NO_ROLE } from "./memory.js";
import type { GenerateOptions } from "./options.js";

export const START_INFO_PFN = 1;
export const STORE_PFN = 2;
export const CONSOLE_PFN = 3;
export const GDT_FIRST_PFN = 4;

/** All tables have as many 8-byte slots, in 32-bit guests too (PAE). */
const TABLE_SLOTS = 512;
const SLOT_BYTES = 8;
/** L1 tables at most: what they map is enough to be a guest's working tables. */
const L1_MAX = TABLE_SLOTS;
/** Kernel map in a 64-bit guest: the first slot behind those that are Xen's. */
const KERNEL_SLOT = 272;
const PAE_L2_TABLES = 4;
const P_US_A = 0x25;
const P_RW_US_A_D = 0x67;

/** Pfns of everything that has a role; a table of several pages is its first pfn and a count. */
export class PvLayout {
  readonly width: GuestWidth;
  readonly levels: 3 | 4;
  readonly pageCount: number;
  readonly vcpus: number;
  /** What cr3 names, pinned; in a 64-bit guest the next pfn is the user's, which cr1 names. */
  readonly top: number;
  readonly l3: number;
  readonly l2: number;
  readonly l2Count: number;
  readonly l1: number;
  readonly l1Count: number;
  readonly p2m: number;
  readonly p2mCount: number;
  /** First pfn without a role. */
  readonly end: number;

  constructor(options: GenerateOptions) {
    this.width = options.guest === "pv64" ? 8 : 4;
    this.levels = this.width === 8 ? 4 : 3;
    this.pageCount = options.sizeBytes / PAGE_BYTES;
    this.vcpus = options.vcpus;
    this.top = GDT_FIRST_PFN + options.vcpus;
    // In a 32-bit guest the L3 table is the top.
    this.l3 = this.width === 8 ? this.top + 2 : this.top;
    this.l2 = this.l3 + 1;
    this.l1Count = Math.min(Math.ceil(this.pageCount / TABLE_SLOTS), L1_MAX);
    this.l2Count = this.width === 8 ? 1 : PAE_L2_TABLES;
    this.l1 = this.l2 + this.l2Count;
    this.p2m = this.l1 + this.l1Count;
    this.p2mCount = Math.ceil(this.pageCount / this.p2mEntries);
    this.end = this.p2m + this.p2mCount;
  }

  /** Entries of the guest's p2m in one page. */
  get p2mEntries(): number {
    return PAGE_BYTES / this.width;
  }

  /** The type of a pfn that has a role, else NO_ROLE. */
  fixedType(pfn: number): number {
    if (pfn >= this.end) return NO_ROLE;
    if (pfn < this.top || pfn >= this.p2m) return PAGE_TYPE_NOTAB;
    if (pfn >= this.l1) return PAGE_TYPE_L1TAB;
    if (pfn >= this.l2) return PAGE_TYPE_L2TAB;
    if (this.width === 4) return PAGE_TYPE_L3TAB | PAGE_TYPE_PIN;
    return pfn === this.l3 ? PAGE_TYPE_L3TAB : PAGE_TYPE_L4TAB | PAGE_TYPE_PIN;
  }

  /** True for the pfn of a page table. */
  isTable(pfn: number): boolean {
    return pfn >= this.top && pfn < this.p2m;
  }

  /**
   * Write a page table.
   *
   * @param isPresent  whether the guest has a page at a pfn from the first pass on
   */
  writeTable(pfn: number, into: Uint8Array, isPresent: (pfn: number) => boolean): void {
    into.fill(0);
    if (pfn >= this.l1) {
      this.#writeL1(pfn - this.l1, into, isPresent);
    } else if (pfn === this.l2) {
      for (let i = 0; i < this.l1Count; i++) writeSlot(into, i, this.l1 + i, P_RW_US_A_D);
    } else if (pfn === this.l3) {
      const present = this.width === 4 ? 1 : P_RW_US_A_D;
      for (let i = 0; i < this.l2Count; i++) writeSlot(into, i, this.l2 + i, present);
    } else if (pfn < this.l3) {
      writeSlot(into, 0, this.l3, P_RW_US_A_D);
      if (pfn === this.top) writeSlot(into, KERNEL_SLOT, this.l3, P_RW_US_A_D);
    }
  }

  #writeL1(index: number, into: Uint8Array, isPresent: (pfn: number) => boolean): void {
    for (let slot = 0; slot < TABLE_SLOTS; slot++) {
      const pfn = index * TABLE_SLOTS + slot;
      if (pfn >= this.pageCount || !isPresent(pfn)) continue;
      const gdt = pfn >= GDT_FIRST_PFN && pfn < this.top;
      writeSlot(into, slot, pfn, gdt || this.isTable(pfn) ? P_US_A : P_RW_US_A_D);
    }
  }
}

/** Write one slot of a page table. */
export function writeSlot(table: Uint8Array, slot: number, pfn: number, flags: number): void {
  const offset = slot * SLOT_BYTES;
  writeU32(table, offset, ((pfn << PAGE_SHIFT) | flags) >>> 0);
  writeU32(table, offset + 4, pfn >>> (32 - PAGE_SHIFT));
}
