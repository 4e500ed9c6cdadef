/**
 * What the records of an HVM context say, rule by rule: one that fires and one that just does not.
 */
import { describe, expect, it } from "vitest";
import { checkHvmContext, type HvmContextFacts } from "../../src/checks/index.js";
import { MAX_FAULTS_PER_BODY } from "../../src/findings/index.js";
import {
  CPUID_NO_SUBLEAF,
  type CpuidLeaf,
  HVM_TYPE_NAMES,
  HVM_TYPES,
  type HvmContextRecord,
  type HvmTypeName,
} from "../../src/format/index.js";
import { decodeHvmRecord } from "../../src/stream/hvm-context/records.js";
import { withByte, withU32, words } from "../stream/support.js";

const RECORD_AT = 2000;
const BODY_AT = RECORD_AT + 8;
const FACTS: HvmContextFacts = {
  vcpus: 1,
  place: { layer: "libxc", byteOffset: 1000, recordIndex: 5, recordType: "HVM_CONTEXT" },
};

/** A record of these bytes, the second of its chain. */
function record(name: HvmTypeName, body: Uint8Array, instance = 0): HvmContextRecord {
  const typecode = HVM_TYPE_NAMES.indexOf(name);
  const head = { typecode, instance, ordinal: 1, byteOffset: RECORD_AT, bodyBytes: body.length };
  return decodeHvmRecord(head, body);
}

/** Zero bytes of the type's present length. */
function blank(name: HvmTypeName): Uint8Array {
  return new Uint8Array(HVM_TYPES[HVM_TYPE_NAMES.indexOf(name)]?.bytes ?? 0);
}

/** A CPU record of vcpu 0 that nobody complains of. */
const CPU = withU32(blank("CPU"), 0x290, 0x10);

/** Faults as rule@offset in the body, of a context of these records and a good CPU record. */
function told(records: readonly HvmContextRecord[], more: Partial<HvmContextFacts> = {}): string[] {
  const faults = checkHvmContext([...records, record("CPU", CPU)], { ...FACTS, ...more });
  return faults.map(({ rule, byteOffset }) => `${rule}@${byteOffset - BODY_AT}`);
}

const policy = (entries: readonly Partial<CpuidLeaf>[]): CpuidLeaf[] =>
  entries.map((entry) => ({
    ...{ leaf: 0, subleaf: CPUID_NO_SUBLEAF, eax: 0, ebx: 0, ecx: 0, edx: 0 },
    ...entry,
  }));

describe("the content of an HVM context", () => {
  it("is placed in the record that holds the context, by its ordinal in the chain", () => {
    const [fault] = checkHvmContext([record("CPU", CPU, 3), record("CPU", CPU)], FACTS);
    expect(fault).toEqual({
      rule: "HC-8",
      layer: "libxc",
      byteOffset: RECORD_AT,
      recordIndex: 5,
      recordType: "HVM_CONTEXT",
      entryIndex: 1,
      expected: "a vcpu id below 1",
      actual: "CPU instance 3",
    });
  });

  it("is judged up to so many faults and no more", () => {
    const many = Array.from({ length: MAX_FAULTS_PER_BODY + 1 }, () => record("CPU", CPU, 3));
    expect(checkHvmContext(many, FACTS)).toHaveLength(MAX_FAULTS_PER_BODY);
  });

  it("of a type that nobody knows is not judged", () => {
    const head = { typecode: 99, instance: 9, ordinal: 1, byteOffset: 0, bodyBytes: 0 };
    expect(told([decodeHvmRecord(head, new Uint8Array(0))])).toEqual([]);
  });
});

