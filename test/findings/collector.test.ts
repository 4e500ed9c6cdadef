/** The collector: judging by profile, order, cap and verdict. */
import { describe, expect, it } from "vitest";
import {
  DEFAULT_LIMITS,
  type Fault,
  FindingCollector,
  InternalError,
  ruleOf,
} from "../../src/findings/index.js";

const RESERVED_BITS = "LC-PG-6"; // warning under restore, error under strict
const BAD_TYPE = "LC-PG-5"; // error under both
const TRAILING = "LC-ORD-7"; // note under both

function fault(rule: string, byteOffset: number, more: Partial<Fault> = {}): Fault {
  return { rule, layer: "libxc", byteOffset, ...more };
}

function collect(faults: readonly Fault[], maxFindingsKept: number = 100): FindingCollector {
  const collector = new FindingCollector("restore", { maxFindingsKept });
  for (const each of faults) collector.add(each);
  return collector;
}

/** The finding of one fault, and whether it stops a restore. */
function judged(each: Fault, profile: "restore" | "strict" = "restore") {
  const collector = new FindingCollector(profile, DEFAULT_LIMITS);
  const stopsRestore = collector.add(each);
  const [finding] = collector.findings();
  if (finding === undefined) throw new Error("a finding is kept");
  return { finding, stopsRestore };
}

describe("judging a fault", () => {
  it("takes the severity from the profile", () => {
    expect(judged(fault(RESERVED_BITS, 8)).finding.severity).toBe("warning");
    expect(judged(fault(RESERVED_BITS, 8), "strict").finding.severity).toBe("error");
  });

  it("takes the severity of the case where one is named", () => {
    const long = fault("LC-PV-2", 8, { ruleCase: "long" });
    expect(judged(long)).toMatchObject({ finding: { severity: "warning" }, stopsRestore: false });
    expect(judged(fault("LC-PV-2", 8)).stopsRestore).toBe(true);
  });

  it("tells under strict too whether Xen's restorer would stop", () => {
    const { finding, stopsRestore } = judged(fault(RESERVED_BITS, 8), "strict");
    expect([finding.severity, stopsRestore]).toEqual(["error", false]);
  });

  it("tells the breach and its values where the fault has no words", () => {
    const values = { expected: "a page type of 0x0-0x4 or 0x9-0xf", actual: "type 0x6" };
    const { finding } = judged(fault(BAD_TYPE, 8, values));
    expect(finding.message).toMatch(
      /^An entry has a page type .*: found type 0x6, expected a page/,
    );
    expect(finding.hint).toBe(ruleOf(BAD_TYPE).hint);
  });

  it("keeps the fault's own words and place, and nothing else", () => {
    const place = { recordIndex: 3, recordType: "PAGE_DATA", entryIndex: 7 };
    const words = { message: "Type 6.", expected: "0..4", actual: "6", hint: "None." };
    const { finding } = judged(fault(BAD_TYPE, 8, { ...place, ...words }));
    const at = { rule: BAD_TYPE, severity: "error", layer: "libxc", byteOffset: 8 };
    const field = { byteOffset: 8, bytes: 8 };
    expect(finding).toEqual({ ...at, ...place, ...words, field });
  });

  it("names the field that the fault does, else that of the case, else that of the rule", () => {
    const fieldOf = (rule: string, more: Partial<Fault> = {}) =>
      judged(fault(rule, 8, more)).finding.field;
    expect(fieldOf("LC-REC-4")).toEqual({ byteOffset: 12, bytes: 4 });
    expect(fieldOf("LC-HDR-4", { ruleCase: "on-host" })).toEqual({ byteOffset: 20, bytes: 4 });
    expect(fieldOf("LC-REC-4", { field: { at: 1, bytes: 2 } })).toEqual({
      byteOffset: 9,
      bytes: 2,
    });
    expect(fieldOf("LC-REC-4", { field: null })).toBeUndefined();
    expect(fieldOf("LC-PV-14", { ruleCase: "assumed" })).toBeUndefined();
  });

  it("leaves out what does not apply, so that JSON has no empty fields", () => {
    const more = { recordIndex: undefined, field: null };
    const { finding } = judged(fault(TRAILING, 8, more));
    expect(Object.keys(finding).sort()).toEqual(
      ["byteOffset", "hint", "layer", "message", "rule", "severity"].sort(),
    );
  });

  it("calls an unknown rule or case a bug of ours", () => {
    expect(() => collect([fault("LC-PG-99", 0)])).toThrow(InternalError);
    expect(() => collect([fault(BAD_TYPE, 0, { ruleCase: "odd" })])).toThrow(InternalError);
  });
});

