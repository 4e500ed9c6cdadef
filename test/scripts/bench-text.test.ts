/** What a run of the benchmarks is printed and plotted as. */
import { describe, expect, it } from "vitest";
import { plotsOf } from "../../bench/lib/plots.mjs";
import { headline, tableOf, targetOf } from "../../bench/lib/text.mjs";

const READ = { name: "C read", unit: "ms", median: 50, spread: 1 };
const DIGEST = {
  ...{ name: "page digest", unit: "ms", median: 80, spread: 2, baseline: "C read", ratio: 1.6 },
  ...{ cpuRatio: 1.55, target: { atMost: 1.5 } },
};
const answer = {
  question: "a <question>",
  checkedEqual: ["memory"],
  rows: [READ, DIGEST],
  notes: ["note"],
};
const machine = {
  cpu: "CPU",
  cpus: 2,
  node: "v20",
  load: "0.1",
  date: "2026-01-02T",
  commit: "abc",
};

describe("a run of the benchmarks", () => {
  it("is printed with its ratios beside the targets", () => {
    expect(headline(machine)).toBe("CPU, 2 cpus, Node v20, load 0.1");
    const lines = tableOf(answer).split("\n");
    expect(lines[1]).toBe("a <question>");
    expect(lines[2]).toBe("  equal: memory");
    expect(lines[3]).toMatch(/^ {2}C read {5} +50\.0 ms ±1\.00$/);
    expect(lines[4]).toMatch(
      /80\.0 ms ±2\.00 {2}1\.60 x C read \(cpu 1\.55\) {2}\(target: at most 1\.5, MISSED\)$/,
    );
    expect(lines[5]).toBe("  note");
  });

  it.each([
    [{ target: { atMost: 1.5 }, ratio: 1.5 }, true],
    [{ target: { atMost: 1.5 }, ratio: 1.51 }, false],
    [{ target: { atLeast: 5 }, ratio: 5 }, true],
    [{ target: { atLeast: 5 }, ratio: 4.9 }, false],
    [{ target: { within: 15 }, median: 15 }, true],
    [{ target: { within: 15 }, median: 15.1 }, false],
  ])("meets a target or not: %j", (row, met) => {
    expect(targetOf({ unit: "ms", median: 1, ...row })?.met).toBe(met);
  });

  it("has no target without a ratio to hold to it", () => {
    expect(targetOf({ unit: "ms", median: 1 })).toBe(null);
    expect(targetOf({ unit: "ms", median: 1, target: { atMost: 2 } })).toBe(null);
  });

  it("is plotted as one page: a bar for each row with a ratio, its text escaped", () => {
    const svg = plotsOf({ machine, options: { sizeMiB: 1 }, answers: { image: answer } });
    expect(svg).toMatch(/^<svg xmlns/);
    expect(svg.match(/fill-opacity/g)).toHaveLength(1);
    expect(svg).toContain("a &lt;question>");
    expect(svg).toContain("1.60 x C read");
  });
});