describe("instances and vcpus", () => {
  it("a vcpu's record is of a vcpu that exists, HC-8", () => {
    const second = record("TSC_ADJUST", blank("TSC_ADJUST"), 1);
    expect(told([second], { vcpus: 1 })).toEqual(["HC-8@-8"]);
    expect(told([second, record("CPU", CPU, 1)], { vcpus: 2 })).toEqual([]);
  });

  it("a PIC is 0 or 1, all else of the domain is 0, HC-8", () => {
    const slave = withByte(blank("PIC"), 5, 0);
    expect(told([record("PIC", slave, 1)])).toEqual([]);
    expect(told([record("PIC", slave, 2)])).toEqual(["HC-8@-8"]);
    expect(told([record("RTC", blank("RTC"), 1)])).toEqual(["HC-8@-8"]);
  });

  it("is noted where nobody tells the vcpu count, HC-8 case assumed", () => {
    const records = [record("CPU", CPU), record("CPU", CPU, 4)];
    expect(checkHvmContext(records, { ...FACTS, vcpus: null })).toMatchObject([
      { rule: "HC-8", ruleCase: "assumed", byteOffset: 1000, actual: expect.stringMatching(/5$/) },
    ]);
  });

  it("a vcpu without a CPU record stays down, HC-9", () => {
    expect(checkHvmContext([record("CPU", CPU)], { ...FACTS, vcpus: 2 })).toMatchObject([
      { rule: "HC-9", byteOffset: 1000, actual: "1" },
    ]);
    expect(checkHvmContext([record("CPU", CPU)], FACTS)).toEqual([]);
  });

  it("a PVH guest has no PIC, PIT, RTC, HPET, IOAPIC, PMTIMER, HC-10", () => {
    const devices = ["PIC", "PIT", "RTC", "HPET", "IOAPIC", "PMTIMER", "LAPIC_REGS"] as const;
    const records = devices.map((name) => record(name, blank(name)));
    const of = (pvh: boolean | null) =>
      told(records, { pvh }).filter((fault) => fault.startsWith("HC-10"));
    expect(of(true)).toHaveLength(6);
    expect(of(false)).toEqual([]);
    expect(of(null)).toEqual([]);
  });
});

describe("a CPU record, HC-20", () => {
  it.each([
    ["ET clear in cr0", withU32(CPU, 0x290, 0), 0x290],
    ["a reserved bit in cr0", withU32(CPU, 0x290, 0x1010), 0x290],
    ["a reserved upper half of cr0", withU32(CPU, 0x294, 1), 0x290],
    ["paging without protection", withU32(CPU, 0x290, 0x8000_0010), 0x290],
    ["dr6 of 33 bits", withU32(CPU, 0x2d4, 1), 0x2d0],
    ["dr7 of 33 bits", withU32(CPU, 0x2dc, 1), 0x2d8],
    ["tsc_aux of 33 bits", withU32(CPU, 0x3ec, 1), 0x3e8],
    ["an unknown flag", withU32(CPU, 0x400, 2), 0x400],
    ["padding", withU32(CPU, 0x404, 1), 0x404],
  ])("is doubtful with %s", (_, body, offset) => {
    expect(told([record("CPU", body)])).toEqual([`HC-20@${offset}`]);
  });

  it("is good with paging and protection, and with its one flag", () => {
    expect(told([record("CPU", withU32(withU32(CPU, 0x290, 0x8005_0033), 0x400, 1))])).toEqual([]);
  });

  it("of a form without flags has none to judge", () => {
    expect(told([record("CPU", CPU.subarray(0, 1024))])).toEqual([]);
    expect(told([record("CPU", CPU.subarray(0, 1016))])).toEqual([]);
  });

  it("has a cr3 of the guest's physical width, where the policy tells it", () => {
    const cpuid = policy([{ leaf: 0x8000_0008, eax: 36 }]);
    const wide = record("CPU", withU32(CPU, 0x2a4, 0x10));
    expect(told([wide], { cpuid })).toEqual(["HC-20@672"]);
    expect(told([record("CPU", withU32(CPU, 0x2a4, 0xf))], { cpuid })).toEqual([]);
    expect(told([wide], { cpuid: policy([]) })).toEqual([]);
    expect(told([wide])).toEqual([]);
  });

  it("has cr4 and efer that the policy allows, where it tells", () => {
    const smap = record("CPU", withU32(CPU, 0x2a8, 1 << 21));
    expect(told([smap], { cpuid: policy([{ leaf: 7, subleaf: 0 }]) })).toEqual(["HC-20@680"]);
    const granted = policy([{ leaf: 7, subleaf: 0, ebx: 1 << 20 }]);
    expect(told([smap], { cpuid: granted })).toEqual([]);
    expect(told([smap], { cpuid: policy([{ leaf: 1 }]) })).toEqual([]);
    const reserved = record("CPU", withU32(CPU, 0x2a8, 1 << 15));
    expect(told([reserved], { cpuid: policy([]) })).toEqual(["HC-20@680"]);
    const nx = record("CPU", withU32(CPU, 0x3e0, 1 << 11));
    expect(told([nx], { cpuid: policy([{ leaf: 0x8000_0001 }]) })).toEqual(["HC-20@992"]);
    expect(told([nx], { cpuid: policy([{ leaf: 0x8000_0001, edx: 1 << 20 }]) })).toEqual([]);
  });

  it("tells of access rights in the raw layout of VMX, HC-21", () => {
    expect(told([record("CPU", withU32(CPU, 0x378, 0xc09b))])).toEqual(["HC-21@888"]);
    expect(told([record("CPU", withU32(CPU, 0x394, 0x8082))])).toEqual(["HC-21@916"]);
    expect(told([record("CPU", withU32(CPU, 0x378, 0xc9b))])).toEqual([]);
  });
});

