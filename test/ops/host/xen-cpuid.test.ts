/** What `xen-cpuid` prints, read in both its forms. */
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/findings/index.js";
import { parseXenCpuid } from "../../../src/ops/index.js";
import { XEN_CPUID, XEN_CPUID_DETAIL, XEN_CPUID_POLICIES } from "./texts.js";

describe("the featuresets of xen-cpuid", () => {
  it("are those of the running Xen, not the static ones", () => {
    const { policies = {} } = parseXenCpuid(XEN_CPUID);
    expect(Object.keys(policies).sort()).toEqual(["host", "hvmMax", "pvMax", "raw"]);
    expect(policies.hvmMax?.featureset).toEqual([
      ...["0x17cbfbff", "0xf7fa3223", "0x2c100800", "0x121", "0x7"],
      ...["0xa0", "0x8", "0x100", "0x0", "0x9c000400"],
    ]);
  });

  it("are read with the names of their bits between them", () => {
    const { policies } = parseXenCpuid(XEN_CPUID_DETAIL);
    expect(policies).toEqual({ hvmMax: { featureset: ["0x1", "0x2"] } });
  });
});

describe("the policies of xen-cpuid -p", () => {
  it("are leaves, MSRs and how many of each there may be", () => {
    const { policies, maxLeaves, maxMsrs } = parseXenCpuid(XEN_CPUID_POLICIES);
    expect({ maxLeaves, maxMsrs }).toEqual({ maxLeaves: 117, maxMsrs: 2 });
    expect(Object.keys(policies ?? {})).toEqual(["raw", "hvmMax"]);
    expect(policies?.hvmMax?.leaves?.[1]).toEqual({
      leaf: "0x7",
      subleaf: 0,
      eax: "0x0",
      ebx: "0xa0",
      ecx: "0x0",
      edx: "0x0",
    });
    expect(policies?.hvmMax?.leaves?.[0]).not.toHaveProperty("subleaf");
    expect(policies?.hvmMax?.msrs).toContainEqual({ index: "0x10a", value: "0x1" });
  });

  it("pass over a policy of a domain", () => {
    const text = XEN_CPUID_POLICIES.replace("Raw policy", "Domain 3 policy");
    expect(Object.keys(parseXenCpuid(text).policies ?? {})).toEqual(["hvmMax"]);
  });
});

describe("a text that xen-cpuid does not print", () => {
  it.each([
    ["a leaf of three registers", XEN_CPUID_POLICIES.replace(":49656e69", ""), "line 5"],
    ["an MSR that is cut", XEN_CPUID_POLICIES.replace("-> 0000000080000000", "-> 8000"), "line 10"],
    ["words that are no hex", XEN_CPUID.replace("bfebf3ff:", "bfebf3fg:"), "line 10"],
    ["xl info", "host : testbox\n", "line 1"],
    ["nothing", "\n", "no policy"],
  ])("names the line: %s", (_what, text, where) => {
    const parse = () => parseXenCpuid(text);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(where);
  });
});
