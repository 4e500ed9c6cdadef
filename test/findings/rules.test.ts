/**
 * Holds the registry to the specification pages: every id once, and for every visible rule the
 * severities that the "Profile" paragraphs give it, typed out here a second time.
 */
import { describe, expect, it } from "vitest";
import {
  InternalError,
  isRuleId,
  RULE_PAGES,
  RULES,
  type Rule,
  ruleOf,
  type Severity,
  severityOf,
  stopsRestore,
} from "../../src/findings/index.js";
import { OWN_IDS, PAGE_IDS, run } from "./ids.js";

const rules: readonly Rule[] = RULE_PAGES.flatMap((page) => page.rules);
const visible = rules.filter((rule) => rule.notVisible === undefined);

/** Refused by the restorer (or what crashes it): errors under both profiles. */
const REJECTED = [
  ...[...run("LC-HDR", 1, 5), ...run("LC-DOM", 1, 2), "LC-REC-2", "LC-REC-4", "LC-REC-5"],
  ...[...run("LC-TYP", 1, 3), ...run("LC-PG", 1, 5), "LC-PG-8", "LC-PV-1", "LC-PV-2"],
  ...[...run("LC-PV", 4, 7), ...run("LC-PV", 9, 12), "LC-PV-14", "LC-PV-15", "LC-PV-17"],
  ...[...run("LC-PV", 20, 23), "LC-PV-25", "LC-TSC-1", "LC-TSC-3", "LC-HVM-1", "LC-HVM-5"],
  ...["LC-HVM-7", "LC-POL-1", "LC-ORD-2", "LC-ORD-4", "LC-ORD-5", "LC-ORD-9", "LC-CP-1"],
  ...["LC-CP-7", "LC-SIM-5"],
  ...[...run("LL-HDR", 1, 3), "LL-REC-2", "LL-REC-4", "LL-EMU-1", "LL-EMU-3", "LL-XS-1"],
  ...["LL-XS-2", "LL-CS-1", "LL-CS-2", "LL-SM-2", "LL-SM-8", "LL-SM-10", "LL-SM-11"],
  ...[...run("XL", 1, 3), "XL-5", "XL-7", "XL-9", ...run("LV", 1, 3), "LV-6", "LV-8"],
  ...["XA-1", "XA-2", ...run("XA", 10, 12), "DT-8", "DT-14", "DT-15"],
  ...["HP-1", "HP-3", "HP-4", "HP-10", "HC-1", "HC-2", ...run("HC", 4, 7), "VG-21"],
  ...[...run("XS-HDR", 1, 3), ...run("XS-REC", 5, 8), "XS-GLB-1", "XS-CON-4"],
  ...["XS-WAT-1", "XS-WAT-2", "XS-NOD-6", "XS-QUO-3"],
  ...["LG-DET-6", ...run("LG-PV", 1, 5), "LG-CH-1"],
  ...[
    ...run("LG-CH", 3, 6),
    ...run("LG-CH", 9, 11),
    "LG-TM-1",
    "LG-PT-1",
    "LG-HT-2",
    ...run("LG-TS", 1, 3),
  ],
  ...run("HF", 1, 6),
];

/** Forbidden by a document or the verifier alone: errors under strict. */
const STRICT_ONLY = [
  ...["LC-HDR-6", "LC-HDR-7", "LC-DOM-3", "LC-REC-6", "LC-REC-8", "LC-TYP-4", "LC-PG-6"],
  ...["LC-PG-7", "LC-PV-3", "LC-PV-13", "LC-TSC-2", "LC-HVM-3", "LC-ORD-1", "LC-VER-3", "LC-CP-2"],
  ...["LL-HDR-4", "LL-REC-3", "LL-REC-5", "LL-EMU-2", "LL-XS-3", "LL-XS-6", "LL-POS-4"],
  "HP-2",
  ...["XS-REC-3", ...run("XS-CON", 1, 3), "XS-CON-6", "XS-WAT-3", ...run("XS-WEX", 1, 3)],
  ...["XS-TA-1", ...run("XS-NOD", 1, 5), "XS-NOD-7", "XS-QUO-5", ...run("XS-DOM", 1, 3)],
];

