/**
 * Layouts of what a PV stream carries of a vcpu and of the shared info page, for guests of 64 and
 * 32 bits, by the field names of Xen's public headers. Drawings only; the codecs are stream/libxc.
 * Sources: libxc stream document; Xen public arch-x86/xen.h and xen.h (facts).
 */
import { fieldOffset, layout, type Struct } from "./layout.js";

/** Bytes of a guest's word, as X86_PV_INFO states it. */
export type GuestWidth = 4 | 8;

export const USER_REGS_LAYOUT_64 = layout([
  ["r15", "u64"],
  ["r14", "u64"],
  ["r13", "u64"],
  ["r12", "u64"],
  ["rbp", "u64"],
  ["rbx", "u64"],
  ["r11", "u64"],
  ["r10", "u64"],
  ["r9", "u64"],
  ["r8", "u64"],
  ["rax", "u64"],
  ["rcx", "u64"],
  ["rdx", "u64"], // 0x60: start info pfn of vcpu 0
  ["rsi", "u64"],
  ["rdi", "u64"],
  ["error_code", "u32"],
  ["entry_vector", "u32"],
  ["rip", "u64"], // 0x80
  ["cs", "u16"],
  ["_pad0", "u16"],
  ["saved_upcall_mask", "u8"],
  ["_pad1", "u8", 3],
  ["rflags", "u64"], // 0x90
  ["rsp", "u64"],
  ["ss", "u16"],
  ["_pad2", "u16", 3],
  ["es", "u16"],
  ["_pad3", "u16", 3],
  ["ds", "u16"],
  ["_pad4", "u16", 3],
  ["fs", "u16"],
  ["_pad5", "u16", 3],
  ["gs", "u16"],
  ["_pad6", "u16", 3],
]);

export const USER_REGS_LAYOUT_32 = layout([
  ["ebx", "u32"],
  ["ecx", "u32"],
  ["edx", "u32"], // 0x08: start info pfn of vcpu 0
  ["esi", "u32"],
  ["edi", "u32"],
  ["ebp", "u32"],
  ["eax", "u32"],
  ["error_code", "u16"],
  ["entry_vector", "u16"],
  ["eip", "u32"], // 0x20
  ["cs", "u16"],
  ["saved_upcall_mask", "u8"],
  ["_pad0", "u8"],
  ["eflags", "u32"],
  ["esp", "u32"],
  ["ss", "u16"],
  ["_pad1", "u16"],
  ["es", "u16"],
  ["_pad2", "u16"],
  ["ds", "u16"],
  ["_pad3", "u16"],
  ["fs", "u16"],
  ["_pad4", "u16"],
  ["gs", "u16"],
  ["_pad5", "u16"],
]);

export const TRAP_INFO_LAYOUT_64 = layout([
  ["vector", "u8"],
  ["flags", "u8"], // 1..0 privilege level, 2 clears the event enable
  ["cs", "u16"],
  ["_pad", "u32"],
  ["address", "u64"],
]);

export const TRAP_INFO_LAYOUT_32 = layout([
  ["vector", "u8"],
  ["flags", "u8"],
  ["cs", "u16"],
  ["address", "u32"],
]);

/** Traps of a vcpu context. */
export const TRAP_COUNT = 256;
/** GDT frames of a vcpu context. */
export const GDT_FRAME_COUNT = 16;

/** X86_PV_VCPU_BASIC of a 64-bit guest: 0x1430 bytes. */
export const VCPU_CONTEXT_LAYOUT_64 = layout([
  ["fpu_ctxt", "bytes", 512],
  ["flags", "u64"], // 0x0200
  ["user_regs", USER_REGS_LAYOUT_64],
  ["trap_ctxt", TRAP_INFO_LAYOUT_64, TRAP_COUNT], // 0x02d0
  ["ldt_base", "u64"], // 0x12d0
  ["ldt_ents", "u64"],
  ["gdt_frames", "u64", GDT_FRAME_COUNT], // 0x12e0
  ["gdt_ents", "u64"], // 0x1360
  ["kernel_ss", "u64"],
  ["kernel_sp", "u64"],
  ["ctrlreg", "u64", 8], // 0x1378
  ["debugreg", "u64", 8], // 0x13b8
  ["event_callback_eip", "u64"],
  ["failsafe_callback_eip", "u64"],
  ["syscall_callback_eip", "u64"],
  ["vm_assist", "u64"], // 0x1410
  ["fs_base", "u64"],
  ["gs_base_kernel", "u64"],
  ["gs_base_user", "u64"],
]);

