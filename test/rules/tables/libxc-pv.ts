/**
 * Rows of what a PV stream adds: LC-PV, LC-SIM, and of the registers of all guests: LC-TSC.
 */
import { concat, u8, u32le, u64le, wordsPage, zeros } from "../../builders/bytes.js";
import { PAGE, p2mFrames, pvInfo, REC, tscInfo, vcpuRecord } from "../../builders/libxc.js";
import { libxcRecord, type Part, without } from "../../builders/parts.js";
import { basicBlob, extendedBlob, pte } from "../../builders/pv.js";
import { beforeEnd, hvm, instead, PLAN, pv, pvWith, type RuleRow, row } from "./row.js";

const info = (...parts: Part[]): Part[] => instead(pv(), REC.X86_PV_INFO, ...parts);
const p2m = (...parts: Part[]): Part[] => instead(pv(), REC.X86_PV_P2M_FRAMES, ...parts);
const shared = (bytes: number): Part[] =>
  instead(pv(), REC.SHARED_INFO, libxcRecord(REC.SHARED_INFO, zeros(bytes)));
const extra = (...parts: Part[]): Part[] => beforeEnd(pv(), ...parts);
const table = (type: number, slot: number, entry: bigint): Part[] =>
  pv({ batches: [[{ pfn: 14, type, page: wordsPage([[slot, entry]]) }]] });
const basic = (bytes: number): Part[] => {
  const blob = concat(basicBlob(PLAN), zeros(8)).subarray(0, bytes);
  return instead(pv(), REC.X86_PV_VCPU_BASIC, vcpuRecord(REC.X86_PV_VCPU_BASIC, 0, blob));
};
const innerSize = (size: number): Part[] => {
  const blob = concat(u32le(0), u32le(size), zeros(56));
  return instead(pv(), REC.X86_PV_VCPU_EXTENDED, vcpuRecord(REC.X86_PV_VCPU_EXTENDED, 0, blob));
};
const msr = (index: number): Part[] =>
  extra(vcpuRecord(REC.X86_PV_VCPU_MSRS, 0, concat(u32le(index), u32le(0), u64le(1))));
const extended = (id: number, reserved = 0): Part =>
  vcpuRecord(REC.X86_PV_VCPU_EXTENDED, id, extendedBlob(id), reserved);
const tsc = (part: Part): Part[] => instead(hvm(), REC.X86_TSC_INFO, part);
const moved = (type: number, before: number): Part[] => {
  const part = pv().filter((candidate) => candidate.type === type);
  return without(pv(), type).flatMap((one) => (one.type === before ? [...part, one] : [one]));
};

