/**
 * Builders of PV guests that restore: vcpu state, start info, page tables and whole streams. A
 * guest is told by the pfns of its special pages; the rest follows from them.
 * Source: libxc-stream section 6 (BASIC offsets) and LC-PV-20..25 (what completion looks for).
 */
import { PAGE_BYTES, patternPage, wordsPage, zeros } from "./bytes.js";
import {
  DOMAIN_PV,
  end,
  headers,
  PAGE,
  type PageEntry,
  p2mFrames,
  pageData,
  pvInfo,
  REC,
  sharedInfo,
  staticDataEnd,
  tscInfo,
  vcpuRecord,
} from "./libxc.js";
import type { Part } from "./parts.js";

/** Bytes of a guest word: 8 for 64-bit guests, 4 for 32-bit ones. */
export type PvWidth = 4 | 8;

/** The pfns of a guest that completion looks at. */
export interface PvPlan {
  readonly width: PvWidth;
  readonly maxPfn: number;
  readonly startInfo: number;
  readonly store: number;
  readonly console: number;
  /** Page tables from the top level (L4, or L3 of a 32-bit guest) down to L1. */
  readonly tables: readonly number[];
  /** Top-level table of user space; 64-bit guests only. */
  readonly userTable?: number;
  /** One per 512 (64-bit) or 1024 (32-bit) pfns. */
  readonly p2m: readonly number[];
  readonly gdt: readonly number[];
}

/** Present, writable, user: what the entries of the tables here say. */
const PTE_FLAGS = 7n;

/** A page table entry for a pfn. */
export function pte(pfn: number): bigint {
  return (BigInt(pfn) << 12n) | PTE_FLAGS;
}

/** Write a guest word (u64 or u32) little-endian. */
function setWord(view: DataView, width: PvWidth, at: number, value: number | bigint): void {
  if (width === 8) view.setBigUint64(at, BigInt(value), true);
  else view.setUint32(at, Number(BigInt.asUintN(32, BigInt(value))), true);
}

/** The page a guest calls its start info, as a saver sends it: store and console are pfns. */
export function startInfoPage(plan: PvPlan): Uint8Array {
  const page = patternPage(plan.startInfo);
  const view = new DataView(page.buffer);
  setWord(view, plan.width, plan.width === 8 ? 0x38 : 0x2c, plan.store);
  setWord(view, plan.width, plan.width === 8 ? 0x48 : 0x34, plan.console);
  return page;
}

/** cr3 of a top-level table: 32-bit guests keep the high bits of the pfn in the low ones. */
function cr3(width: PvWidth, pfn: number): bigint {
  return width === 8 ? BigInt(pfn) << 12n : BigInt(((pfn << 12) | (pfn >>> 20)) >>> 0);
}

/** A BASIC blob: 5168 bytes of a 64-bit guest, 2800 of a 32-bit one. */
export function basicBlob(plan: PvPlan): Uint8Array {
  const is64 = plan.width === 8;
  const blob = new Uint8Array(is64 ? 0x1430 : 0xaf0);
  const view = new DataView(blob.buffer);
  setWord(view, plan.width, is64 ? 0x268 : 0x20c, plan.startInfo);
  const gdtFrames = is64 ? 0x12e0 : 0xa50;
  for (const [k, pfn] of plan.gdt.entries()) {
    setWord(view, plan.width, gdtFrames + plan.width * k, pfn);
  }
  setWord(view, plan.width, is64 ? 0x1360 : 0xa90, 512 * plan.gdt.length);
  setWord(view, plan.width, is64 ? 0x1390 : 0xaa8, cr3(plan.width, plan.tables[0] ?? 0));
  if (is64 && plan.userTable !== undefined) {
    view.setBigUint64(0x1380, (BigInt(plan.userTable) << 12n) | 1n, true);
  }
  return blob;
}

/** An EXTENDED blob; the size inside it governs what Xen reads. */
export function extendedBlob(id: number, bytes = 64): Uint8Array {
  const blob = new Uint8Array(bytes);
  const view = new DataView(blob.buffer);
  view.setUint32(0, id, true);
  view.setUint32(4, Math.min(bytes, 64), true);
  return blob;
}

