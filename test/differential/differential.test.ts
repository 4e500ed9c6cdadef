/**
 * WASM engine, reference engine and oracle agree on generated and mutated streams: verdict,
 * findings, pfn tables, types, pages. `npm run campaign` runs the long form of the same.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../harness.js";
import { disagreements, streamOf } from "./compare.js";

const COUNT = 5000;

describe("both engines and the oracle", () => {
  it(`agree on ${COUNT} generated and mutated streams`, { timeout: 600_000 }, () => {
    const args = [join(ROOT, "scripts/campaign.mjs"), "--seed", "1", "--count", String(COUNT)];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^seeds 1 to 5000: agree, [\d.]+ s\n$/);
    expect(status).toBe(0);
  });

  it("are compared at all: sound streams are accepted, and a good part of the damaged ones not", () => {
    const seeds = Array.from({ length: 60 }, (_, i) => i + 1);
    const damaged = seeds.filter((seed) => streamOf(seed).mutated !== null);
    expect(damaged.length).toBe(40);
    expect(seeds.flatMap(disagreements)).toEqual([]);
    const kinds = new Set(seeds.map((seed) => streamOf(seed).stream.container));
    expect([...kinds].sort()).toEqual(["libxc", "libxl", "xl"]);
  });
});
