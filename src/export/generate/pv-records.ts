/**
 * The records of a synthetic PV guest beside its pages: width, p2m frames, shared info, vcpus.
 * Source: libxc stream document; Xen public arch-x86/xen.h and xen.h (facts).
 */
import {
  GDT_FRAME_COUNT,
  SHARED_INFO_LAYOUT_32,
  SHARED_INFO_LAYOUT_64,
  VCPU_BASIC_BYTES_32,
  VCPU_BASIC_BYTES_64,
  VCPU_EXTENDED_LAYOUT,
} from "../../format/index.js";
import {
  decodeStruct,
  decodeVcpuContext32,
  decodeVcpuContext64,
  EntryTable,
  encodeStruct,
  encodeVcpuContext32,
  encodeVcpuContext64,
  RAW_U64,
  RECORD_CODECS,
  VCPU_MSR,
} from "../../stream/index.js";
import { fpuArea, libxcRecord, pvXsaveBlob } from "./cpu.js";
import type { RecordItem } from "./items.js";
import { GDT_FIRST_PFN, type PvLayout, START_INFO_PFN } from "./pv-layout.js";
import { Random } from "./random.js";

const GDT_ENTS = 512;
const VCPU_FLAGS = 0x5; // running in kernel mode, with an initialised FPU
const CR0 = 0x8005_003bn;
const CR4 = 0x660n;
const MSR_TSC_AUX = 0xc000_0103;
const WALL_CLOCK_SECONDS = 1_700_000_000;
const SELECTOR_64 = { cs: 0xe033, ss: 0xe02b } as const;
const SELECTOR_32 = { cs: 0xe019, ss: 0xe021 } as const;
const KERNEL_64 = 0xffff_ffff_8100_0000n;
const KERNEL_32 = 0xc100_0000;
const SYSCALL_CS = 0xe033;

/** X86_PV_INFO. */
export function pvInfoRecord(layout: PvLayout): RecordItem {
  const { type, codec } = RECORD_CODECS.X86_PV_INFO;
  const info = {
    guestWidth: layout.width,
    ptLevels: layout.levels,
    reserved: new Uint8Array(6),
    surplus: new Uint8Array(0),
  };
  return libxcRecord(type, codec.encode(info));
}

/** X86_PV_P2M_FRAMES for the whole guest, as savers write it. */
export function p2mFramesRecord(layout: PvLayout): RecordItem {
  const { type, codec } = RECORD_CODECS.X86_PV_P2M_FRAMES;
  const pfns = Array.from({ length: layout.p2mCount }, (_, i) => BigInt(layout.p2m + i));
  const frames = EntryTable.of(RAW_U64, pfns);
  return libxcRecord(type, codec.encode({ startPfn: 0, endPfn: layout.pageCount - 1, frames }));
}

/** SHARED_INFO. */
export function sharedInfoRecord(layout: PvLayout): RecordItem {
  const { type, codec } = RECORD_CODECS.SHARED_INFO;
  return libxcRecord(type, codec.encode({ page: sharedInfoPage(layout) }));
}

function sharedInfoPage(layout: PvLayout): Uint8Array {
  const clock = { wc_version: 2, wc_sec: WALL_CLOCK_SECONDS, wc_nsec: 500_000_000 };
  const maxPfn = layout.pageCount - 1;
  if (layout.width === 8) {
    const base = decodeStruct(SHARED_INFO_LAYOUT_64, new Uint8Array(SHARED_INFO_LAYOUT_64.bytes));
    return encodeStruct(SHARED_INFO_LAYOUT_64, {
      ...base,
      ...clock,
      evtchn_mask: new Uint8Array(512).fill(0xff),
      arch_max_pfn: BigInt(maxPfn),
      arch_pfn_to_mfn_frame_list_list: BigInt(layout.p2m),
    });
  }
  const base = decodeStruct(SHARED_INFO_LAYOUT_32, new Uint8Array(SHARED_INFO_LAYOUT_32.bytes));
  return encodeStruct(SHARED_INFO_LAYOUT_32, {
    ...base,
    ...clock,
    evtchn_mask: new Uint8Array(128).fill(0xff),
    arch_max_pfn: maxPfn,
    arch_pfn_to_mfn_frame_list_list: layout.p2m,
  });
}

