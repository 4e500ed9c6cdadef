/** CPU policy records against the limits of a hypervisor, and features by name. */
import { describe, expect, it } from "vitest";
import {
  checkCpuidPolicy,
  checkMsrPolicy,
  findLeaf,
  hasFeature,
  namedFeatures,
  type PolicyPlace,
} from "../../src/checks/index.js";
import { MAX_FAULTS_PER_BODY } from "../../src/findings/index.js";
import { CPUID_NO_SUBLEAF, type CpuidLeaf, type PolicyMsr } from "../../src/format/index.js";

const PLACE: PolicyPlace = {
  layer: "libxc",
  byteOffset: 40,
  recordIndex: 0,
  recordType: "X86_CPUID_POLICY",
  bodyByteOffset: 48,
};

function leaf(number: number, subleaf = CPUID_NO_SUBLEAF, edx = 0): CpuidLeaf {
  return { leaf: number, subleaf, eax: 0, ebx: 0, ecx: 0, edx };
}

const msr = (index: number, flags = 0): PolicyMsr => ({ index, flags, value: 1n });

describe("a CPUID policy, LC-POL-2", () => {
  it("names leaves that a hypervisor has", () => {
    const good = [0x0, 0x1, 0xc, 0x4000_0000, 0x4000_0100, 0x8000_0000, 0x8000_0021];
    expect(
      checkCpuidPolicy(
        good.map((number) => leaf(number)),
        PLACE,
      ),
    ).toEqual([]);
    const bad = [0xe, 0x4000_0001, 0x8000_0022, 0xffff_ffff].map((number) => leaf(number));
    expect(checkCpuidPolicy([leaf(1), ...bad], PLACE)).toMatchObject([
      { rule: "LC-POL-2", byteOffset: 72, entryIndex: 1 },
      { byteOffset: 96 },
      { byteOffset: 120 },
      { byteOffset: 144 },
    ]);
  });

  it.each([
    [0x4, 6],
    [0x7, 3],
    [0xb, 2],
    [0xd, 63],
  ])("has subleaves of leaf %i below %i", (number, count) => {
    expect(checkCpuidPolicy([leaf(number, 0), leaf(number, count - 1)], PLACE)).toEqual([]);
    const wrong = [leaf(number, count), leaf(number)];
    expect(checkCpuidPolicy(wrong, PLACE)).toHaveLength(2);
  });

  it("has no subleaf of other leaves", () => {
    expect(checkCpuidPolicy([leaf(1, 0)], PLACE)).toMatchObject([{ rule: "LC-POL-2" }]);
  });

  it("has at most 120 entries", () => {
    const many = (count: number) => Array.from({ length: count }, () => leaf(1));
    expect(checkCpuidPolicy(many(120), PLACE)).toEqual([]);
    expect(checkCpuidPolicy(many(121), PLACE)).toMatchObject([{ byteOffset: 40, actual: "121" }]);
  });

  it("has so many faults listed as a body may have, however many it has", () => {
    const wrong = Array.from({ length: MAX_FAULTS_PER_BODY + 1000 }, () => leaf(0xe));
    expect(checkCpuidPolicy(wrong, PLACE)).toHaveLength(MAX_FAULTS_PER_BODY);
  });
});

describe("an MSR policy, LC-POL-3", () => {
  it("names the MSRs that a hypervisor takes, without flags", () => {
    expect(checkMsrPolicy([msr(0xce), msr(0x10a)], PLACE)).toEqual([]);
    expect(checkMsrPolicy([msr(0xce), msr(0x1)], PLACE)).toMatchObject([
      { rule: "LC-POL-3", byteOffset: 64, entryIndex: 1 },
    ]);
    expect(checkMsrPolicy([msr(0xce, 1)], PLACE)).toHaveLength(1);
    expect(checkMsrPolicy([msr(0xce), msr(0x10a), msr(0xce)], PLACE)).toMatchObject([
      { byteOffset: 40 },
    ]);
  });
});

describe("features of a policy", () => {
  const leaves = [leaf(1, CPUID_NO_SUBLEAF, (1 << 26) | 1), leaf(7, 0, 1 << 29)];

  it("are named in the order of the leaves", () => {
    expect(namedFeatures(leaves)).toEqual(["fpu", "sse2", "arch-caps"]);
    expect(namedFeatures([])).toEqual([]);
  });

  it("are there, are not there, or cannot be told", () => {
    expect(hasFeature(leaves, "sse2")).toBe(true);
    expect(hasFeature(leaves, "sse")).toBe(false);
    expect(hasFeature(leaves, "lm")).toBeNull();
    expect(hasFeature(leaves, "no such feature")).toBeNull();
  });

  it("are read from subleaf 0 where a leaf has none", () => {
    expect(findLeaf(leaves, 1)?.leaf).toBe(1);
    expect(findLeaf(leaves, 7, 1)).toBeUndefined();
  });
});