/** Never an error: exceptions of strict, rows that ask for a warning, rows nobody enforces. */
const WARNED = [
  ...["LC-REC-3", "LC-HVM-2", "LC-POL-2", "LC-POL-3", "LC-POL-5", "LC-SIM-7"],
  ...[
    "LL-QE-2",
    "LL-QE-3",
    "XL-4",
    "XA-3",
    "XA-4",
    "XA-8",
    ...run("HP", 6, 8),
    "HC-3",
    "HC-8",
    "HC-10",
  ],
  ...[...run("HC", 20, 27), "VG-5", "VG-25", "XS-REC-1", "XS-REC-2", "XS-REC-4", "XS-CON-5"],
  "XS-CON-7",
  ...["XS-TA-2", "XS-NOD-8", "XS-CVT-2", "LG-HDR-1", "LG-HDR-2", "LG-HDR-3", "LG-CH-2", "LG-CH-7"],
  ...["LG-PT-2", "LG-PT-3", "LG-CNV-1"],
];

/** Information. */
const NOTED = [
  ...["LC-PV-16", "LC-HVM-6", "LC-POL-4", "LC-ORD-6", "LC-ORD-7", "LC-CP-3", "LC-CP-5", "LC-CP-6"],
  ...["LL-EMU-4", "LL-POS-5", "XL-6", "XA-5", "DT-13", "HP-5", "HC-9", "VG-9", "VG-20"],
  ...["XS-QUO-1", "XS-QUO-4", "LG-CH-8", "LG-CNV-6", "LG-CNV-10", "LG-CNV-11"],
];

/** Rows that the pages mark DISAGREE, with their severity under restore and strict. */
const DISAGREE: Readonly<Record<string, readonly [Severity, Severity]>> = {
  ...all(run("LC-HDR", 5), "error", "error"),
  ...all(run("LC-HDR", 6, 7), "warning", "error"),
  ...all(["LC-DOM-2"], "error", "error"),
  ...all(["LC-DOM-3"], "warning", "error"),
  ...all(["LC-REC-3"], "warning", "warning"),
  ...all(["LC-REC-4"], "error", "error"),
  ...all(["LC-REC-6", "LC-REC-8"], "warning", "error"),
  ...all(["LC-TYP-1"], "error", "error"),
  ...all(["LC-TYP-4", "LC-PG-6", "LC-PG-7"], "warning", "error"),
  ...all(["LC-PV-1", "LC-PV-2", "LC-PV-4", "LC-PV-6", "LC-PV-15"], "error", "error"),
  ...all(["LC-PV-3", "LC-PV-13", "LC-TSC-2", "LC-HVM-3"], "warning", "error"),
  ...all(["LC-HVM-7", "LC-ORD-2", "LC-ORD-4", "LC-ORD-5", "LC-CP-1"], "error", "error"),
  ...all(["LC-ORD-6"], "note", "note"),
  ...all(["LL-HDR-3", "LL-REC-2", "LL-EMU-3", "LL-XS-2"], "error", "error"),
  ...all(["LL-HDR-4", "LL-REC-3", "LL-REC-5", "LL-EMU-2"], "warning", "error"),
  ...all(["LL-CS-1", "LL-CS-2", "LL-SM-10", "XL-2", "XL-3", "XL-9"], "error", "error"),
  ...all(["XL-4"], "warning", "warning"),
  ...all(["VG-9"], "note", "note"),
  ...all(["XS-REC-1", "XS-REC-4", "XS-TA-2"], "warning", "warning"),
  ...all(["XS-CON-2", "XS-WEX-1", "XS-WEX-3", "XS-NOD-4", "XS-NOD-7"], "warning", "error"),
  ...all(["LG-PV-1", "LG-PV-3", "LG-CH-3", "LG-CH-5", "LG-TS-3"], "error", "error"),
  ...all(["LG-PT-2"], "warning", "warning"),
};

