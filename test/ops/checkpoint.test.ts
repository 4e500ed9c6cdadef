/** The guest as of checkpoint N of a checkpointed stream. Rules: LC-CP-1..6. */
import { describe, expect, it } from "vitest";
import { BufferSource } from "../../src/input/index.js";
import { patternPage } from "../builders/bytes.js";
import { hvmContext, hvmStream } from "../builders/hvm.js";
import {
  checkpoint,
  end,
  hvmParams,
  type PageEntry,
  pageData,
  tscInfo,
} from "../builders/libxc.js";
import { join, type Part } from "../builders/parts.js";
import { runBytes, runSource } from "../harness.js";

/** Pages that each epoch writes: pfn to seed. */
const EPOCHS: readonly (readonly [pfn: number, seed: number])[][] = [
  [
    [1, 11],
    [2, 12],
    [3, 13],
  ],
  [
    [2, 22],
    [7, 27],
  ],
  [
    [1, 31],
    [9, 39],
    [2, 32],
  ],
];

const entriesOf = (epoch: readonly (readonly [number, number])[]): PageEntry[] =>
  epoch.map(([pfn, seed]) => ({ pfn, page: patternPage(seed) }));

/** The store page of the guest; epoch 2 moves it. */
const STORE = [3, 7, 7];

function remusParts(): Part[] {
  const [headers, ...records] = hvmStream({ batches: [] });
  if (headers === undefined) throw new Error("a stream has headers");
  const staticPart = records.slice(0, 3);
  const epochs = EPOCHS.flatMap((epoch, i) => [
    pageData(entriesOf(epoch)),
    tscInfo(),
    hvmContext(),
    hvmParams([[1, STORE[i] ?? 0]]),
    checkpoint(),
  ]);
  return [headers, ...staticPart, ...epochs, end()];
}

const remus = () => join(remusParts());

/** A plain stream of the memory after `count` epochs. */
function plain(count: number) {
  const memory = new Map<number, number>();
  for (const epoch of EPOCHS.slice(0, count)) {
    for (const [pfn, seed] of epoch) memory.set(pfn, seed);
  }
  return join(hvmStream({ batches: [entriesOf([...memory])] }));
}

describe("--checkpoint N", () => {
  it.each(["indexed", "resident"] as const)("gives the memory of that checkpoint, %s", (model) => {
    for (const [i] of EPOCHS.entries()) {
      const ran = runBytes(remus(), { checkpointed: true, checkpoint: i + 1, model });
      expect(ran.errors).toEqual([]);
      const { domain } = ran.image.restorer;
      expect(domain?.checkpoints).toBe(i + 1);
      expect(domain?.hvmParams.get(1)).toBe(BigInt(STORE[i] ?? 0));
      expect(ran.digests().streamSha256).toBe(runBytes(plain(i + 1)).digests().streamSha256);
    }
  });

  it("is the last one where the stream has fewer, or none is asked for", () => {
    const all = runBytes(plain(3)).digests().streamSha256;
    for (const checkpoint of [null, 3, 99]) {
      const ran = runBytes(remus(), { checkpointed: true, checkpoint });
      expect(ran.digests().streamSha256).toBe(all);
    }
  });
});

describe("the records of a checkpointed stream", () => {
  const seenIn = (bytes: Uint8Array) => {
    const seen: number[] = [];
    const whole: unknown[] = [];
    const ran = runSource(new BufferSource(bytes), { checkpointed: true }, (event) => {
      if (event.event === "record" || event.event === "batch") seen.push(event.head.recordIndex);
      if (event.event === "moment" && event.moment === "failover")
        whole.push(event.detail?.records);
    });
    return { ran, seen, whole };
  };

  it("are numbered through all epochs, walked over or not", () => {
    const { seen } = seenIn(remus());
    expect(seen).toEqual(Array.from({ length: 3 + 5 * EPOCHS.length + 1 }, (_, i) => i));
  });

  it("are counted where they are dropped: whole ones, no END and none that is cut", () => {
    const parts = [pageData(entriesOf([[4, 1]])), tscInfo()];
    const begun = join([...remusParts().slice(0, -1), ...parts]);
    expect(seenIn(begun).whole).toEqual([2]);
    expect(seenIn(begun.subarray(0, -1)).whole).toEqual([1]);
    expect(seenIn(join([...remusParts().slice(0, -1), ...parts, end()])).whole).toEqual([2]);
    expect(seenIn(remus()).whole).toEqual([0]);
  });
});