/** X86_PV_VCPU_BASIC of a 32-bit guest: 0xaf0 bytes. */
export const VCPU_CONTEXT_LAYOUT_32 = layout([
  ["fpu_ctxt", "bytes", 512],
  ["flags", "u32"], // 0x200
  ["user_regs", USER_REGS_LAYOUT_32],
  ["trap_ctxt", TRAP_INFO_LAYOUT_32, TRAP_COUNT], // 0x248
  ["ldt_base", "u32"], // 0xa48
  ["ldt_ents", "u32"],
  ["gdt_frames", "u32", GDT_FRAME_COUNT], // 0xa50
  ["gdt_ents", "u32"], // 0xa90
  ["kernel_ss", "u32"],
  ["kernel_sp", "u32"],
  ["ctrlreg", "u32", 8], // 0xa9c
  ["debugreg", "u32", 8], // 0xabc
  ["event_callback_cs", "u32"],
  ["event_callback_eip", "u32"],
  ["failsafe_callback_cs", "u32"],
  ["failsafe_callback_eip", "u32"],
  ["vm_assist", "u32"], // 0xaec
]);

/** Fields of the context of a 64-bit vcpu. */
export type VcpuContext64 = Struct<typeof VCPU_CONTEXT_LAYOUT_64>;
/** Fields of the context of a 32-bit vcpu. */
export type VcpuContext32 = Struct<typeof VCPU_CONTEXT_LAYOUT_32>;

/** Where the fields of a vcpu context stand that a restorer looks at; words of guest width. */
export interface VcpuOffsets {
  readonly flags: number;
  /** In vcpu 0: start info pfn. */
  readonly edx: number;
  /** GDT_FRAME_COUNT words. */
  readonly gdtFrames: number;
  readonly gdtEnts: number;
  readonly cr1: number;
  readonly cr3: number;
}

/** VcpuOffsets by guest width, from the first byte of the context. */
export const PV_VCPU_LAYOUT: Readonly<Record<GuestWidth, VcpuOffsets>> = {
  8: {
    flags: fieldOffset(VCPU_CONTEXT_LAYOUT_64, "flags"),
    edx: fieldOffset(VCPU_CONTEXT_LAYOUT_64, "user_regs") + fieldOffset(USER_REGS_LAYOUT_64, "rdx"),
    gdtFrames: fieldOffset(VCPU_CONTEXT_LAYOUT_64, "gdt_frames"),
    gdtEnts: fieldOffset(VCPU_CONTEXT_LAYOUT_64, "gdt_ents"),
    cr1: fieldOffset(VCPU_CONTEXT_LAYOUT_64, "ctrlreg") + 8,
    cr3: fieldOffset(VCPU_CONTEXT_LAYOUT_64, "ctrlreg") + 24,
  },
  4: {
    flags: fieldOffset(VCPU_CONTEXT_LAYOUT_32, "flags"),
    edx: fieldOffset(VCPU_CONTEXT_LAYOUT_32, "user_regs") + fieldOffset(USER_REGS_LAYOUT_32, "edx"),
    gdtFrames: fieldOffset(VCPU_CONTEXT_LAYOUT_32, "gdt_frames"),
    gdtEnts: fieldOffset(VCPU_CONTEXT_LAYOUT_32, "gdt_ents"),
    cr1: fieldOffset(VCPU_CONTEXT_LAYOUT_32, "ctrlreg") + 4,
    cr3: fieldOffset(VCPU_CONTEXT_LAYOUT_32, "ctrlreg") + 12,
  },
};

/** X86_PV_VCPU_EXTENDED as savers write it now; the first 56 bytes of it before 4.10. */
export const VCPU_EXTENDED_LAYOUT = layout([
  ["vcpu", "u32"],
  ["size", "u32"], // of what the hypervisor reads of this
  ["syscall32_callback_eip", "u64"],
  ["sysenter_callback_eip", "u64"],
  ["syscall32_callback_cs", "u16"],
  ["sysenter_callback_cs", "u16"],
  ["syscall32_disables_events", "u8"],
  ["sysenter_disables_events", "u8"],
  ["_pad0", "u16"],
  ["mcg_cap", "u64"], // 32
  ["mci_ctl2_bank0", "u64"],
  ["mci_ctl2_bank1", "u64"],
  ["mcg_ext_ctl", "u64"], // 56
]);

