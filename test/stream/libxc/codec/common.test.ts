/** Records that any guest or an HVM guest has: markers, pages, TSC, params, context, policies. */
import { describe, expect, it } from "vitest";
import { MAX_ITEMS_PRINTED } from "../../../../src/findings/index.js";
import { EntryTable } from "../../../../src/stream/entry-table.js";
import {
  HVM_CONTEXT_CODEC,
  HVM_PARAM,
  HVM_PARAMS_CODEC,
} from "../../../../src/stream/libxc/codec/hvm.js";
import { MARKER_CODEC } from "../../../../src/stream/libxc/codec/markers.js";
import {
  encodePageData,
  PAGE_DATA_CODEC,
  PAGE_ENTRY,
} from "../../../../src/stream/libxc/codec/pages.js";
import {
  CPUID_ENTRY,
  CPUID_POLICY_CODEC,
  MSR_POLICY_CODEC,
  MSR_POLICY_ENTRY,
} from "../../../../src/stream/libxc/codec/policy.js";
import { TSC_INFO_CODEC } from "../../../../src/stream/libxc/codec/tsc.js";
import { bytesOf, contextAt, joined, told, withU32, words } from "../../support.js";

describe("a marker", () => {
  it("has no body, LC-REC-8", () => {
    expect(MARKER_CODEC.decode(new Uint8Array(0), contextAt("END")).faults).toEqual([]);
    const { value, faults } = MARKER_CODEC.decode(new Uint8Array(8), contextAt("END"));
    expect(told(faults)).toEqual(["LC-REC-8@1000"]);
    expect(value?.body).toHaveLength(8);
  });
});

describe("PAGE_DATA", () => {
  const page = new Uint8Array(4096).fill(7);
  const good = encodePageData(
    [
      { type: 0, reserved: 0, pfn: 0x12_3456_789a },
      { type: 0xf, reserved: 0, pfn: 5 },
    ],
    page,
  );
  const decode = (body: Uint8Array) => PAGE_DATA_CODEC.decode(body, contextAt("PAGE_DATA"));

  it("is head, entries, pages", () => {
    expect(good.subarray(0, 24)).toEqual(
      bytesOf("02000000 00000000 9a78563412000000 05000000000000f0"),
    );
    const { value, faults } = decode(good);
    expect(faults).toEqual([]);
    expect([...(value?.entries ?? [])]).toEqual([
      { type: 0, reserved: 0, pfn: 0x12_3456_789a },
      { type: 0xf, reserved: 0, pfn: 5 },
    ]);
    expect(value?.pages).toEqual(page);
  });

  it("keeps every bit of an entry", () => {
    const raw = bytesOf("efcdab8967f523a1");
    expect(PAGE_ENTRY.read(raw, 0)).toEqual({ type: 0xa, reserved: 0x12, pfn: 0x3_f567_89ab_cdef });
    expect(EntryTable.of(PAGE_ENTRY, [PAGE_ENTRY.read(raw, 0)]).bytes).toEqual(raw);
  });

  it.each([
    ["a head that is cut, LC-PG-1", good.subarray(0, 7), "LC-PG-1@1000"],
    ["no entries, LC-PG-2", words(0, 0), "LC-PG-2@1008"],
    ["more entries than fit, LC-PG-3", withU32(good, 0, 0xffff_ffff), "LC-PG-3@1008"],
    ["a count whose bytes wrap in 32 bits, LC-PG-3", withU32(good, 0, 0x2000_0001), "LC-PG-3@1008"],
    ["a page too few, LC-PG-4", good.subarray(0, 24), "LC-PG-4@1000"],
    ["8 bytes too many, LC-PG-4", joined(good, new Uint8Array(8)), "LC-PG-4@1000"],
    ["a reserved word, LC-PG-7", withU32(good, 4, 1), "LC-PG-7@1012"],
  ])("is faulty with %s", (_, body, fault) => {
    expect(told(decode(body).faults)).toEqual([fault]);
  });
});

describe("X86_TSC_INFO", () => {
  const good = joined(words(2, 2_400_000), words(1000, 0), words(1, 0));
  const decode = (body: Uint8Array) => TSC_INFO_CODEC.decode(body, contextAt("X86_TSC_INFO"));

  it("is five numbers and a reserved word", () => {
    const { value, faults } = decode(good);
    expect(faults).toEqual([]);
    expect(value).toEqual({ mode: 2, khz: 2_400_000, nsec: 1000n, incarnation: 1, reserved: 0 });
    expect(value && TSC_INFO_CODEC.interpret(value, contextAt("X"))).toMatchObject({
      mode_name: "never_emulate",
      nsec: "0x3e8",
    });
  });

  it.each([
    ["another length, LC-TSC-1", good.subarray(0, 16), "LC-TSC-1@1000"],
    ["the reserved word set, LC-TSC-2", withU32(good, 20, 1), "LC-TSC-2@1028"],
    ["mode 3, LC-TSC-3", withU32(good, 0, 3), "LC-TSC-3@1008"],
  ])("is faulty with %s", (_, body, fault) => {
    expect(told(decode(body).faults)).toEqual([fault]);
  });
});

