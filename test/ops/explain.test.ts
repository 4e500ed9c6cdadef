/**
 * `explain` gives every rule whole, and the nearest ids for a name that is none.
 */
import { describe, expect, it } from "vitest";
import { RULES, UsageError } from "../../src/findings/index.js";
import { explainRule, nearestRules } from "../../src/ops/index.js";
import { renderExplain } from "../../src/report/index.js";

describe("the explanation of a rule", () => {
  it("has its sentence, source, severities and, where it can fire, an example and advice", () => {
    for (const [id, rule] of RULES) {
      const { severity, page, ...told } = explainRule(id);
      expect(told).toMatchObject({ rule: id, sentence: rule.sentence, source: rule.source });
      expect(severity).toEqual({ restore: rule.restore, strict: rule.strict });
      expect(page).not.toBe("");
      if (rule.notVisible !== undefined) continue;
      expect(told.example?.length).toBeGreaterThan(0);
      expect(told.hint?.length).toBeGreaterThan(0);
    }
  });

  it("is found in letters of either case", () => {
    expect(explainRule("lc-pg-5").rule).toBe("LC-PG-5");
  });

  it("fits 80 columns as text, cases and disagreements included", () => {
    for (const id of RULES.keys()) {
      for (const line of renderExplain(explainRule(id)).split("\n")) {
        expect(line.length).toBeLessThanOrEqual(80);
      }
    }
    const text = renderExplain(explainRule("LC-DOM-2"));
    expect(text).toContain("same-modulo-32 (restore: warning; strict: error)");
    expect(text).toContain("Disputed");
    expect(renderExplain(explainRule("LC-REC-1"))).toContain("Not fired");
  });
});

describe("a name that is no rule", () => {
  it("is answered with the ids that are near", () => {
    expect(nearestRules("LC-PG5")).toContain("LC-PG-5");
    expect(nearestRules("hc-2O")).toContain("HC-20");
    expect(nearestRules("LC-CP")).toContain("LC-CP-1");
    expect(nearestRules("nothing at all")).toEqual([]);
  });

  it("is an error of usage", () => {
    expect(() => explainRule("LC-PG-55")).toThrow(UsageError);
    expect(() => explainRule("LC-PG-55")).toThrow(/LC-PG-5/);
  });
});
