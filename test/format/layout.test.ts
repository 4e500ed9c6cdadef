/** Layouts against the offsets that the documents and public headers give. */
import { describe, expect, it } from "vitest";
import * as format from "../../src/format/index.js";
import {
  fieldOffset,
  HVM_CPU_LAYOUT,
  HVM_HPET_LAYOUT,
  HVM_MTRR_LAYOUT,
  HVM_TYPES,
  HVM_VIRIDIAN_VCPU_LAYOUT,
  layout,
  PV_VCPU_LAYOUT,
  SHARED_INFO_LAYOUT_32,
  SHARED_INFO_LAYOUT_64,
  USER_REGS_LAYOUT_32,
  USER_REGS_LAYOUT_64,
  VCPU_BASIC_BYTES_32,
  VCPU_BASIC_BYTES_64,
  VCPU_CONTEXT_LAYOUT_32,
  VCPU_CONTEXT_LAYOUT_64,
  VCPU_EXTENDED_LAYOUT,
  VCPU_INFO_LAYOUT_32,
  VCPU_INFO_LAYOUT_64,
} from "../../src/format/index.js";

describe("a layout", () => {
  const inner = layout([
    ["a", "u16"],
    ["b", "u8", 3],
  ]);
  const outer = layout([
    ["head", "u8"],
    ["blob", "bytes", 5],
    ["items", inner, 4],
    ["tail", "i64"],
  ]);

  it("chains its fields without gaps", () => {
    expect(inner.bytes).toBe(5);
    expect(outer.bytes).toBe(1 + 5 + 20 + 8);
    expect(fieldOffset(outer, "items")).toBe(6);
    expect(fieldOffset(outer, "tail")).toBe(26);
  });
});

describe("the layouts of a PV vcpu stand as the document draws them", () => {
  const at64 = (name: Parameters<typeof fieldOffset<typeof VCPU_CONTEXT_LAYOUT_64.fields>>[1]) =>
    fieldOffset(VCPU_CONTEXT_LAYOUT_64, name);
  const at32 = (name: Parameters<typeof fieldOffset<typeof VCPU_CONTEXT_LAYOUT_32.fields>>[1]) =>
    fieldOffset(VCPU_CONTEXT_LAYOUT_32, name);

  it("with the whole size of each context", () => {
    expect(VCPU_CONTEXT_LAYOUT_64.bytes).toBe(VCPU_BASIC_BYTES_64);
    expect(VCPU_CONTEXT_LAYOUT_32.bytes).toBe(VCPU_BASIC_BYTES_32);
    expect(USER_REGS_LAYOUT_64.bytes).toBe(200);
    expect(USER_REGS_LAYOUT_32.bytes).toBe(68);
  });

  it("64-bit: flags, registers, traps, tables, control registers, assists", () => {
    expect(at64("flags")).toBe(0x200);
    expect(at64("user_regs")).toBe(0x208);
    expect(at64("user_regs") + fieldOffset(USER_REGS_LAYOUT_64, "rip")).toBe(0x288);
    expect(at64("user_regs") + fieldOffset(USER_REGS_LAYOUT_64, "rflags")).toBe(0x298);
    expect(at64("user_regs") + fieldOffset(USER_REGS_LAYOUT_64, "rsp")).toBe(0x2a0);
    expect(at64("trap_ctxt")).toBe(0x2d0);
    expect(at64("ldt_base")).toBe(0x12d0);
    expect(at64("ldt_ents")).toBe(0x12d8);
    expect(at64("gdt_frames")).toBe(0x12e0);
    expect(at64("gdt_ents")).toBe(0x1360);
    expect(at64("kernel_ss")).toBe(0x1368);
    expect(at64("kernel_sp")).toBe(0x1370);
    expect(at64("ctrlreg")).toBe(0x1378);
    expect(at64("debugreg")).toBe(0x13b8);
    expect(at64("vm_assist")).toBe(0x1410);
  });

  it("32-bit: flags, registers, traps, tables, control registers, assists", () => {
    expect(at32("flags")).toBe(0x200);
    expect(at32("user_regs")).toBe(0x204);
    expect(at32("user_regs") + fieldOffset(USER_REGS_LAYOUT_32, "eip")).toBe(0x224);
    expect(at32("user_regs") + fieldOffset(USER_REGS_LAYOUT_32, "eflags")).toBe(0x22c);
    expect(at32("user_regs") + fieldOffset(USER_REGS_LAYOUT_32, "esp")).toBe(0x230);
    expect(at32("trap_ctxt")).toBe(0x248);
    expect(at32("ldt_base")).toBe(0xa48);
    expect(at32("ldt_ents")).toBe(0xa4c);
    expect(at32("gdt_frames")).toBe(0xa50);
    expect(at32("gdt_ents")).toBe(0xa90);
    expect(at32("kernel_ss")).toBe(0xa94);
    expect(at32("kernel_sp")).toBe(0xa98);
    expect(at32("ctrlreg")).toBe(0xa9c);
    expect(at32("debugreg")).toBe(0xabc);
    expect(at32("vm_assist")).toBe(0xaec);
  });

  it("with what a restorer looks at where it looks", () => {
    expect(PV_VCPU_LAYOUT[8]).toEqual({
      flags: 0x200,
      edx: 0x268,
      gdtFrames: 0x12e0,
      gdtEnts: 0x1360,
      cr1: 0x1380,
      cr3: 0x1390,
    });
    expect(PV_VCPU_LAYOUT[4]).toEqual({
      flags: 0x200,
      edx: 0x20c,
      gdtFrames: 0xa50,
      gdtEnts: 0xa90,
      cr1: 0xaa0,
      cr3: 0xaa8,
    });
  });

  it("and the extended context", () => {
    expect(fieldOffset(VCPU_EXTENDED_LAYOUT, "syscall32_callback_cs")).toBe(24);
    expect(fieldOffset(VCPU_EXTENDED_LAYOUT, "sysenter_disables_events")).toBe(29);
    expect(fieldOffset(VCPU_EXTENDED_LAYOUT, "mcg_cap")).toBe(32);
    expect(fieldOffset(VCPU_EXTENDED_LAYOUT, "mcg_ext_ctl")).toBe(56);
    expect(VCPU_EXTENDED_LAYOUT.bytes).toBe(64);
  });
});

