/** What is said of the order of records holds inside an epoch: the next one begins anew. */
import { describe, expect, it } from "vitest";
import { patternPage } from "../builders/bytes.js";
import { checkpoint, pageData } from "../builders/libxc.js";
import { join, type Part } from "../builders/parts.js";
import { pvStream, simplePlan, vcpuParts } from "../builders/pv.js";
import { runBytes } from "../harness.js";

const PLAN = simplePlan(8);
const FIRST = pvStream(PLAN).slice(0, -1);
const PAGES = pageData([{ pfn: 14, page: patternPage(14) }]);
const VCPU = vcpuParts(PLAN, 0);

/** LC-ORD-5 and LC-PV-16 of a checkpointed stream with these records in its second epoch. */
function told(...second: readonly Part[]): string[] {
  const bytes = join([...FIRST, checkpoint(), ...second, checkpoint()]);
  const { findings } = runBytes(bytes, { checkpointed: true, profile: "strict", vcpus: 1 });
  return findings.map(({ rule }) => rule).filter((rule) => /^LC-(ORD-5|PV-16)$/.test(rule));
}

describe("a later epoch of a checkpointed PV stream", () => {
  it("may send its pages and then each vcpu again", () => {
    expect(told(PAGES, ...VCPU)).toEqual([]);
  });

  it("has its vcpus behind its own pages, LC-ORD-5", () => {
    expect(told(...VCPU, PAGES)).toEqual(["LC-ORD-5"]);
  });

  it("has each vcpu once, LC-PV-16", () => {
    expect(told(PAGES, ...VCPU, ...VCPU)).toEqual(["LC-PV-16", "LC-PV-16", "LC-PV-16"]);
  });
});

describe("an epoch that breaks off inside a record", () => {
  it("is told of once, LC-CP-6: what is there of it does not follow the stream's end", () => {
    const cut = pageData([{ pfn: 14, page: patternPage(14) }]).bytes.subarray(0, 100);
    const bytes = Buffer.concat([join([...FIRST, checkpoint()]), cut]);
    const { findings, errors } = runBytes(bytes, { checkpointed: true, vcpus: 1 });
    expect(errors).toEqual([]);
    const rules = findings.map(({ rule }) => rule);
    expect(rules.filter((rule) => /^LC-(CP-6|ORD-7)$/.test(rule))).toEqual(["LC-CP-6"]);
  });
});
