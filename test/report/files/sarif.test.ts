/** SARIF files are judged by ajv against the schema of the OASIS standard. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { default as addFormats } from "ajv-formats";
import type { Log, Run } from "sarif";
import { describe, expect, it } from "vitest";
import { RULES } from "../../../src/findings/index.js";
import { type ImageOutcome, sarifReport } from "../../../src/report/files/index.js";
import { ROOT } from "../../harness.js";
import { bad, finding, GOOD } from "../documents.js";
import { failed, golden, HOSTILE, judged, MIXED, rotten, textOf, warned } from "./batches.js";

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
const validate = ajv.compile(
  JSON.parse(readFileSync(join(ROOT, "test/fixtures/schemas/sarif-2.1.0.json"), "utf8")) as object,
);

/** What the schema has against a file. */
function complaints(text: string) {
  return validate(JSON.parse(text)) ? [] : (validate.errors ?? []);
}

const report = (outcomes: readonly ImageOutcome[]) => textOf(sarifReport, outcomes);

function runOf(outcomes: readonly ImageOutcome[]): Run {
  const [run] = (JSON.parse(report(outcomes)) as Log).runs;
  if (run === undefined) throw new Error("no run");
  return run;
}

const notifications = (run: Run) => run.invocations?.[0]?.toolExecutionNotifications ?? [];
const uris = (run: Run) => (run.artifacts ?? []).map(({ location }) => location?.uri ?? "");

describe("a SARIF report", () => {
  it("says of a small batch what it is known to say", async () => {
    await expect(report(MIXED)).toMatchFileSnapshot(golden("mixed.sarif"));
  });

  it("is what the schema of the standard accepts", () => {
    expect(complaints(report(MIXED))).toEqual([]);
    expect(complaints(report([]))).toEqual([]);
  });

  it("is refused by the schema with a level that does not exist", () => {
    expect(complaints(report(MIXED).replace('"level":"error"', '"level":"fatal"'))).not.toEqual([]);
  });

  it("stays valid whatever files are called", () => {
    expect(complaints(report(HOSTILE))).toEqual([]);
  });

  it("describes every rule of the registry in words that the schema accepts", () => {
    const findings = [...RULES.keys()].map((rule) => finding({ rule }));
    const text = report([judged(bad(...findings))]);
    expect(complaints(text)).toEqual([]);
    const [run] = (JSON.parse(text) as Log).runs;
    expect(run?.tool.driver.rules?.map(({ id }) => id)).toEqual([...RULES.keys()]);
  });

  it("lists rules once, in order of first use, and points at them", () => {
    const run = runOf([...MIXED, ...MIXED]);
    const rules = run.tool.driver.rules ?? [];
    expect(rules.map(({ id }) => id)).toEqual(["HC-20", "LC-PG-5", "LC-ORD-6"]);
    for (const { ruleId, ruleIndex } of run.results ?? []) {
      expect(rules[ruleIndex ?? -1]?.id).toBe(ruleId);
    }
  });

  it("has a rule that this version does not know by its id alone", () => {
    const run = runOf([judged(bad(finding({ rule: "ZZ-1" })))]);
    expect(run.tool.driver.rules).toEqual([{ id: "ZZ-1" }]);
  });

  it("writes paths as relative references, absolute ones and URLs as URIs", () => {
    const names = ["a b.save", "./x/y%.save", "/srv/a:b.save", "a:b", "https://h/p q?x=1", "-"];
    expect(uris(runOf(names.map((name) => judged(GOOD, name))))).toEqual([
      "a%20b.save",
      "x/y%25.save",
      "file:///srv/a%3Ab.save",
      "a%3Ab",
      "https://h/p%20q?x=1",
      "-",
    ]);
  });

  it("has one artifact for an image that is named twice", () => {
    const text = report([failed("x"), failed("x"), judged(GOOD, "./x"), judged(GOOD, "y")]);
    expect(complaints(text)).toEqual([]);
    const [run] = (JSON.parse(text) as Log).runs;
    expect(uris(run as Run)).toEqual(["x", "y"]);
  });

  it("marks an entry's eight bytes, and no bytes of a compressed file", () => {
    const regions = (container: "libxc" | "zstd") => {
      const file = judged({ ...bad(finding()), container: [container] });
      return (runOf([file]).results ?? []).map((r) => r.locations?.[0]?.physicalLocation?.region);
    };
    expect(regions("libxc")).toEqual([{ byteOffset: 168, byteLength: 8 }]);
    expect(regions("zstd")).toEqual([undefined]);
  });

  it("never lets a region reach beyond its file", () => {
    const file = judged({ ...bad(finding({ byteOffset: 100 })), bytes: 103 });
    const [result] = runOf([file]).results ?? [];
    const region = result?.locations?.[0]?.physicalLocation?.region;
    expect(region).toEqual({ byteOffset: 100, byteLength: 3 });
  });

  it("doubles braces and breaks what reads as a link in a message", () => {
    const [result] = runOf([judged(bad(finding({ actual: "{0} [x](http://y)" })))]).results ?? [];
    expect(result?.message.text).toContain("Found: {{0}} [x] (http://y).");
  });

  it("tells findings of one place apart, in the same way each time", () => {
    const prints = () => {
      const results = runOf([judged(bad(finding(), finding()))]).results ?? [];
      return results.map((result) => result.partialFingerprints?.primaryLocationLineHash);
    };
    expect(new Set(prints()).size).toBe(2);
    expect(prints()).toEqual(prints());
  });

  it("notifies of images without a verdict and says that the run was no success", () => {
    const run = runOf([failed("gone.save"), judged(GOOD)]);
    expect(run.invocations?.[0]).toMatchObject({ executionSuccessful: false, exitCode: 2 });
    expect(notifications(run)).toMatchObject([{ level: "error", descriptor: { id: "not-found" } }]);
  });

  it("holds all 5,000 errors of one image", () => {
    const run = runOf([rotten("rotten.save", 5_000)]);
    expect(run.results).toHaveLength(5_000);
    expect(notifications(run)).toEqual([]);
  });

  it("stays within GitHub's 25,000 results and says how many are left out", () => {
    const outcomes = [rotten("a", 30_000), rotten("b", 30_000), rotten("c", 3)];
    const many = Array.from({ length: 600 }, (_, index) => warned(`w${index}`, 10));
    const text = report([...many, ...outcomes]);
    expect(complaints(text)).toEqual([]);
    const [run] = (JSON.parse(text) as Log).runs;
    const results = run?.results ?? [];
    expect(results.filter(({ level }) => level === "warning")).toHaveLength(5_000);
    const of = (uri: string) =>
      results.filter((r) => r.locations?.[0]?.physicalLocation?.artifactLocation?.uri === uri);
    expect([of("a"), of("b"), of("c")].map(({ length }) => length)).toEqual([6_666, 6_666, 3]);
    const omitted = 1_000 + 2 * (30_000 - 6_666);
    expect(notifications(run as Run)[0]?.message.text).toContain(`${omitted} findings left out`);
  });

  it("counts findings that were never kept among those left out", () => {
    const run = runOf([judged({ ...bad(finding()), findingsDropped: 7 })]);
    expect(notifications(run)[0]?.message.text).toContain("7 findings left out");
  });

  it("notifies of a thousand failures at most and counts the rest", () => {
    const run = runOf(Array.from({ length: 1_002 }, (_, index) => failed(`f${index}`)));
    expect(notifications(run)).toHaveLength(1_001);
    expect(notifications(run)[0]?.message.text).toContain("2 images without a verdict left out");
  });
});