describe("the layouts of the shared info page", () => {
  it("fill a page and hold 32 vcpu_info of 64 bytes", () => {
    expect(SHARED_INFO_LAYOUT_64.bytes).toBe(4096);
    expect(SHARED_INFO_LAYOUT_32.bytes).toBe(4096);
    expect(VCPU_INFO_LAYOUT_64.bytes).toBe(64);
    expect(VCPU_INFO_LAYOUT_32.bytes).toBe(64);
    expect(fieldOffset(VCPU_INFO_LAYOUT_64, "evtchn_pending_sel")).toBe(8);
    expect(fieldOffset(VCPU_INFO_LAYOUT_32, "evtchn_pending_sel")).toBe(4);
  });

  it("have event channels and the arch part where the document draws them", () => {
    expect(fieldOffset(SHARED_INFO_LAYOUT_64, "evtchn_pending")).toBe(0x800);
    expect(fieldOffset(SHARED_INFO_LAYOUT_64, "evtchn_mask")).toBe(0xa00);
    expect(fieldOffset(SHARED_INFO_LAYOUT_64, "arch_max_pfn")).toBe(0xc10);
    expect(fieldOffset(SHARED_INFO_LAYOUT_64, "arch_pfn_to_mfn_frame_list_list")).toBe(0xc18);
    expect(fieldOffset(SHARED_INFO_LAYOUT_64, "rest")).toBe(0xc10 + 48);
    expect(fieldOffset(SHARED_INFO_LAYOUT_32, "evtchn_pending")).toBe(0x800);
    expect(fieldOffset(SHARED_INFO_LAYOUT_32, "evtchn_mask")).toBe(0x880);
    expect(fieldOffset(SHARED_INFO_LAYOUT_32, "arch_max_pfn")).toBe(0x90c);
    expect(fieldOffset(SHARED_INFO_LAYOUT_32, "arch_pfn_to_mfn_frame_list_list")).toBe(0x910);
    expect(fieldOffset(SHARED_INFO_LAYOUT_32, "rest")).toBe(0x90c + 28);
  });
});

