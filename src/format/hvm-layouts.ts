/**
 * Layouts of the HVM context records, by the field names of Xen's public headers. Drawings only:
 * lengths and codes stand in hvm-context.ts. Offsets in comments are those of the public layout.
 * Source: Xen public arch-x86/hvm/save.h (facts).
 */
import { layout } from "./layout.js";

export const HVM_HEADER_LAYOUT = layout([
  ["magic", "u32"],
  ["version", "u32"],
  ["changeset", "u64"], // all ones: unknown
  ["cpuid", "u32"], // leaf 1 eax of the saver
  ["gtsc_khz", "u32"], // 0: keep
]);

export const HVM_CPU_LAYOUT = layout([
  ["fpu_regs", "bytes", 512],
  ["rax", "u64"], // 0x200
  ["rbx", "u64"],
  ["rcx", "u64"],
  ["rdx", "u64"],
  ["rbp", "u64"],
  ["rsi", "u64"],
  ["rdi", "u64"],
  ["rsp", "u64"],
  ["r8", "u64"],
  ["r9", "u64"],
  ["r10", "u64"],
  ["r11", "u64"],
  ["r12", "u64"],
  ["r13", "u64"],
  ["r14", "u64"],
  ["r15", "u64"],
  ["rip", "u64"], // 0x280
  ["rflags", "u64"],
  ["cr0", "u64"], // 0x290
  ["cr2", "u64"],
  ["cr3", "u64"],
  ["cr4", "u64"],
  ["dr0", "u64"], // 0x2b0
  ["dr1", "u64"],
  ["dr2", "u64"],
  ["dr3", "u64"],
  ["dr6", "u64"],
  ["dr7", "u64"],
  ["cs_sel", "u32"], // 0x2e0
  ["ds_sel", "u32"],
  ["es_sel", "u32"],
  ["fs_sel", "u32"],
  ["gs_sel", "u32"],
  ["ss_sel", "u32"],
  ["tr_sel", "u32"],
  ["ldtr_sel", "u32"],
  ["cs_limit", "u32"], // 0x300
  ["ds_limit", "u32"],
  ["es_limit", "u32"],
  ["fs_limit", "u32"],
  ["gs_limit", "u32"],
  ["ss_limit", "u32"],
  ["tr_limit", "u32"],
  ["ldtr_limit", "u32"],
  ["idtr_limit", "u32"], // 0x320
  ["gdtr_limit", "u32"],
  ["cs_base", "u64"], // 0x328
  ["ds_base", "u64"],
  ["es_base", "u64"],
  ["fs_base", "u64"],
  ["gs_base", "u64"],
  ["ss_base", "u64"],
  ["tr_base", "u64"],
  ["ldtr_base", "u64"],
  ["idtr_base", "u64"], // 0x368
  ["gdtr_base", "u64"],
  ["cs_arbytes", "u32"], // 0x378
  ["ds_arbytes", "u32"],
  ["es_arbytes", "u32"],
  ["fs_arbytes", "u32"],
  ["gs_arbytes", "u32"],
  ["ss_arbytes", "u32"],
  ["tr_arbytes", "u32"],
  ["ldtr_arbytes", "u32"],
  ["sysenter_cs", "u64"], // 0x398
  ["sysenter_esp", "u64"],
  ["sysenter_eip", "u64"],
  ["shadow_gs", "u64"], // 0x3b0
  ["msr_flags", "u64"], // obsolete
  ["msr_lstar", "u64"], // 0x3c0
  ["msr_star", "u64"],
  ["msr_cstar", "u64"],
  ["msr_syscall_mask", "u64"],
  ["msr_efer", "u64"], // 0x3e0
  ["msr_tsc_aux", "u64"],
  ["tsc", "u64"], // 0x3f0
  ["pending_event", "u32"],
  ["error_code", "u32"],
  ["flags", "u32"], // 0x400, bit 0: the FPU is initialised
  ["pad0", "u32"],
]);

/** What follows msr_efer in the 1016-byte form, which has no msr_tsc_aux. */
export const HVM_CPU_OLD_TAIL_LAYOUT = layout([
  ["tsc", "u64"], // 0x3e8
  ["pending_event", "u32"],
  ["error_code", "u32"],
]);

export const HVM_PIC_LAYOUT = layout([
  ["irr", "u8"],
  ["imr", "u8"],
  ["isr", "u8"],
  ["irq_base", "u8"],
  ["init_priority", "u8"], // 7..4 priority | 3..0 init state
  ["bits", "u8"], // readsel_isr, poll, auto_eoi, rotate, fully_nested, special_mask, is_master
  ["elcr", "u8"],
  ["int_output", "u8"],
]);

