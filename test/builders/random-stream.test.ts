/**
 * The random streams are sound and what they say they are; the mutator damages them in many ways.
 * The judge of both is the oracle, the memory is held against the generator's own bookkeeping.
 */
import { describe, expect, it } from "vitest";
import { type Judgement, walk } from "../oracle/walker.js";
import { mutate } from "./mutate.js";
import { Prng } from "./prng.js";
import { type RandomStream, randomStream } from "./random-stream.js";

const SEEDS = Array.from({ length: 600 }, (_, seed) => seed);

/** How the memory of a judgement differs from what a stream intends; null where it does not. */
function memoryDiffers(stream: RandomStream, judgement: Judgement): string | null {
  if (judgement.streamPages.size !== stream.intended.size) return "number of pages";
  for (const [pfn, page] of stream.intended) {
    const got = judgement.streamPages.get(pfn);
    if (got === undefined || Buffer.compare(got, page) !== 0) return `pfn ${pfn}`;
  }
  return null;
}

describe("random streams", () => {
  it("the oracle accepts every one and finds the memory that was intended", () => {
    const wrong = SEEDS.flatMap((seed) => {
      const stream = randomStream(seed);
      const judgement = walk(stream.bytes, stream);
      const fault = judgement.firstFault;
      if (fault !== null) return [`${seed}: ${fault.rule} at ${fault.byteOffset}`];
      const difference = memoryDiffers(stream, judgement);
      return difference === null ? [] : [`${seed}: ${difference}`];
    });
    expect(wrong).toEqual([]);
  });

  it("the same seed gives the same bytes, another seed others", () => {
    expect(randomStream(7).bytes).toEqual(randomStream(7).bytes);
    expect(randomStream(7).bytes).not.toEqual(randomStream(8).bytes);
  });

  it("every kind of guest, container and ending comes up", () => {
    const kinds = new Set<string>();
    for (const seed of SEEDS) {
      const stream = randomStream(seed);
      const types = new Set(stream.parts.map((part) => part.type));
      const isCheckpointed = stream.parts.some(
        (part) => part.layer === "libxc" && part.type === 14,
      );
      kinds.add(`${stream.guest} in ${stream.container}`);
      kinds.add(isCheckpointed ? "checkpointed" : "plain");
      kinds.add(types.has(0x10) ? "version 3" : "version 2");
      if (types.has(0x0d)) kinds.add("verify");
      if (stream.parts.at(-1)?.type === null) kinds.add("broken off");
    }
    for (const guest of ["hvm", "pv"]) {
      for (const container of ["libxc", "libxl", "xl"]) {
        expect(kinds).toContain(`${guest} in ${container}`);
      }
    }
    expect([...kinds]).toEqual(
      expect.arrayContaining(["checkpointed", "plain", "version 3", "version 2", "verify"]),
    );
    expect(kinds).toContain("broken off");
  });

  it("streams stay small", () => {
    const largest = Math.max(...SEEDS.map((seed) => randomStream(seed).bytes.length));
    expect(largest).toBeLessThan(1 << 20);
  });
});

describe("mutated streams", () => {
  const mutants = SEEDS.flatMap((seed) => {
    const stream = randomStream(seed);
    return [seed, seed + 10_000, seed + 20_000].map((s) => ({ stream, ...mutate(stream, s) }));
  });
  const judgements = mutants.map(({ stream, bytes }) => walk(bytes, stream));

  it("the same stream and seed give the same damage", () => {
    const stream = randomStream(3);
    expect(mutate(stream, 5)).toEqual(mutate(stream, 5));
  });

  it("most differ from the stream they come from", () => {
    const same = mutants.filter(({ stream, bytes }) => Buffer.compare(stream.bytes, bytes) === 0);
    expect(same.length).toBeLessThan(mutants.length / 10);
  });

  it("a fair share is refused, a fair share is not", () => {
    const refused = judgements.filter((judgement) => judgement.verdict === "reject").length;
    expect(refused).toBeGreaterThan(mutants.length * 0.3);
    expect(refused).toBeLessThan(mutants.length * 0.8);
  });

  it("they are refused by many different rules, at an offset inside the image", () => {
    const rules = new Set(judgements.map((judgement) => judgement.firstFault?.rule));
    expect(rules.size).toBeGreaterThan(50);
    for (const [i, judgement] of judgements.entries()) {
      const at = judgement.firstFault?.byteOffset ?? 0;
      expect(at).toBeLessThanOrEqual(mutants[i]?.bytes.length ?? 0);
    }
  });
});

describe("the random numbers", () => {
  it("are the same for the same seed and reach both ends of a range", () => {
    const first = new Prng(42);
    const second = new Prng(42);
    const drawn = Array.from({ length: 200 }, () => first.between(3, 6));
    expect(Array.from({ length: 200 }, () => second.between(3, 6))).toEqual(drawn);
    expect([...new Set(drawn)].sort()).toEqual([3, 4, 5, 6]);
  });

  it("shuffling and cutting into runs lose nothing", () => {
    const list = Array.from({ length: 50 }, (_, i) => i);
    const prng = new Prng(1);
    expect(prng.shuffled(list).sort((a, b) => a - b)).toEqual(list);
    expect(prng.runs(list, 7).flat()).toEqual(list);
  });
});
