/**
 * The HVM context of a synthetic guest: one of each record that a saver writes, for a long-mode
 * guest in its idle loop, on the processor of cpu.ts. PVH guests lack the devices that they lack.
 * Sources: Xen public arch-x86/hvm/save.h (facts); Intel SDM volume 3A for register bits.
 */

import {
  type FieldSpec,
  HVM_CPU_LAYOUT,
  HVM_HEADER_MAGIC,
  HVM_HEADER_VERSION,
  HVM_HPET_LAYOUT,
  HVM_MSR_ENTRY_LAYOUT,
  HVM_MTRR_LAYOUT,
  HVM_PIT_LAYOUT,
  type HvmContextRecord,
  type HvmFields,
  type Layout,
  type Struct,
} from "../../format/index.js";
import {
  decodeStruct,
  EntryTable,
  encodeHvmContext,
  encodeStruct,
  hvmRecord,
} from "../../stream/index.js";
import { CPU_SIGNATURE, fpuArea, TSC_KHZ, XCR0, xsaveArea } from "./cpu.js";
import { Random } from "./random.js";

const CHANGESET_UNKNOWN = 0xffff_ffff_ffff_ffffn;
const CR0 = 0x8005_0033n; // PG AM WP NE ET MP PE
const CR4 = 0x6b0n; // OSXMMEXCPT OSFXSR PGE PAE PSE, without what a policy could lack
const EFER = 0xd01n; // NX LMA LME SCE
const RFLAGS = 0x246n;
const KERNEL_BASE = 0xffff_ffff_8100_0000n;
const STACK_BASE = 0xffff_8880_0000_0000n;
const RIGHTS = { code: 0xa9b, data: 0xc93, task: 0x8b, unusable: 0x1_0000 } as const;
const SELECTOR = { code: 0x10, data: 0x18, task: 0x40 } as const;
const LIMIT_FLAT = 0xffff_ffff;
const LAPIC_BASE = 0xfee0_0000n;
const LAPIC_ENABLED = 0x800n;
const LAPIC_BSP = 0x100n;
const LAPIC_REGS_BYTES = 1024;
const IOAPIC_BASE = 0xfec0_0000n;
const IOAPIC_PINS = 48;
const REDIRECTION_MASKED = 0x1_0000n;
const MTRR_CAP = 0x508n; // 8 variable ranges, fixed ranges, write combining
const MTRR_WRITE_BACK = 0xc06n;
const PAT_RESET = 0x0007_0406_0007_0406n;
const PIT_COUNT = 0x1_0000;
const VMCE_CAPS = 0x100_0802n;
const MSR_SPEC_CTRL = 0x48;

/** A structure whose fields are all zero, to be filled in. */
function zeroed<F extends readonly FieldSpec[]>(structure: Layout<F>): Struct<Layout<F>> {
  return decodeStruct(structure, new Uint8Array(structure.bytes));
}

/**
 * Make a context.
 *
 * @param salt  decides the registers
 * @param pvh   the guest has no emulated devices
 */
export function makeHvmContext(salt: number, vcpus: number, pvh: boolean): Uint8Array {
  const ids = Array.from({ length: vcpus }, (_, id) => id);
  const perVcpu = (make: (id: number) => HvmContextRecord): HvmContextRecord[] => ids.map(make);
  const devices = pvh ? { early: [], late: [] } : deviceRecords();
  return encodeHvmContext([
    hvmRecord("HEADER", 0, {
      magic: HVM_HEADER_MAGIC,
      version: HVM_HEADER_VERSION,
      changeset: CHANGESET_UNKNOWN,
      cpuid: CPU_SIGNATURE,
      gtsc_khz: TSC_KHZ,
    }),
    ...perVcpu((id) => hvmRecord("CPU", id, cpuFields(new Random(salt, id)))),
    ...devices.early,
    ...perVcpu((id) => hvmRecord("LAPIC", id, lapicFields(id))),
    ...perVcpu((id) => hvmRecord("LAPIC_REGS", id, { data: lapicRegisters(id) })),
    ...devices.late,
    ...perVcpu((id) => hvmRecord("MTRR", id, mtrrFields())),
    ...perVcpu((id) => hvmRecord("CPU_XSAVE", id, xsaveFields(new Random(salt, id + vcpus)))),
    ...perVcpu((id) =>
      hvmRecord("VMCE_VCPU", id, {
        caps: VMCE_CAPS,
        mci_ctl2_bank0: 0n,
        mci_ctl2_bank1: 0n,
        mcg_ext_ctl: 0n,
      }),
    ),
    ...perVcpu((id) => hvmRecord("TSC_ADJUST", id, { tsc_adjust: BigInt(id) })),
    ...perVcpu((id) => hvmRecord("CPU_MSR", id, msrFields())),
    hvmRecord("END", 0, {}),
  ]);
}