/** The four records of one vcpu, as savers write them. */
export function vcpuRecords(layout: PvLayout, vcpuId: number, salt: number): RecordItem[] {
  const random = new Random(salt, vcpuId);
  const context =
    layout.width === 8 ? context64(layout, vcpuId, random) : context32(layout, vcpuId, random);
  const msrs = EntryTable.of(VCPU_MSR, [
    { index: MSR_TSC_AUX, reserved: 0, value: BigInt(vcpuId) },
  ]);
  const record = (
    name: "X86_PV_VCPU_BASIC" | "X86_PV_VCPU_EXTENDED" | "X86_PV_VCPU_XSAVE" | "X86_PV_VCPU_MSRS",
    blob: Uint8Array,
  ): RecordItem => {
    const { type, codec } = RECORD_CODECS[name];
    return libxcRecord(type, codec.encode({ vcpuId, reserved: 0, blob }));
  };
  return [
    record("X86_PV_VCPU_BASIC", context),
    record("X86_PV_VCPU_EXTENDED", extended(layout, vcpuId)),
    record("X86_PV_VCPU_XSAVE", pvXsaveBlob(random)),
    record("X86_PV_VCPU_MSRS", msrs.bytes),
  ];
}

function extended(layout: PvLayout, vcpu: number): Uint8Array {
  const bytes = VCPU_EXTENDED_LAYOUT.bytes;
  const zero = decodeStruct(VCPU_EXTENDED_LAYOUT, new Uint8Array(bytes));
  const eip = layout.width === 8 ? KERNEL_64 : BigInt(KERNEL_32);
  return encodeStruct(VCPU_EXTENDED_LAYOUT, {
    ...zero,
    vcpu,
    size: bytes,
    syscall32_callback_eip: eip,
    sysenter_callback_eip: eip,
    syscall32_callback_cs: SYSCALL_CS,
    sysenter_callback_cs: SYSCALL_CS,
  });
}

// Real gdt frames come first, the other slots are not used.
function gdtFrames(vcpuId: number): number[] {
  return Array.from({ length: GDT_FRAME_COUNT }, (_, i) => (i === 0 ? GDT_FIRST_PFN + vcpuId : 0));
}

function context64(layout: PvLayout, vcpuId: number, random: Random): Uint8Array {
  const zero = decodeVcpuContext64(new Uint8Array(VCPU_BASIC_BYTES_64));
  const cr3 = BigInt(layout.top) << 12n;
  const cr1 = (BigInt(layout.top + 1) << 12n) | 1n;
  return encodeVcpuContext64({
    ...zero,
    fpu_ctxt: fpuArea(random),
    flags: BigInt(VCPU_FLAGS),
    user_regs: {
      ...zero.user_regs,
      rax: random.next64(),
      rbx: random.next64(),
      rsi: random.next64(),
      rdi: random.next64(),
      rdx: vcpuId === 0 ? BigInt(START_INFO_PFN) : random.next64(),
      rip: KERNEL_64 + BigInt(random.below(0x80_0000)),
      rsp: KERNEL_64 + 0x100_0000n,
      rflags: 0x246n,
      ...SELECTOR_64,
    },
    gdt_frames: gdtFrames(vcpuId).map(BigInt),
    gdt_ents: BigInt(GDT_ENTS),
    kernel_ss: BigInt(SELECTOR_64.ss),
    kernel_sp: KERNEL_64 + 0x100_0000n,
    ctrlreg: [CR0, cr1, 0n, cr3, CR4, 0n, 0n, 0n],
    event_callback_eip: KERNEL_64,
    failsafe_callback_eip: KERNEL_64 + 0x100n,
    syscall_callback_eip: KERNEL_64 + 0x200n,
    gs_base_kernel: random.next64() & 0x7fff_ffff_f000n,
  });
}

function context32(layout: PvLayout, vcpuId: number, random: Random): Uint8Array {
  const zero = decodeVcpuContext32(new Uint8Array(VCPU_BASIC_BYTES_32));
  // Bits 31..20 of the pfn stand in the low bits.
  const cr3 = ((layout.top << 12) | (layout.top >>> 20)) >>> 0;
  return encodeVcpuContext32({
    ...zero,
    fpu_ctxt: fpuArea(random),
    flags: VCPU_FLAGS,
    user_regs: {
      ...zero.user_regs,
      eax: random.next(),
      ebx: random.next(),
      edx: vcpuId === 0 ? START_INFO_PFN : random.next(),
      eip: KERNEL_32 + random.below(0x80_0000),
      esp: KERNEL_32 + 0x100_0000,
      eflags: 0x246,
      ...SELECTOR_32,
    },
    gdt_frames: gdtFrames(vcpuId),
    gdt_ents: GDT_ENTS,
    kernel_ss: SELECTOR_32.ss,
    kernel_sp: KERNEL_32 + 0x100_0000,
    ctrlreg: [Number(CR0), 0, 0, cr3, Number(CR4), 0, 0, 0],
    event_callback_cs: SELECTOR_32.cs,
    event_callback_eip: KERNEL_32,
    failsafe_callback_cs: SELECTOR_32.cs,
    failsafe_callback_eip: KERNEL_32 + 0x100,
  });
}