describe("records of devices", () => {
  const master = withByte(blank("PIC"), 5, 0x40);

  it.each([
    ["int_output 2", withByte(master, 7, 2), 0, 7],
    ["the master bit clear in instance 0", blank("PIC"), 0, 5],
    ["the master bit set in instance 1", master, 1, 5],
    ["int_output while initialising", withByte(withByte(master, 7, 1), 4, 1), 0, 7],
    ["elcr 0x07 in the master", withByte(master, 6, 0x07), 0, 6],
    ["elcr 0x21 in the slave", withByte(blank("PIC"), 6, 0x21), 1, 6],
  ])("a PIC is doubtful with %s, HC-22", (_, body, instance, offset) => {
    expect(told([record("PIC", body, instance)])).toEqual([`HC-22@${offset}`]);
  });

  it("a PIC is good with programmable levels, and with a priority while it puts out", () => {
    expect(told([record("PIC", withByte(master, 6, 0xf8))])).toEqual([]);
    expect(told([record("PIC", withByte(blank("PIC"), 6, 0xde), 1)])).toEqual([]);
    expect(told([record("PIC", withByte(withByte(master, 7, 1), 4, 0x70))])).toEqual([]);
  });

  it("PCI_LINK has routes below 16 and no padding, HC-23", () => {
    expect(told([record("PCI_LINK", withByte(blank("PCI_LINK"), 3, 15))])).toEqual([]);
    expect(told([record("PCI_LINK", withByte(blank("PCI_LINK"), 3, 16))])).toEqual(["HC-23@3"]);
    expect(told([record("PCI_LINK", withByte(blank("PCI_LINK"), 7, 1))])).toEqual(["HC-23@4"]);
  });

  const pit = withByte(withByte(blank("PIT"), 15, 1), 31, 1);

  it.each([
    ["a count over 0x10000", withU32(pit, 16, 0x1_0001), 16],
    ["count_latched 5", withByte(pit, 6, 5), 6],
    ["read_state 5", withByte(pit, 9, 5), 9],
    ["write_state 5", withByte(pit, 10, 5), 10],
    ["rw_mode 4", withByte(pit, 12, 4), 12],
    ["bcd 2", withByte(pit, 46, 2), 46],
    ["gate 2", withByte(pit, 47, 2), 47],
    ["a closed gate of channel 1", withByte(pit, 31, 0), 31],
    ["speaker 2", withU32(pit, 48, 2), 48],
    ["padding", withU32(pit, 52, 1), 52],
  ])("PIT is doubtful with %s, HC-24", (_, body, offset) => {
    expect(told([record("PIT", body)])).toEqual([`HC-24@${offset}`]);
  });

  it("PIT is good at its limits, and with the mode that older savers left", () => {
    const limits = withByte(withU32(withByte(pit, 13, 0xff), 0, 0x1_0000), 12, 3);
    expect(told([record("PIT", limits)])).toEqual([]);
  });

  it("LAPIC, MTRR and VIRIDIAN_VCPU can be loaded, HC-25", () => {
    const lapic = (base: number) => record("LAPIC", withU32(blank("LAPIC"), 0, base));
    expect(told([lapic(0xfee0_0400)])).toEqual(["HC-25@0"]);
    expect(told([lapic(0xfee0_0c00)])).toEqual([]);
    const mtrr = (cap: number) => record("MTRR", withU32(blank("MTRR"), 0xe0, cap));
    expect(told([mtrr(9)])).toEqual(["HC-25@224"]);
    expect(told([mtrr(0x508)])).toEqual([]);
    const viridian = withByte(blank("VIRIDIAN_VCPU"), 15, 1);
    expect(told([record("VIRIDIAN_VCPU", viridian)])).toEqual(["HC-25@9"]);
  });
});

