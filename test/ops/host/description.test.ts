/** HOST.json: the schema for other programs and our own reader take and refuse the same. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { hostFacts } from "../../../src/checks/index.js";
import { UsageError } from "../../../src/findings/index.js";
import { HVM_TYPE_NAMES } from "../../../src/format/index.js";
import {
  checkHostDescription,
  describeHost,
  parseHostDescription,
} from "../../../src/ops/index.js";
import { AMPLE } from "../../builders/host.js";
import { ROOT } from "../../harness.js";
import { XEN_CPUID, XEN_CPUID_POLICIES, XL_INFO } from "./texts.js";

const schema = JSON.parse(readFileSync(join(ROOT, "docs/host.schema.json"), "utf8"));
const valid = new Ajv2020({ strict: true }).compile(schema);

const HEAD = { format: "xenstream-host", v: 1 };
const PASTED = describeHost({ xlInfo: XL_INFO, xenCpuid: [XEN_CPUID_POLICIES, XEN_CPUID] });
const BY_HAND = describeHost({
  xen: "4.9",
  memoryBytes: 2 ** 36,
  hvmVcpus: 8,
  hvmMax: ["0x1", "0x2"],
  viridianFeatures: "0x3f",
  tscScaling: true,
});

describe("a description", () => {
  it.each([
    ["of nothing", HEAD],
    ["of an ample host", AMPLE],
    ["made from pasted texts", PASTED],
    ["made by hand", BY_HAND],
    ["of an old release", describeHost({ xen: "4.2" })],
    ["of a release to come", describeHost({ xen: "5.0" })],
  ])("%s is taken by the schema and by the reader", (_what, host) => {
    expect(valid(host), JSON.stringify(valid.errors)).toBe(true);
    expect(parseHostDescription(JSON.stringify(host))).toEqual(host);
  });

  it.each<[string, unknown, string]>([
    ["a list", [], " is not an object"],
    ["no format", { v: 1 }, "format"],
    ["another version", { ...HEAD, v: 2 }, "v is not 1"],
    ["an unknown field", { ...HEAD, memoryBytes: 1 }, "memoryBytes"],
    ["a release in words", { ...HEAD, xen: "four" }, "xen"],
    ["a kind of guest that there is not", { ...HEAD, guests: ["vm"] }, "guests[0]"],
    ["free memory below zero", { ...HEAD, memory: { freeBytes: -1 } }, "memory.freeBytes"],
    ["half a processor", { ...HEAD, cpus: 0.5 }, "cpus"],
    ["a text for a flag", { ...HEAD, tsc: { scaling: "no" } }, "tsc.scaling"],
    ["a number for a word", policy({ featureset: [1] }), "hvmMax.featureset[0]"],
    ["a word of 36 bits", policy({ featureset: ["0x123456789"] }), "hvmMax.featureset[0]"],
    ["a leaf without edx", policy({ leaves: [{ leaf: "0x1" }] }), "leaves[0].eax"],
    ["an MSR without a value", policy({ msrs: [{ index: "0xce" }] }), "msrs[0].value"],
    ["a record that there is not", limits({ hvmContextBytes: { GPU: 1 } }), "GPU"],
    ["a control character", { ...HEAD, name: "a\u0007b" }, "name"],
  ])("is refused by both: %s", (_what, value, where) => {
    expect(valid(value)).toBe(false);
    expect(() => checkHostDescription(value)).toThrow(UsageError);
    expect(() => checkHostDescription(value)).toThrow(where);
  });

  it("is refused where it is no JSON", () => {
    expect(() => parseHostDescription("{")).toThrow(UsageError);
  });

  it("names in its schema every record that a context can have", () => {
    const { hvmContextBytes } = schema.properties.limits.properties;
    expect(hvmContextBytes.propertyNames.enum).toEqual([...HVM_TYPE_NAMES]);
  });

  function policy(hvmMax: unknown) {
    return { ...HEAD, cpu: { policies: { hvmMax } } };
  }
  function limits(fields: unknown) {
    return { ...HEAD, limits: fields };
  }
});

describe("describeHost", () => {
  it("takes what pasted texts tell, and the limits of the release", () => {
    expect(PASTED).toMatchObject({
      name: "testbox",
      xen: "4.17",
      cpu: {
        vendor: "GenuineIntel",
        family: 6,
        model: 63,
        stepping: 2,
        physicalAddressBits: 46,
        maxLeaves: 117,
        policies: { hvmMax: { leaves: expect.any(Array), featureset: expect.any(Array) } },
      },
      limits: { streamVersions: [2, 3], xenstoreVersions: [1], hvmContextBytes: { LAPIC: 24 } },
    });
  });

  it("lets what the caller says win over the texts", () => {
    const host = describeHost({ xlInfo: XL_INFO, xen: "4.20", freeMemoryBytes: 4096, cpus: 2 });
    expect(host).toMatchObject({ xen: "4.20", cpus: 2, memory: { freeBytes: 4096 } });
  });

  it("notes what nobody told, and guesses nothing", () => {
    const { notes = [], limits, ...rest } = describeHost({ xen: "4.17" });
    expect(rest).toEqual({ format: "xenstream-host", v: 1, xen: "4.17" });
    expect(limits).not.toHaveProperty("hvmParams");
    expect(notes.join(" ")).toMatch(/free memory.*HVM guests.*PV guests.*device models/);
  });

  it("refuses a release that is none", () => {
    expect(() => describeHost({ xen: "4" })).toThrow("xen is not a release");
  });

  it("keeps no limit that may have grown since the newest release that is known", () => {
    const { limits } = hostFacts(describeHost({ xen: "4.99" }));
    expect(limits).toMatchObject({ streamVersions: null, recordBodyBytes: null, hvmParams: null });
  });
});
