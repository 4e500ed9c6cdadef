/**
 * WASM engine, reference engine and oracle agree on generated and mutated streams: verdict,
 * findings, pfn tables, types, pages. XENSTREAM_CAMPAIGN sets how many streams, XENSTREAM_SEED where
 * to begin; `npm run campaign` runs the long form.
 */
import { describe, expect, it } from "vitest";
import { disagreements, streamOf } from "./compare.js";

const COUNT = Number(process.env.XENSTREAM_CAMPAIGN ?? 5000);
const FIRST = Number(process.env.XENSTREAM_SEED ?? 1);
const STEP = 500;
/** Disagreements shown before a step gives up: one is enough to work on. */
const SHOWN = 10;

describe("both engines and the oracle", () => {
  for (let first = FIRST; first < FIRST + COUNT; first += STEP) {
    const last = Math.min(first + STEP, FIRST + COUNT) - 1;
    it(`agree on the streams of seeds ${first} to ${last}`, { timeout: 600_000 }, () => {
      const found: string[] = [];
      for (let seed = first; seed <= last && found.length < SHOWN; seed += 1) {
        found.push(...disagreements(seed));
      }
      expect(found).toEqual([]);
    });
  }

  it("are held to sound and to damaged streams, accepted and rejected ones", () => {
    const seeds = Array.from({ length: 300 }, (_, i) => i + 1);
    const damaged = seeds.filter((seed) => streamOf(seed).mutated !== null).length;
    expect(damaged).toBe(200);
    const kinds = new Set(seeds.map((seed) => streamOf(seed).stream.container));
    expect([...kinds].sort()).toEqual(["libxc", "libxl", "xl"]);
  });
});
