/** Tables of numbers and names: complete, and right where anyone can tell. */
import { describe, expect, it } from "vitest";
import {
  CPUID_FEATURES,
  HVM_NR_PARAMS,
  HVM_PARAM_NR_IOREQ_SERVER_PAGES,
  HVM_PARAM_STORE_PFN,
  HVM_PARAM_VM_GENERATION_ID_ADDR,
  HVM_PARAMS,
  HVM_PARAMS_SAVE_ORDER,
  HVM_TYPES,
  hvmParamName,
} from "../../src/format/index.js";

describe("the table of HVM parameters", () => {
  it("has a row for each of the 39 indices", () => {
    expect(HVM_PARAMS).toHaveLength(HVM_NR_PARAMS);
  });

  it("names an index of the stream, and nothing beyond the table", () => {
    expect(hvmParamName(BigInt(HVM_PARAM_STORE_PFN))).toBe("STORE_PFN");
    expect(hvmParamName(BigInt(HVM_PARAM_VM_GENERATION_ID_ADDR))).toBe("VM_GENERATION_ID_ADDR");
    expect(hvmParamName(BigInt(HVM_PARAM_NR_IOREQ_SERVER_PAGES))).toBe("NR_IOREQ_SERVER_PAGES");
    expect(hvmParamName(38n)).toBe("MCA_CAP");
    expect(hvmParamName(39n)).toBeNull();
    expect(hvmParamName(0x1_0000_0001n)).toBeNull();
    expect(hvmParamName(7n)).toBeNull();
  });

  it("marks as sent exactly those that the saver sends", () => {
    const sent = HVM_PARAMS.flatMap((info, index) => (info.sent === "now" ? [index] : []));
    expect([...HVM_PARAMS_SAVE_ORDER].sort((a, b) => a - b)).toEqual(sent);
  });

  it("has the deprecated, the once-only and the page parameters of the public header", () => {
    const where = (test: (info: (typeof HVM_PARAMS)[number]) => boolean): number[] =>
      HVM_PARAMS.flatMap((info, index) => (test(info) ? [index] : []));
    expect(where((info) => info.set === "refused")).toEqual([
      13, 20, 21, 22, 23, 24, 25, 26, 30, 35,
    ]);
    expect(where((info) => info.set === "once")).toEqual([5, 6, 9, 32, 33, 38]);
    expect(where((info) => info.set === "dropped")).toEqual([4]);
    expect(where((info) => info.pageTouched === true)).toEqual([1, 5, 6, 17]);
    expect(where((info) => info.values !== undefined)).toEqual([
      9, 10, 14, 15, 19, 31, 33, 36, 37, 38,
    ]);
  });
});

describe("the table of HVM context types", () => {
  it("has a row for each of the codes 0 to 20", () => {
    expect(HVM_TYPES.map((type) => type.name)).toHaveLength(21);
    expect(HVM_TYPES[20]?.name).toBe("CPU_MSR");
  });

  it("lets those types be shorter that were shorter once, and no others", () => {
    const shorter = HVM_TYPES.filter((type) => type.rule === "atMost").map((type) => type.name);
    expect(shorter).toEqual([
      "CPU",
      "LAPIC",
      "RTC",
      "VIRIDIAN_DOMAIN",
      "VIRIDIAN_VCPU",
      "VMCE_VCPU",
    ]);
    for (const type of HVM_TYPES) {
      expect(type.earlierBytes.every((bytes) => bytes < type.bytes)).toBe(true);
      expect(type.earlierBytes.length > 0).toBe(type.rule === "atMost");
    }
  });
});

describe("the table of CPUID features", () => {
  it.each(CPUID_FEATURES)(
    "names 32 bits, each name once: leaf $leaf.$subleaf $register",
    (word) => {
      const named = word.names.filter((name) => name !== null);
      expect(word.names).toHaveLength(32);
      expect(new Set(named).size).toBe(named.length);
    },
  );

  it("has bits that everyone knows where everyone knows them", () => {
    const bit = (leaf: number, register: string, name: string): number | undefined =>
      CPUID_FEATURES.find(
        (word) => word.leaf === leaf && word.subleaf === 0 && word.register === register,
      )?.names.indexOf(name);
    expect(bit(0x1, "edx", "sse2")).toBe(26);
    expect(bit(0x1, "ecx", "hypervisor")).toBe(31);
    expect(bit(0x1, "ecx", "avx")).toBe(28);
    expect(bit(0x7, "ebx", "avx2")).toBe(5);
    expect(bit(0x7, "ebx", "smap")).toBe(20);
    expect(bit(0x7, "ecx", "la57")).toBe(16);
    expect(bit(0x7, "edx", "arch-caps")).toBe(29);
    expect(bit(0x8000_0001, "edx", "lm")).toBe(29);
    expect(bit(0x8000_0001, "edx", "nx")).toBe(20);
    expect(bit(0x8000_0001, "ecx", "svm")).toBe(2);
    expect(bit(0x8000_0007, "edx", "itsc")).toBe(8);
    expect(bit(0x8000_0008, "ebx", "ibpb")).toBe(12);
    expect(bit(0x8000_0021, "eax", "autoibrs")).toBe(8);
  });
});