/** Cases: rule, case, restore, strict. */
const CASES: readonly (readonly [string, string, Severity, Severity])[] = [
  ["LC-HDR-4", "on-host", "error", "error"],
  ["LC-DOM-2", "same-modulo-32", "warning", "error"],
  ["LC-REC-2", "on-host", "error", "error"],
  ["LC-REC-4", "old-limit", "note", "note"],
  ["LC-REC-4", "on-host", "error", "error"],
  ["LC-PG-8", "hvm-huge", "error", "error"],
  ["LC-PV-2", "long", "warning", "error"],
  ["LC-PV-12", "empty", "warning", "warning"],
  ["LC-PV-14", "assumed", "note", "note"],
  ["LC-PV-15", "on-host", "error", "error"],
  ["LC-PV-15", "inner-size", "error", "error"],
  ["LC-PV-15", "msr-entry", "warning", "warning"],
  ["LC-TSC-3", "on-host", "error", "error"],
  ["LC-POL-2", "on-host", "error", "error"],
  ["LC-POL-3", "on-host", "error", "error"],
  ["LC-ORD-2", "registers", "warning", "error"],
  ["LC-ORD-5", "early-vcpu", "warning", "error"],
  ["LC-ORD-7", "trailing", "note", "note"],
  ["LL-POS-4", "missing", "warning", "error"],
  ["LL-POS-4", "repeated", "warning", "error"],
  ["LL-POS-5", "trailing", "note", "note"],
  ["LL-SM-8", "later", "note", "note"],
  ["XL-3", "on-host", "error", "error"],
  ["XL-5", "cut", "error", "error"],
  ["XL-6", "no-config", "note", "note"],
  ["XA-4", "no-stream", "error", "error"],
  ["HP-1", "on-host", "error", "error"],
  ["HP-3", "pae", "note", "note"],
  ["HP-6", "zero-count", "error", "error"],
  ["HP-10", "on-host", "error", "error"],
  ["HC-5", "on-host", "error", "error"],
  ["HC-7", "on-host", "error", "error"],
  ["HC-8", "assumed", "note", "note"],
  ["HC-20", "on-host", "error", "error"],
  ["HC-26", "on-host", "error", "error"],
  ["HF-1", "estimate", "error", "error"],
  ["HF-2", "overcommit", "warning", "warning"],
  ["XS-HDR-2", "on-host", "error", "error"],
  ["XS-HDR-3", "big-endian", "warning", "warning"],
  ["XS-REC-6", "trailing", "note", "note"],
  ["XS-REC-5", "pending", "warning", "error"],
  ["XS-WEX-3", "short-length", "error", "error"],
  ["LG-HDR-1", "unusable", "error", "error"],
  ["LG-HT-2", "absent", "note", "note"],
  ["LG-CH-5", "absent", "warning", "warning"],
];

function all(ids: readonly string[], restore: Severity, strict: Severity) {
  return Object.fromEntries(ids.map((id) => [id, [restore, strict] as const]));
}

function idsWith(restore: Severity, strict: Severity): string[] {
  return visible.filter((r) => r.restore === restore && r.strict === strict).map((r) => r.id);
}

const sorted = (ids: readonly string[]) => [...ids].sort();

describe("the ids of the registry", () => {
  it("are those of the specification pages and our own, each once", () => {
    const expected = [...Object.values(PAGE_IDS).flat(), ...OWN_IDS];
    expect(new Set(expected).size).toBe(expected.length);
    expect(sorted(rules.map((rule) => rule.id))).toEqual(sorted(expected));
    expect(RULES.size).toBe(expected.length);
  });

  it("say in their source where they are our own", () => {
    const own = rules.filter((rule) => rule.source.includes("id of xenstream"));
    expect(sorted(own.map((rule) => rule.id))).toEqual(sorted(OWN_IDS));
  });
});