describe("a CPU_XSAVE record, HC-26", () => {
  const xsave = (bytes: number, accumulated: number): Uint8Array =>
    withU32(new Uint8Array(bytes), 16, accumulated);

  it("has at least 600 bytes", () => {
    expect(told([record("CPU_XSAVE", xsave(599, 3))])).toEqual(["HC-26@-8"]);
    expect(told([record("CPU_XSAVE", new Uint8Array(7))])).toEqual(["HC-26@-8"]);
    expect(told([record("CPU_XSAVE", xsave(600, 3))])).toEqual([]);
  });

  it("has the area of its components, or a longer one whose surplus is zero", () => {
    expect(told([record("CPU_XSAVE", xsave(600, 7))])).toEqual(["HC-26@-8"]);
    expect(told([record("CPU_XSAVE", xsave(856, 7))])).toEqual([]);
    expect(told([record("CPU_XSAVE", xsave(864, 7))])).toEqual([]);
    expect(told([record("CPU_XSAVE", withByte(xsave(864, 7), 860, 1))])).toEqual(["HC-26@-8"]);
  });

  it("is not judged beyond AVX but by the policy, which tells where components stand", () => {
    expect(told([record("CPU_XSAVE", xsave(600, 0x207))])).toEqual([]);
    const cpuid = policy([{ leaf: 0xd, subleaf: 9, eax: 8, ebx: 832 }]);
    expect(told([record("CPU_XSAVE", xsave(600, 0x207))], { cpuid })).toEqual(["HC-26@-8"]);
    expect(told([record("CPU_XSAVE", xsave(864, 0x207))], { cpuid })).toEqual([]);
  });

  it("is not compacted", () => {
    const compacted = withByte(xsave(600, 3), 24 + 512 + 15, 0x80);
    expect(told([record("CPU_XSAVE", compacted)])).toEqual([`HC-26@${24 + 512 + 8}`]);
  });
});

describe("a CPU_MSR record, HC-27", () => {
  const msrs = (count: number, ...entries: number[]) => {
    const body = new Uint8Array(8 + entries.length * 4);
    body.set(words(count, 0));
    body.set(words(...entries), 8);
    return record("CPU_MSR", body);
  };

  it("is as many entries as it counts, at least one", () => {
    expect(told([msrs(1, 0x48, 0, 1, 0)])).toEqual([]);
    expect(told([msrs(2, 0x48, 0, 1, 0)])).toEqual(["HC-27@-8"]);
    expect(told([msrs(0)])).toEqual(["HC-27@0"]);
    expect(told([record("CPU_MSR", new Uint8Array(20))])).toEqual(["HC-27@-8"]);
  });

  it("names MSRs that a hypervisor loads", () => {
    expect(told([msrs(2, 0xda0, 0, 1, 0, 0x10, 0, 1, 0)])).toEqual(["HC-27@24"]);
    expect(told([msrs(1, 0xda0, 1, 1, 0)])).toEqual(["HC-27@8"]);
  });
});