export const HVM_IOAPIC_LAYOUT = layout([
  ["base_address", "u64"],
  ["ioregsel", "u32"],
  ["id", "u32"],
  ["redirtbl", "u64", 48],
]);

export const HVM_LAPIC_LAYOUT = layout([
  ["apic_base_msr", "u64"],
  ["disabled", "u32"],
  ["timer_divisor", "u32"],
  ["tdt_msr", "u64"],
  ["pending_esr", "u32"],
  ["pad", "u32"],
]);

export const HVM_LAPIC_REGS_LAYOUT = layout([["data", "bytes", 1024]]);
/** One bit per pin: 32 devices of 4 pins. */
export const HVM_PCI_IRQ_LAYOUT = layout([["pad", "u64", 2]]);
/** One bit per line: 16 of them, then filler. */
export const HVM_ISA_IRQ_LAYOUT = layout([["pad", "u64"]]);

export const HVM_PCI_LINK_LAYOUT = layout([
  ["route", "u8", 4],
  ["pad0", "u8", 4],
]);

export const HVM_PIT_CHANNEL_LAYOUT = layout([
  ["count", "u32"],
  ["latched_count", "u16"],
  ["count_latched", "u8"],
  ["status_latched", "u8"],
  ["status", "u8"],
  ["read_state", "u8"],
  ["write_state", "u8"],
  ["write_latch", "u8"],
  ["rw_mode", "u8"],
  ["mode", "u8"],
  ["bcd", "u8"],
  ["gate", "u8"],
]);

export const HVM_PIT_LAYOUT = layout([
  ["channels", HVM_PIT_CHANNEL_LAYOUT, 3],
  ["speaker_data_on", "u32"],
  ["pad0", "u32"],
]);

export const HVM_RTC_LAYOUT = layout([
  ["cmos_data", "bytes", 14],
  ["cmos_index", "u8"],
  ["pad0", "u8"],
  ["rtc_offset", "i64"], // to the host's time
]);

export const HVM_HPET_TIMER_LAYOUT = layout([
  ["config", "u64"],
  ["cmp", "u64"],
  ["fsb", "u64"],
  ["res4", "u64"],
]);

export const HVM_HPET_LAYOUT = layout([
  ["capability", "u64"],
  ["res0", "u64"],
  ["config", "u64"], // 0x10
  ["res1", "u64"],
  ["isr", "u64"], // 0x20
  ["res2", "u64", 25],
  ["mc64", "u64"], // 0xf0, the counter
  ["res3", "u64"],
  ["timers", HVM_HPET_TIMER_LAYOUT, 3], // 0x100
  ["res5", "u64", 84],
  ["period", "u64", 3], // 0x400
]);

export const HVM_PMTIMER_LAYOUT = layout([
  ["tmr_val", "u32"],
  ["pm1a_sts", "u16"],
  ["pm1a_en", "u16"],
]);

export const HVM_MTRR_LAYOUT = layout([
  ["msr_pat_cr", "u64"],
  ["msr_mtrr_var", "u64", 16], // base, mask of 8 ranges
  ["msr_mtrr_fixed", "u64", 11], // 0x88
  ["msr_mtrr_cap", "u64"], // 0xe0
  ["msr_mtrr_def_type", "u64"],
]);

export const HVM_VIRIDIAN_DOMAIN_LAYOUT = layout([
  ["hypercall_gpa", "u64"],
  ["guest_os_id", "u64"],
  ["time_ref_count", "u64"],
  ["reference_tsc", "u64"],
]);

export const HVM_VIRIDIAN_VCPU_LAYOUT = layout([
  ["vp_assist_msr", "u64"],
  ["vp_assist_pending", "u8"],
  ["pad", "u8", 7],
  ["simp_msr", "u64"], // 16
  ["sint_msr", "u64", 16],
  ["stimer_config_msr", "u64", 4], // 152
  ["stimer_count_msr", "u64", 4], // 184
]);

export const HVM_VMCE_VCPU_LAYOUT = layout([
  ["caps", "u64"],
  ["mci_ctl2_bank0", "u64"],
  ["mci_ctl2_bank1", "u64"],
  ["mcg_ext_ctl", "u64"],
]);

export const HVM_TSC_ADJUST_LAYOUT = layout([["tsc_adjust", "u64"]]);

export const HVM_XSAVE_HEAD_LAYOUT = layout([
  ["xfeature_mask", "u64"], // ignored
  ["xcr0", "u64"],
  ["xcr0_accum", "u64"],
]);

export const HVM_MSR_HEAD_LAYOUT = layout([
  ["count", "u32"],
  ["pad", "u32"],
]);

export const HVM_MSR_ENTRY_LAYOUT = layout([
  ["index", "u32"],
  ["_rsvd", "u32"],
  ["val", "u64"],
]);