describe("the layouts of HVM context records", () => {
  const LAYOUTS: Readonly<Record<string, { readonly bytes: number } | undefined>> = {
    HEADER: format.HVM_HEADER_LAYOUT,
    CPU: format.HVM_CPU_LAYOUT,
    PIC: format.HVM_PIC_LAYOUT,
    IOAPIC: format.HVM_IOAPIC_LAYOUT,
    LAPIC: format.HVM_LAPIC_LAYOUT,
    LAPIC_REGS: format.HVM_LAPIC_REGS_LAYOUT,
    PCI_IRQ: format.HVM_PCI_IRQ_LAYOUT,
    ISA_IRQ: format.HVM_ISA_IRQ_LAYOUT,
    PCI_LINK: format.HVM_PCI_LINK_LAYOUT,
    PIT: format.HVM_PIT_LAYOUT,
    RTC: format.HVM_RTC_LAYOUT,
    HPET: format.HVM_HPET_LAYOUT,
    PMTIMER: format.HVM_PMTIMER_LAYOUT,
    MTRR: format.HVM_MTRR_LAYOUT,
    VIRIDIAN_DOMAIN: format.HVM_VIRIDIAN_DOMAIN_LAYOUT,
    VIRIDIAN_VCPU: format.HVM_VIRIDIAN_VCPU_LAYOUT,
    VMCE_VCPU: format.HVM_VMCE_VCPU_LAYOUT,
    TSC_ADJUST: format.HVM_TSC_ADJUST_LAYOUT,
  };

  it.each(HVM_TYPES.filter((type) => type.rule !== "open"))(
    "have the present length: $name, $bytes bytes",
    ({ name, bytes }) => {
      expect(LAYOUTS[name]?.bytes).toBe(bytes);
    },
  );

  it("have the fields of the CPU record where the public header has them", () => {
    const at = (name: Parameters<typeof fieldOffset<typeof HVM_CPU_LAYOUT.fields>>[1]) =>
      fieldOffset(HVM_CPU_LAYOUT, name);
    expect(at("rax")).toBe(0x200);
    expect(at("rip")).toBe(0x280);
    expect(at("cr0")).toBe(0x290);
    expect(at("cr4")).toBe(0x2a8);
    expect(at("dr6")).toBe(0x2d0);
    expect(at("cs_sel")).toBe(0x2e0);
    expect(at("cs_limit")).toBe(0x300);
    expect(at("idtr_limit")).toBe(0x320);
    expect(at("cs_base")).toBe(0x328);
    expect(at("gdtr_base")).toBe(0x370);
    expect(at("cs_arbytes")).toBe(0x378);
    expect(at("sysenter_cs")).toBe(0x398);
    expect(at("shadow_gs")).toBe(0x3b0);
    expect(at("msr_flags")).toBe(0x3b8);
    expect(at("msr_lstar")).toBe(0x3c0);
    expect(at("msr_efer")).toBe(0x3e0);
    expect(at("msr_tsc_aux")).toBe(0x3e8);
    expect(at("tsc")).toBe(0x3f0);
    expect(at("pending_event")).toBe(0x3f8);
    expect(at("flags")).toBe(0x400);
  });

  it("have the fields of HPET, MTRR and VIRIDIAN_VCPU where the public header has them", () => {
    expect(fieldOffset(HVM_HPET_LAYOUT, "config")).toBe(0x10);
    expect(fieldOffset(HVM_HPET_LAYOUT, "isr")).toBe(0x20);
    expect(fieldOffset(HVM_HPET_LAYOUT, "mc64")).toBe(0xf0);
    expect(fieldOffset(HVM_HPET_LAYOUT, "timers")).toBe(0x100);
    expect(fieldOffset(HVM_HPET_LAYOUT, "period")).toBe(0x400);
    expect(fieldOffset(HVM_MTRR_LAYOUT, "msr_mtrr_fixed")).toBe(0x88);
    expect(fieldOffset(HVM_MTRR_LAYOUT, "msr_mtrr_cap")).toBe(0xe0);
    expect(fieldOffset(HVM_VIRIDIAN_VCPU_LAYOUT, "simp_msr")).toBe(16);
    expect(fieldOffset(HVM_VIRIDIAN_VCPU_LAYOUT, "stimer_config_msr")).toBe(152);
    expect(fieldOffset(HVM_VIRIDIAN_VCPU_LAYOUT, "stimer_count_msr")).toBe(184);
  });
});