describe("HVM_PARAMS", () => {
  const one = bytesOf("0100000000000000 2200000000000000 10a000fc00000000");
  const decode = (body: Uint8Array) => HVM_PARAMS_CODEC.decode(body, contextAt("HVM_PARAMS"));

  it("is as many entries as its count says", () => {
    const { value, faults } = decode(one);
    expect(faults).toEqual([]);
    expect([...(value?.params ?? [])]).toEqual([{ index: 34n, value: 0xfc00_a010n }]);
    expect(value && HVM_PARAMS_CODEC.interpret(value, contextAt("X"))).toEqual({
      count: 1,
      param: [{ index: 34, name: "VM_GENERATION_ID_ADDR", value: "0xfc00a010" }],
    });
  });

  it.each([
    ["nothing, LC-HVM-1", new Uint8Array(0), "LC-HVM-1@1000"],
    ["half an entry, LC-HVM-1", one.subarray(0, 16), "LC-HVM-1@1000"],
    ["a count one too high, LC-HVM-1", withU32(one, 0, 2), "LC-HVM-1@1000"],
    ["a count one too low, LC-HVM-1", withU32(one, 0, 0), "LC-HVM-1@1000"],
    ["a count that wraps in 32 bits, LC-HVM-1", withU32(one, 0, 0x1000_0001), "LC-HVM-1@1000"],
    ["no entries, LC-HVM-2", words(0, 0), "LC-HVM-2@1008"],
    ["the reserved word set, LC-HVM-3", withU32(one, 4, 1), "LC-HVM-3@1012"],
  ])("is faulty with %s", (_, body, fault) => {
    expect(told(decode(body).faults)).toEqual([fault]);
  });

  it("prints a huge table up to a limit, and how much it left out", () => {
    const bytes = new Uint8Array((MAX_ITEMS_PRINTED + 3) * HVM_PARAM.bytes);
    const params = new EntryTable(HVM_PARAM, bytes);
    const printed = HVM_PARAMS_CODEC.interpret({ reserved: 0, params }, contextAt("X"));
    expect(printed.param).toHaveLength(MAX_ITEMS_PRINTED);
    expect(printed.param_omitted).toBe(3);
  });
});

describe("HVM_CONTEXT", () => {
  it("has a body, LC-HVM-5", () => {
    const context = contextAt("HVM_CONTEXT");
    expect(HVM_CONTEXT_CODEC.decode(new Uint8Array(1), context).faults).toEqual([]);
    expect(told(HVM_CONTEXT_CODEC.decode(new Uint8Array(0), context).faults)).toEqual([
      "LC-HVM-5@1000",
    ]);
  });
});

describe("a CPU policy record", () => {
  it("of CPUID is whole leaves of 24 bytes, LC-POL-1", () => {
    const context = contextAt("X86_CPUID_POLICY");
    const leaf = { leaf: 1, subleaf: 0xffff_ffff, eax: 2, ebx: 3, ecx: 4, edx: 0x8000_0000 };
    const { bytes } = EntryTable.of(CPUID_ENTRY, [leaf, { ...leaf, leaf: 7, subleaf: 1 }]);
    const { value, faults } = CPUID_POLICY_CODEC.decode(bytes, context);
    expect(faults).toEqual([]);
    expect(value?.entries.at(0)).toEqual(leaf);
    expect(value && CPUID_POLICY_CODEC.interpret(value, context)).toMatchObject({
      entries: [
        { leaf: 1, subleaf: null, eax: "0x2", edx: "0x80000000" },
        { leaf: 7, subleaf: 1 },
      ],
    });
    for (const length of [0, 1, 23, 25, 44]) {
      const { faults: wrong } = CPUID_POLICY_CODEC.decode(new Uint8Array(length), context);
      expect(told(wrong)).toEqual(["LC-POL-1@1000"]);
    }
  });

  it("of MSRs is whole entries of 16 bytes, LC-POL-1", () => {
    const context = contextAt("X86_MSR_POLICY");
    const entry = { index: 0xce, flags: 0, value: 0x8000_0000n };
    const { bytes } = EntryTable.of(MSR_POLICY_ENTRY, [entry]);
    const { value, faults } = MSR_POLICY_CODEC.decode(bytes, context);
    expect(faults).toEqual([]);
    expect(value && MSR_POLICY_CODEC.interpret(value, context)).toEqual({
      entries: [{ index: 0xce, name: "PLATFORM_INFO", value: "0x80000000" }],
    });
    const odd = MSR_POLICY_CODEC.decode(new Uint8Array(24), context);
    expect(told(odd.faults)).toEqual(["LC-POL-1@1000"]);
  });
});
