/**
 * Metrics are read back by a strict parser that was written from the documentation of the text
 * format, and by promtool of Prometheus where it is installed.
 */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { type ImageOutcome, prometheusReport } from "../../../src/report/files/index.js";
import { GOOD } from "../documents.js";
import {
  failed,
  golden,
  HOSTILE,
  HOSTILE_NAMES,
  judged,
  MIXED,
  rotten,
  textOf,
} from "./batches.js";
import { parseExposition } from "./exposition.js";

const hasPromtool = spawnSync("promtool", ["--version"]).error === undefined;
const report = (outcomes: readonly ImageOutcome[]) => textOf(prometheusReport, outcomes);

/** Samples of a metric: labels and value. */
function samplesOf(text: string, name: string) {
  return parseExposition(text).get(name)?.samples ?? [];
}

describe("a Prometheus report", () => {
  it("says of a small batch what it is known to say", async () => {
    await expect(report(MIXED)).toMatchFileSnapshot(golden("mixed.prom"));
  });

  it("gives every metric a help, a type and a name with a unit where it has one", () => {
    const families = parseExposition(report(MIXED));
    expect([...families.keys()]).toContain("xenstream_run_end_timestamp_seconds");
    for (const [name, { help, type, samples }] of families) {
      expect(name).toMatch(/^xenstream_(run|image)_/);
      expect(help).not.toBe("");
      expect(type).toBe("gauge");
      expect(samples).not.toEqual([]);
    }
  });

  it("gives every image the verdict it has", () => {
    const verdicts = samplesOf(report(MIXED), "xenstream_image_verdict");
    expect(verdicts.map(({ labels }) => labels)).toEqual([
      { file: "good.save", verdict: "accept" },
      { file: "warned.save", verdict: "accept" },
      { file: "dir/bad.save", verdict: "reject" },
      { file: "gone.save", verdict: "error" },
    ]);
  });

  it("counts findings by rule and severity", () => {
    const counts = samplesOf(report([...MIXED, rotten("r", 5_000)]), "xenstream_run_findings");
    expect(counts).toEqual([
      { labels: { rule: "LC-PG-5", severity: "error" }, value: 5_002 },
      { labels: { rule: "HC-20", severity: "warning" }, value: 1 },
      { labels: { rule: "LC-ORD-6", severity: "note" }, value: 1 },
    ]);
  });

  it("is parsed whatever files are called", () => {
    const files = samplesOf(report(HOSTILE), "xenstream_image_verdict").map((s) => s.labels.file);
    expect(files).toHaveLength(3 * HOSTILE_NAMES.length);
    expect(files).toContain("quotes\"and'apostrophes.save");
    expect(files).toContain("line\\nbreak.save");
  });

  it("has each series once for an image that is named twice: the later result", () => {
    const text = report([judged(GOOD, "a"), failed("a")]);
    const verdicts = samplesOf(text, "xenstream_image_verdict");
    expect(verdicts.map(({ labels }) => labels)).toEqual([{ file: "a", verdict: "error" }]);
  });

  it("has series of 10,000 images at most and says how many have none", () => {
    const text = report(Array.from({ length: 10_002 }, (_, index) => failed(`f${index}`)));
    expect(samplesOf(text, "xenstream_image_verdict")).toHaveLength(10_000);
    expect(samplesOf(text, "xenstream_run_images_omitted")).toEqual([{ labels: {}, value: 2 }]);
  });

  it.skipIf(!hasPromtool)("has nothing that promtool objects to", () => {
    for (const outcomes of [MIXED, HOSTILE, []]) {
      const run = spawnSync("promtool", ["check", "metrics"], {
        input: report(outcomes),
        encoding: "utf8",
      });
      expect(`${run.stdout}${run.stderr}`).toBe("");
      expect(run.status).toBe(0);
    }
  });
});

describe("the parser of these tests", () => {
  it.each([
    ["a sample before its type", "x 1\n"],
    ["no line feed at the end", "# HELP x h\n# TYPE x gauge\nx 1"],
    ["a series twice", '# HELP x h\n# TYPE x gauge\nx{a="1"} 1\nx{a="1"} 2\n'],
    [
      "a metric in two places",
      "# HELP x h\n# TYPE x gauge\nx 1\n# HELP y h\n# TYPE y gauge\nx 2\n",
    ],
    ["a quote that is not escaped", '# HELP x h\n# TYPE x gauge\nx{a="b"c"} 1\n'],
    ["an escape that does not exist", '# HELP x h\n# TYPE x gauge\nx{a="\\t"} 1\n'],
    ["a value that is no number", "# HELP x h\n# TYPE x gauge\nx one\n"],
    ["a timestamp", "# HELP x h\n# TYPE x gauge\nx 1 1395066363000\n"],
  ])("refuses %s", (_what, text) => {
    expect(() => parseExposition(text)).toThrow();
  });
});