/** An XSAVE blob: masks for x87 and SSE, then the legacy area and the header. */
export function xsaveBlob(): Uint8Array {
  const blob = new Uint8Array(16 + 576);
  const view = new DataView(blob.buffer);
  view.setBigUint64(0, 3n, true);
  view.setBigUint64(8, 3n, true);
  return blob;
}

/** Level of the table at `index` of a plan's tables. */
function levelOf(plan: PvPlan, index: number): number {
  return plan.tables.length - index;
}

/**
 * The entries of the special pages: ordinary ones, and the tables, each pointing to the next and
 * the L1 to every pfn in `mapped`. The top tables are pinned.
 */
export function specialEntries(plan: PvPlan, mapped: readonly number[] = []): PageEntry[] {
  const entries: PageEntry[] = [
    { pfn: plan.startInfo, page: startInfoPage(plan) },
    { pfn: plan.store, page: patternPage(plan.store) },
    { pfn: plan.console, page: patternPage(plan.console) },
    ...plan.p2m.map((pfn) => ({ pfn, page: patternPage(pfn) })),
    ...plan.gdt.map((pfn) => ({ pfn, page: patternPage(pfn) })),
  ];
  for (const [index, pfn] of plan.tables.entries()) {
    const below = plan.tables[index + 1];
    const targets = below === undefined ? mapped : [below];
    const page = wordsPage(targets.map((target, slot) => [slot, pte(target)]));
    const pin = index === 0 ? PAGE.PINNED : 0;
    entries.push({ pfn, type: levelOf(plan, index) | pin, page });
  }
  if (plan.userTable !== undefined) {
    const page = zeros(PAGE_BYTES);
    entries.push({ pfn: plan.userTable, type: PAGE.L4TAB | PAGE.PINNED, page });
  }
  return entries;
}

/** Special pages in the order of their pfns, from `from` on; `p2m` and `gdt` are one page each. */
export function simplePlan(width: PvWidth, maxPfn = 15, from = 1): PvPlan {
  const levels = width === 8 ? 4 : 3;
  const tables = Array.from({ length: levels }, (_, i) => from + 3 + i);
  const next = from + 3 + levels;
  return {
    width,
    maxPfn,
    startInfo: from,
    store: from + 1,
    console: from + 2,
    tables,
    p2m: [next],
    gdt: [next + 1],
  };
}

/** What a test wants of a PV stream; all of it may be left out. */
export interface PvStreamOptions {
  readonly version?: 2 | 3;
  /** Entries beside those of the special pages, one PAGE_DATA record for each list. */
  readonly batches?: readonly (readonly PageEntry[])[];
  /** Pfns that the L1 table maps. */
  readonly mapped?: readonly number[];
  readonly vcpus?: number;
}

/** The vcpu records of one vcpu. */
export function vcpuParts(plan: PvPlan, id: number): Part[] {
  return [
    vcpuRecord(REC.X86_PV_VCPU_BASIC, id, basicBlob(plan)),
    vcpuRecord(REC.X86_PV_VCPU_EXTENDED, id, extendedBlob(id)),
    vcpuRecord(REC.X86_PV_VCPU_XSAVE, id, xsaveBlob()),
  ];
}

/** A whole PV stream in the order real savers write it. */
export function pvStream(plan: PvPlan, options: PvStreamOptions = {}): Part[] {
  const { version = 3, batches = [], mapped = [], vcpus = 1 } = options;
  return [
    headers({ version, type: DOMAIN_PV, xenMinor: version === 3 ? 22 : 6 }),
    pvInfo(plan.width),
    ...(version === 3 ? [staticDataEnd()] : []),
    p2mFrames(0, plan.maxPfn, plan.p2m),
    pageData(specialEntries(plan, mapped)),
    ...batches.map((batch) => pageData(batch)),
    tscInfo(),
    sharedInfo(),
    ...Array.from({ length: vcpus }, (_, id) => vcpuParts(plan, id)).flat(),
    end(),
  ];
}
