import { describe, expect, it } from "vitest";
import { mix, Random, saltOf, seedOf } from "../../../src/export/generate/random.js";

describe("the generator of numbers", () => {
  it("fills memory with the words that it gives one by one", () => {
    const bytes = new Uint8Array(64);
    new Random(1, 2).fill(bytes);
    const one = new Random(1, 2);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < 64; at += 4) expect(view.getUint32(at, true)).toBe(one.next());
  });

  it("gives the same words for a seed from release to release", () => {
    const random = new Random(1, 0);
    const words = [random.next(), random.next(), random.next(), random.next()];
    expect(words).toEqual([0xff1e01f8, 0xe4bc7499, 0xe32e7ade, 0x564f1dc9]);
  });

  it("goes on after a fill where the fill ended", () => {
    const filled = new Random(3, 4);
    filled.fill(new Uint8Array(40));
    const counted = new Random(3, 4);
    for (let i = 0; i < 10; i++) counted.next();
    expect(filled.next()).toBe(counted.next());
  });

  it("depends on every bit of the seed", () => {
    const salts = new Set<number>();
    for (let bit = 0; bit < 53; bit++) salts.add(saltOf(seedOf(2 ** bit), 1));
    expect(salts.size).toBe(53);
  });

  it("spreads what it mixes evenly", () => {
    const buckets = new Uint32Array(16);
    for (let i = 0; i < 16_000; i++) buckets[mix(7, i) % 16]! += 1;
    for (const count of buckets) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