function cpuFields(random: Random): HvmFields["CPU"] {
  const register = (): bigint => random.next64();
  const data = { sel: SELECTOR.data, limit: LIMIT_FLAT, rights: RIGHTS.data };
  return {
    ...zeroed(HVM_CPU_LAYOUT),
    fpu_regs: fpuArea(random),
    rax: register(),
    rbx: register(),
    rcx: register(),
    rdx: register(),
    rsi: register(),
    rdi: register(),
    rbp: STACK_BASE + BigInt(random.below(0x1000_0000)),
    rsp: STACK_BASE + BigInt(random.below(0x1000_0000)),
    rip: KERNEL_BASE + BigInt(random.below(0x80_0000)),
    rflags: RFLAGS,
    cr0: CR0,
    cr2: register() & 0x7fff_ffff_f000n,
    cr3: BigInt(random.below(0x100)) << 12n,
    cr4: CR4,
    dr6: 0xffff_0ff0n,
    dr7: 0x400n,
    cs_sel: SELECTOR.code,
    cs_limit: LIMIT_FLAT,
    cs_arbytes: RIGHTS.code,
    ds_sel: data.sel,
    ds_limit: data.limit,
    ds_arbytes: data.rights,
    es_sel: data.sel,
    es_limit: data.limit,
    es_arbytes: data.rights,
    ss_sel: data.sel,
    ss_limit: data.limit,
    ss_arbytes: data.rights,
    fs_arbytes: RIGHTS.unusable,
    gs_arbytes: RIGHTS.unusable,
    ldtr_arbytes: RIGHTS.unusable,
    tr_sel: SELECTOR.task,
    tr_limit: 0x206f,
    tr_arbytes: RIGHTS.task,
    idtr_limit: 0xfff,
    gdtr_limit: 0x7f,
    idtr_base: 0xffff_fe00_0000_0000n,
    gdtr_base: 0xffff_fe00_0000_1000n,
    msr_lstar: KERNEL_BASE + 0x80_0000n,
    msr_star: 0x0023_0010_0000_0000n,
    msr_syscall_mask: 0x4_7700n,
    msr_efer: EFER,
    tsc: register() & 0xffff_ffff_ffffn,
    pending_event: 0,
    flags: 1,
  };
}

function deviceRecords(): { early: HvmContextRecord[]; late: HvmContextRecord[] } {
  return {
    early: [
      hvmRecord("PIC", 0, { ...picFields(0x30), bits: 0x40, elcr: 0 }),
      hvmRecord("PIC", 1, { ...picFields(0x38), bits: 0, elcr: 0x0c }),
      hvmRecord("IOAPIC", 0, {
        base_address: IOAPIC_BASE,
        ioregsel: 0,
        id: 1,
        redirtbl: Array<bigint>(IOAPIC_PINS).fill(REDIRECTION_MASKED),
      }),
    ],
    late: [
      hvmRecord("PCI_IRQ", 0, { pad: [0n, 0n] }),
      hvmRecord("ISA_IRQ", 0, { pad: 0n }),
      hvmRecord("PCI_LINK", 0, { route: [5, 10, 11, 5], pad0: [0, 0, 0, 0] }),
      hvmRecord("PIT", 0, pitFields()),
      hvmRecord("RTC", 0, {
        cmos_data: new Uint8Array(14),
        cmos_index: 0x0c,
        pad0: 0,
        rtc_offset: 0n,
      }),
      hvmRecord("HPET", 0, { ...zeroed(HVM_HPET_LAYOUT), capability: 0x0429_b17f_8086_a201n }),
      hvmRecord("PMTIMER", 0, { tmr_val: 0x12_3456, pm1a_sts: 1, pm1a_en: 0x120 }),
    ],
  };
}

function picFields(irqBase: number) {
  return { irr: 0, imr: 0xff, isr: 0, irq_base: irqBase, init_priority: 0, int_output: 0 };
}

function pitFields(): HvmFields["PIT"] {
  const channel = {
    ...zeroed(HVM_PIT_LAYOUT).channels[0]!,
    count: PIT_COUNT,
    rw_mode: 3,
    mode: 2,
  };
  const gated = { ...channel, gate: 1 };
  return { channels: [gated, gated, channel], speaker_data_on: 0, pad0: 0 };
}

function lapicFields(id: number): HvmFields["LAPIC"] {
  return {
    apic_base_msr: LAPIC_BASE | LAPIC_ENABLED | (id === 0 ? LAPIC_BSP : 0n),
    disabled: 0,
    timer_divisor: 1,
    tdt_msr: 0n,
    pending_esr: 0,
    pad: 0,
  };
}

function lapicRegisters(id: number): Uint8Array {
  const registers = new Uint8Array(LAPIC_REGS_BYTES);
  registers[0x23] = id * 2; // APIC id, in the upper byte of its register
  registers[0x30] = 0x14; // version
  registers[0xf1] = 1; // spurious vector: enabled
  return registers;
}

function mtrrFields(): HvmFields["MTRR"] {
  return {
    ...zeroed(HVM_MTRR_LAYOUT),
    msr_pat_cr: PAT_RESET,
    msr_mtrr_cap: MTRR_CAP,
    msr_mtrr_def_type: MTRR_WRITE_BACK,
  };
}

function xsaveFields(random: Random): HvmFields["CPU_XSAVE"] {
  return { xfeature_mask: XCR0, xcr0: XCR0, xcr0_accum: XCR0, area: xsaveArea(random) };
}

const MSR_ENTRY = {
  bytes: HVM_MSR_ENTRY_LAYOUT.bytes,
  read: (bytes: Uint8Array, offset: number) => decodeStruct(HVM_MSR_ENTRY_LAYOUT, bytes, offset),
  write(entry: Struct<typeof HVM_MSR_ENTRY_LAYOUT>, bytes: Uint8Array, offset: number) {
    bytes.set(encodeStruct(HVM_MSR_ENTRY_LAYOUT, entry), offset);
  },
};

function msrFields(): HvmFields["CPU_MSR"] {
  const entry = { index: MSR_SPEC_CTRL, _rsvd: 0, val: 1n };
  return { count: 1, pad: 0, msr: EntryTable.of(MSR_ENTRY, [entry]) };
}