describe("severities", () => {
  it("are errors in both profiles where a restore fails", () => {
    expect(sorted(idsWith("error", "error"))).toEqual(sorted(REJECTED));
  });

  it("are errors under strict alone where only a document or the verifier forbids it", () => {
    expect(sorted(idsWith("warning", "error"))).toEqual(sorted(STRICT_ONLY));
  });

  it("are warnings where nobody refuses it", () => {
    expect(sorted(idsWith("warning", "warning"))).toEqual(sorted(WARNED));
  });

  it("are notes where nothing is wrong", () => {
    expect(sorted(idsWith("note", "note"))).toEqual(sorted(NOTED));
  });

  it("are one of those four pairs in every visible rule", () => {
    const counted = REJECTED.length + STRICT_ONLY.length + WARNED.length + NOTED.length;
    expect(visible.length).toBe(counted);
  });

  it("are never milder under strict, in rules and in cases", () => {
    const rank = { note: 0, warning: 1, error: 2 } as const;
    for (const rule of rules) {
      for (const pair of [rule, ...Object.values(rule.cases ?? {})]) {
        expect(rank[pair.strict], rule.id).toBeGreaterThanOrEqual(rank[pair.restore]);
      }
    }
  });

  it.each(Object.entries(DISAGREE))("of %s, where enforcers differ, are %j", (id, pair) => {
    expect([severityOf(id, undefined, "restore"), severityOf(id, undefined, "strict")]).toEqual(
      pair,
    );
    expect(ruleOf(id).disagree).toMatch(/\.$/);
  });

  it.each(CASES)("of %s, case %s, are %s and %s", (id, ruleCase, restore, strict) => {
    expect(severityOf(id, ruleCase, "restore")).toBe(restore);
    expect(severityOf(id, ruleCase, "strict")).toBe(strict);
  });

  it("are known for every case that a rule has", () => {
    const registered = rules.flatMap((r) => Object.keys(r.cases ?? {}).map((c) => `${r.id} ${c}`));
    expect(sorted(registered)).toEqual(sorted(CASES.map(([id, ruleCase]) => `${id} ${ruleCase}`)));
  });

  it("tell what stops a restore, whatever profile the user chose", () => {
    expect(stopsRestore({ rule: "LC-PG-5" })).toBe(true);
    expect(stopsRestore({ rule: "LC-PG-6" })).toBe(false);
    expect(stopsRestore({ rule: "LC-DOM-2" })).toBe(true);
    expect(stopsRestore({ rule: "LC-DOM-2", ruleCase: "same-modulo-32" })).toBe(false);
  });
});

describe("a look-up in the registry", () => {
  it("calls an unknown id a bug of ours", () => {
    expect(() => ruleOf("LC-XX-1")).toThrow(InternalError);
    expect(() => severityOf("LC-XX-1", undefined, "restore")).toThrow(InternalError);
  });

  it("calls an unknown case a bug of ours, names of Object's own included", () => {
    expect(() => severityOf("LC-PV-2", "longer", "restore")).toThrow(InternalError);
    expect(() => severityOf("LC-PV-2", "toString", "restore")).toThrow(InternalError);
    expect(() => severityOf("LC-PV-1", "long", "restore")).toThrow(InternalError);
  });

  it("tests what a user typed without throwing", () => {
    expect(isRuleId("HC-12")).toBe(true);
    expect(isRuleId("hc-12")).toBe(false);
    expect(isRuleId("toString")).toBe(false);
  });
});

describe("the text of a rule", () => {
  it.each(rules.map((rule) => [rule.id, rule] as const))("%s is complete", (_, rule) => {
    expect(rule.sentence).toMatch(/^[A-Za-z].*\.$/);
    expect(rule.source).not.toBe("");
    expect(new Set(rule.enforcedBy).size).toBe(rule.enforcedBy.length);
    if (rule.notVisible === undefined) {
      expect(rule.hint).toMatch(/^\S.*\.$/);
      expect(rule.example).toMatch(/^\S.*[^.]$/);
    } else {
      expect(rule.notVisible).toMatch(/^[A-Z].*\.$/);
      expect([rule.hint, rule.example, rule.cases]).toEqual([undefined, undefined, undefined]);
    }
    for (const [key, ruleCase] of Object.entries(rule.cases ?? {})) {
      expect(key).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(ruleCase.what).toMatch(/^\S.*[^.]$/);
    }
  });

  it("says nothing twice", () => {
    const sentences = rules.map((rule) => rule.sentence);
    expect(sentences.filter((text, i) => sentences.indexOf(text) !== i)).toEqual([]);
  });

  it("names an enforcer wherever a restore fails", () => {
    const nobody = rules.filter((r) => r.restore === "error" && r.enforcedBy.length === 0);
    expect(nobody.map((rule) => rule.id)).toEqual([]);
  });
});