export const LIBXC_PV: readonly RuleRow[] = [
  row("LC-PV-1", "width 8 with 3 levels", () => info(pvInfo(8, 3)), pv),
  row("LC-PV-2", "7 bytes", () => info(libxcRecord(REC.X86_PV_INFO, zeros(7))), pv),
  row(
    "LC-PV-2/long",
    "16 bytes",
    () => info(libxcRecord(REC.X86_PV_INFO, concat(u8(8), u8(4), zeros(14)))),
    pv,
  ),
  row(
    "LC-PV-3",
    "a reserved byte is 1",
    () => info(libxcRecord(REC.X86_PV_INFO, concat(u8(8), u8(4), u8(1), zeros(5)))),
    pv,
  ),
  row("LC-PV-4", "two X86_PV_INFO", () => info(pvInfo(8), pvInfo(8)), pv),
  row("LC-PV-5", "a start behind the end", () => p2m(p2mFrames(16, 15, PLAN.p2m)), pv),
  row("LC-PV-6", "a frame too many", () => p2m(p2mFrames(0, 15, [8, 9])), pv),
  row(
    "LC-PV-7",
    "P2M_FRAMES before X86_PV_INFO",
    () => moved(REC.X86_PV_P2M_FRAMES, REC.X86_PV_INFO),
    pv,
  ),
  row("LC-PV-9", "an end_pfn of 0", () => p2m(p2mFrames(0, 0, PLAN.p2m)), pv),
  row(
    "LC-PV-10",
    "SHARED_INFO of 4095 bytes",
    () => shared(4095),
    () => shared(4096),
  ),
  row("LC-PV-11", "SHARED_INFO first", () => moved(REC.SHARED_INFO, REC.X86_PV_INFO), pv),
  row(
    "LC-PV-12",
    "a vcpu record of 7 bytes",
    () => extra(libxcRecord(REC.X86_PV_VCPU_MSRS, zeros(7))),
    pv,
  ),
  row(
    "LC-PV-12/empty",
    "a vcpu record of nothing but its head",
    () => extra(libxcRecord(REC.X86_PV_VCPU_MSRS, zeros(8))),
    () => msr(0x48),
  ),
  row(
    "LC-PV-13",
    "a reserved word of 1",
    () => extra(extended(1, 1)),
    () => extra(extended(1)),
  ),
  row(
    "LC-PV-14",
    "vcpu 2 of 2",
    () => extra(extended(2)),
    () => extra(extended(1)),
  ),
  row("LC-PV-14/assumed", "nobody tells the vcpus", pv, pv, { vcpus: null }, { vcpus: 1 }),
  row(
    "LC-PV-15",
    "BASIC of 5167 bytes",
    () => basic(5167),
    () => basic(5168),
  ),
  row(
    "LC-PV-15/inner-size",
    "an inner size of 31",
    () => innerSize(31),
    () => innerSize(32),
  ),
  row(
    "LC-PV-15/msr-entry",
    "MSR 0x10",
    () => msr(0x10),
    () => msr(0x48),
  ),
  row(
    "LC-PV-16",
    "a second EXTENDED of vcpu 0",
    () => extra(extended(0)),
    () => extra(extended(1)),
  ),
  row("LC-PV-17", "no BASIC", () => without(pv(), REC.X86_PV_VCPU_BASIC), pv),
  row(
    "LC-PV-20",
    "start info in a page table",
    () => pvWith({ startInfo: PLAN.tables[0] as number }),
    pv,
  ),
  row("LC-PV-21", "a gdt in a page table", () => pvWith({ gdt: [PLAN.tables[0] as number] }), pv),
  row("LC-PV-22", "cr3 at the store page", () => pvWith({ tables: [PLAN.store] }), pv),
  row(
    "LC-PV-23",
    "cr1 at the store page",
    () => pvWith({ userTable: PLAN.store }),
    () => pvWith({ userTable: PLAN.tables[0] as number }),
  ),
  row("LC-PV-25", "a p2m frame that is a page table", () => p2m(p2mFrames(0, 15, [4])), pv),
  row(
    "LC-SIM-5",
    "an entry for pfn 16",
    () => pv({ mapped: [16] }),
    () => pv({ mapped: [15] }),
  ),
  row(
    "LC-SIM-7",
    "slot 256 of an L4 table",
    () => table(PAGE.L4TAB, 256, pte(1)),
    () => table(PAGE.L4TAB, 255, pte(1)),
  ),
  row(
    "LC-SIM-7",
    "a superpage at level 2",
    () => table(PAGE.L2TAB, 0, pte(1) | 0x80n),
    () => table(PAGE.L1TAB, 0, pte(1) | 0x80n),
  ),
  row(
    "LC-TSC-1",
    "23 bytes",
    () => tsc(libxcRecord(REC.X86_TSC_INFO, zeros(23))),
    () => tsc(libxcRecord(REC.X86_TSC_INFO, zeros(24))),
  ),
  row("LC-TSC-2", "a reserved word of 1", () => tsc(tscInfo({ reserved: 1 })), hvm),
  row(
    "LC-TSC-3",
    "mode 3",
    () => tsc(tscInfo({ mode: 3 })),
    () => tsc(tscInfo({ mode: 2 })),
  ),
];