describe("the order of findings", () => {
  it("is by byteOffset, then rule, then entryIndex with none first, then arrival", () => {
    const collector = collect([
      fault(BAD_TYPE, 100, { entryIndex: 10 }),
      fault(RESERVED_BITS, 100),
      fault(BAD_TYPE, 100, { entryIndex: 2, message: "first" }),
      fault(TRAILING, 9),
      fault(BAD_TYPE, 100, { entryIndex: 2, message: "second" }),
      fault(BAD_TYPE, 100),
    ]);
    const order = collector.findings().map((f) => [f.byteOffset, f.rule, f.entryIndex ?? null]);
    expect(order).toEqual([
      [9, TRAILING, null],
      [100, BAD_TYPE, null],
      [100, BAD_TYPE, 2],
      [100, BAD_TYPE, 2],
      [100, BAD_TYPE, 10],
      [100, RESERVED_BITS, null],
    ]);
    const texts = collector.findings().map((finding) => finding.message);
    expect(texts.indexOf("first")).toBeLessThan(texts.indexOf("second"));
  });

  it("does not depend on when it is asked for", () => {
    const collector = collect([fault(TRAILING, 50)]);
    expect(collector.findings()).toHaveLength(1);
    collector.add(fault(TRAILING, 40));
    expect(collector.findings().map((finding) => finding.byteOffset)).toEqual([40, 50]);
  });
});

describe("the verdict", () => {
  it("accepts an image without findings", () => {
    expect(collect([]).verdict()).toBe("accept");
  });

  it("accepts an image with warnings and notes", () => {
    expect(collect([fault(RESERVED_BITS, 0), fault(TRAILING, 9)]).verdict()).toBe("accept");
  });

  it("rejects an image with one error", () => {
    expect(collect([fault(TRAILING, 0), fault(BAD_TYPE, 9)]).verdict()).toBe("reject");
  });

  it("is told apart by the rules of its errors, kept or not", () => {
    const others = new Set(["LC-PG-5"]);
    const both = [fault(BAD_TYPE, 0), fault("LC-TSC-3", 9)];
    expect(collect([fault(TRAILING, 0)], 1).rejectsBeyond(new Set())).toBe(false);
    expect(collect([fault(BAD_TYPE, 0)], 1).rejectsBeyond(new Set())).toBe(true);
    expect(collect([fault(BAD_TYPE, 0)], 1).rejectsBeyond(others)).toBe(false);
    expect(collect(both, 1).rejectsBeyond(others)).toBe(true);
  });
});

describe("the cap on findings", () => {
  it("keeps the first and counts the others as dropped", () => {
    const collector = collect(
      [1, 2, 3, 4, 5].map((at) => fault(RESERVED_BITS, at)),
      3,
    );
    expect(collector.findings().map((finding) => finding.byteOffset)).toEqual([1, 2, 3]);
    expect(collector.dropped).toBe(2);
  });

  it("makes no finding of a warning beyond it", () => {
    const collector = collect([fault(RESERVED_BITS, 1)], 1);
    let asked = 0;
    const beyond = {
      ...fault(TRAILING, 2),
      get actual() {
        asked += 1;
        return "seen";
      },
    };
    expect(collector.add(beyond)).toBe(false);
    expect(collector.dropped).toBe(1);
    expect(asked).toBe(0);
    expect(judged(beyond).finding.actual).toBe("seen");
  });

  it("lets an error beyond it reject, and shows the error in place of the last warning", () => {
    const faults = [fault(RESERVED_BITS, 1), fault(RESERVED_BITS, 2), fault(BAD_TYPE, 3)];
    const collector = collect(faults, 2);
    expect(collector.verdict()).toBe("reject");
    expect(collector.findings().map((finding) => finding.byteOffset)).toEqual([1, 3]);
    expect(collector.dropped).toBe(1);
  });

  it("rejects where there is room for errors alone and they are too many", () => {
    const collector = collect(
      [1, 2, 3].map((at) => fault(BAD_TYPE, at)),
      2,
    );
    expect(collector.findings()).toHaveLength(2);
    expect([collector.verdict(), collector.dropped]).toEqual(["reject", 1]);
  });

  it("rejects even where nothing may be kept", () => {
    const collector = collect([fault(BAD_TYPE, 1)], 0);
    expect([collector.verdict(), collector.findings().length, collector.dropped]).toEqual([
      "reject",
      0,
      1,
    ]);
  });
});

describe("suppressed faults", () => {
  it("are counted and change nothing else", () => {
    const collector = collect([]);
    collector.suppress();
    collector.suppress(4);
    expect([collector.suppressed, collector.verdict(), collector.dropped]).toEqual([
      5,
      "accept",
      0,
    ]);
  });
});