/** Least `size` field of VCPU_EXTENDED that a hypervisor takes. */
export const VCPU_EXTENDED_SIZE_MIN = 32;

/** Head of X86_PV_VCPU_XSAVE; the uncompressed area follows. */
export const VCPU_XSAVE_LAYOUT = layout([
  ["xcr0", "u64"],
  ["xcr0_accum", "u64"],
]);

/** Legacy area and header of an XSAVE area. */
export const XSAVE_LEGACY_BYTES = 512;
export const XSAVE_HEADER_BYTES = 64;

const VCPU_TIME_LAYOUT = layout([
  ["version", "u32"],
  ["pad0", "u32"],
  ["tsc_timestamp", "u64"],
  ["system_time", "u64"],
  ["tsc_to_system_mul", "u32"],
  ["tsc_shift", "i8"],
  ["flags", "u8"],
  ["pad1", "u8", 2],
]);

export const VCPU_INFO_LAYOUT_64 = layout([
  ["evtchn_upcall_pending", "u8"],
  ["evtchn_upcall_mask", "u8"],
  ["_pad", "u8", 6],
  ["evtchn_pending_sel", "u64"], // 8
  ["arch_cr2", "u64"],
  ["arch_pad", "u64"],
  ["time", VCPU_TIME_LAYOUT], // 32
]);

export const VCPU_INFO_LAYOUT_32 = layout([
  ["evtchn_upcall_pending", "u8"],
  ["evtchn_upcall_mask", "u8"],
  ["_pad", "u8", 2],
  ["evtchn_pending_sel", "u32"], // 4
  ["arch_cr2", "u32"],
  ["arch_pad", "u32", 5],
  ["time", VCPU_TIME_LAYOUT], // 32
]);

/** Entries of vcpu_info in a shared info page. */
export const VCPU_INFO_COUNT = 32;

export const SHARED_INFO_LAYOUT_64 = layout([
  ["vcpu_info", VCPU_INFO_LAYOUT_64, VCPU_INFO_COUNT],
  ["evtchn_pending", "bytes", 512], // 0x800
  ["evtchn_mask", "bytes", 512], // 0xa00
  ["wc_version", "u32"], // 0xc00
  ["wc_sec", "u32"],
  ["wc_nsec", "u32"],
  ["wc_sec_hi", "u32"],
  ["arch_max_pfn", "u64"], // 0xc10
  ["arch_pfn_to_mfn_frame_list_list", "u64"],
  ["arch_nmi_reason", "u64"],
  ["arch_p2m_cr3", "u64"],
  ["arch_p2m_vaddr", "u64"],
  ["arch_p2m_generation", "u64"],
  ["rest", "bytes", 0x3c0], // 0xc40
]);

export const SHARED_INFO_LAYOUT_32 = layout([
  ["vcpu_info", VCPU_INFO_LAYOUT_32, VCPU_INFO_COUNT],
  ["evtchn_pending", "bytes", 128], // 0x800
  ["evtchn_mask", "bytes", 128], // 0x880
  ["wc_version", "u32"], // 0x900
  ["wc_sec", "u32"],
  ["wc_nsec", "u32"],
  ["arch_max_pfn", "u32"], // 0x90c
  ["arch_pfn_to_mfn_frame_list_list", "u32"],
  ["arch_nmi_reason", "u32"],
  ["arch_p2m_cr3", "u32"],
  ["arch_p2m_vaddr", "u32"],
  ["arch_p2m_generation", "u32"],
  ["arch_wc_sec_hi", "u32"],
  ["rest", "bytes", 0x6d8], // 0x928
]);

/** Offsets of the start info page's fields that a restore writes, by guest width in bytes. */
export const PV_START_INFO_LAYOUT = {
  8: {
    nrPages: 0x20,
    sharedInfo: 0x28,
    flags: 0x30,
    storeMfn: 0x38,
    storePort: 0x40,
    consoleMfn: 0x48,
    consolePort: 0x50,
  },
  4: {
    nrPages: 0x20,
    sharedInfo: 0x24,
    flags: 0x28,
    storeMfn: 0x2c,
    storePort: 0x30,
    consoleMfn: 0x34,
    consolePort: 0x38,
  },
} as const;
