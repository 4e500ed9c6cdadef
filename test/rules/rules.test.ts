/**
 * Every rule that a file can show: one image that breaks it and one that just does not, through the
 * whole pipeline; where format document, verifier and restorer differ, the verdict of both profiles.
 * And the count: what these tables fire is what the registry calls visible.
 */
import { describe, expect, it } from "vitest";
import { type Profile, RULE_PAGES, ruleOf, severityOf } from "../../src/findings/index.js";
import { type Ran, runBytes } from "../harness.js";
import { TABLES } from "./tables/all.js";
import type { Reading, RuleRow } from "./tables/row.js";

/** Rules that no reading of an image fires, and what does. */
const BY_OTHER_COMMANDS: Readonly<Record<string, string>> = {
  "XS-CVT-2": "a conversion to version 1",
};

const PROFILES: readonly Profile[] = ["restore", "strict"];

/** Findings of the row's rule, and of its case where it has one: cases differ in severity or place. */
function told(ran: Ran, { rule, ruleCase }: RuleRow, profile: Profile) {
  const severity = severityOf(rule, ruleCase, profile);
  return ran.findings.filter((finding) => finding.rule === rule && finding.severity === severity);
}

/** Profiles that tell a case from the rule itself, where the severities of the two differ at all. */
function tellingProfiles({ rule, ruleCase }: RuleRow): readonly Profile[] {
  const telling = PROFILES.filter(
    (profile) => severityOf(rule, ruleCase, profile) !== severityOf(rule, undefined, profile),
  );
  return telling.length === 0 ? PROFILES : telling;
}

function read(bytes: Uint8Array, profile: Profile, reading: Reading): Ran {
  return runBytes(bytes, { profile, ...reading });
}

describe.each(TABLES)("%s", (_page, rows) => {
  it.each(rows)("$rule $ruleCase fires on $what", (row) => {
    for (const profile of PROFILES) {
      const ran = read(row.fires(), profile, row.reading);
      expect(ran.findings.map(({ rule }) => rule)).toContain(row.rule);
      expect(told(ran, row, profile).length).toBeGreaterThan(0);
      const rejects = severityOf(row.rule, row.ruleCase, profile) === "error";
      if (rejects) expect(ran.verdict).toBe("reject");
    }
  });

  it.each(rows)("$rule $ruleCase takes what comes close to $what", (row) => {
    for (const profile of tellingProfiles(row)) {
      const ran = read(row.near(), profile, row.nearReading);
      expect(told(ran, row, profile)).toEqual([]);
    }
  });

  const disputed = rows.filter(({ rule }) => ruleOf(rule).disagree !== undefined);
  it.each(disputed)("$rule $ruleCase: the profiles give what each side says of $what", (row) => {
    expect(ruleOf(row.rule).disagree?.length).toBeGreaterThan(20);
    for (const profile of PROFILES) {
      const errors = read(row.fires(), profile, row.reading).errors;
      const rejects = severityOf(row.rule, row.ruleCase, profile) === "error";
      expect(errors.includes(row.rule)).toBe(rejects);
    }
  });
});

describe("the tables", () => {
  const rows = TABLES.flatMap(([, table]) => table);
  const visible = RULE_PAGES.flatMap((page) => page.rules).filter(
    ({ notVisible }) => notVisible === undefined,
  );

  it("fire every rule that the registry calls visible, and no other", () => {
    const fired = new Set(rows.map(({ rule }) => rule));
    const left = Object.keys(BY_OTHER_COMMANDS);
    expect([...fired, ...left].sort()).toEqual(visible.map(({ id }) => id).sort());
  });

  it("fire every case of a rule", () => {
    const fired = new Set(rows.map(({ rule, ruleCase }) => `${rule}/${ruleCase}`));
    const cases = visible.flatMap(({ id, cases = {} }) =>
      Object.keys(cases).map((ruleCase) => `${id}/${ruleCase}`),
    );
    const left = cases.filter((name) => !fired.has(name));
    expect(left).toEqual([]);
  });

  it("judge every row that the pages mark as disputed", () => {
    const disputed = visible.filter(({ disagree }) => disagree !== undefined);
    const fired = new Set(rows.map(({ rule }) => rule));
    const left = disputed.filter(({ id }) => !fired.has(id)).map(({ id }) => id);
    expect(left).toEqual([]);
  });
});
