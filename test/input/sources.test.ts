/** What every source does alike, synchronous or not: bytes, ends, holds, shared memory. */
import { afterAll, describe, expect, it } from "vitest";
import type { AsyncSource, Source } from "../../src/input/index.js";
import { driveAsync, driveSync } from "../../src/input/index.js";
import { asyncMakers, knownBytes, readAll, scratch, syncMakers } from "./support.js";

const disk = scratch();
afterAll(() => disk.remove());

const bytes = knownBytes(200_003);
const STEPS = [1, 7, 512, 4096, 16_383, 16_384, 16_385, 65_536, 65_537, 199_999, 200_003, 300_000];

describe.each(syncMakers(disk.path))("a synchronous source: $kind", ({ seekable, make }) => {
  it.each(STEPS)("gives the same bytes when read %i at a time", (stepBytes) => {
    const source = make(stepBytes === 1 ? bytes.subarray(0, 40_000) : bytes);
    const all = driveSync(readAll(stepBytes), source);
    expect(Buffer.compare(all, stepBytes === 1 ? bytes.subarray(0, 40_000) : bytes)).toBe(0);
    source.close();
  });

  it("fills shared memory", () => {
    const source = make(bytes);
    expect(Buffer.compare(driveSync(readAll(50_000, true), source), bytes)).toBe(0);
    source.close();
  });

  it("is at its end at once when it is empty", () => {
    const source = make(new Uint8Array(0));
    expect(source.read(new Uint8Array(8), 0)).toBe(0);
    expect(source.skip(0, 8)).toBe(0);
    expect(source.size).toBe(0);
    source.close();
  });

  it("closes as often as it is told to", () => {
    const source = make(bytes);
    source.close();
    expect(() => source.close()).not.toThrow();
  });

  it("answers a skip with the bytes that are there", () => {
    const source = make(bytes);
    expect(source.skip(0, 100)).toBe(100);
    expect(source.skip(100, 200_000)).toBe(199_903);
    expect(source.skip(200_003, 1)).toBe(0);
    expect(source.skip(500_000, 10)).toBe(0);
    expect(source.read(new Uint8Array(4), 600_000)).toBe(0);
    expect(source.size).toBe(200_003);
    source.close();
  });

  it("reads nothing into an empty view", () => {
    const source = make(bytes);
    expect(source.read(new Uint8Array(0), 10)).toBe(0);
    source.close();
  });

  rewindTests(make);
  if (!seekable) forwardOnlyTests(make);
});

describe.each(asyncMakers)("an asynchronous source: $kind", ({ seekable, make }) => {
  it.each(STEPS)("gives the same bytes when read %i at a time", async (stepBytes) => {
    const source = make(stepBytes === 1 ? bytes.subarray(0, 10_000) : bytes);
    const all = await driveAsync(readAll(stepBytes), source);
    expect(Buffer.compare(all, stepBytes === 1 ? bytes.subarray(0, 10_000) : bytes)).toBe(0);
    await source.close();
  });

  it("fills shared memory", async () => {
    const source = make(bytes);
    expect(Buffer.compare(await driveAsync(readAll(50_000, true), source), bytes)).toBe(0);
    await source.close();
  });

  it("is at its end at once when it is empty", async () => {
    const source = make(new Uint8Array(0));
    expect(await source.read(new Uint8Array(8), 0)).toBe(0);
    expect(await source.skip(0, 8)).toBe(0);
    expect(source.size).toBe(0);
    await source.close();
  });

  it("answers a skip with the bytes that are there", async () => {
    const source = make(bytes);
    expect(await source.skip(0, 100)).toBe(100);
    expect(await source.skip(100, 200_000)).toBe(199_903);
    expect(await source.skip(200_003, 1)).toBe(0);
    expect(await source.read(new Uint8Array(4), 600_000)).toBe(0);
    expect(source.size).toBe(200_003);
    await source.close();
  });

  rewindTests(make);
  if (!seekable) forwardOnlyTests(make);
});

async function readAt(source: AsyncSource | Source, byteOffset: number, count: number) {
  const into = new Uint8Array(count);
  return into.subarray(0, await source.read(into, byteOffset));
}

/** Holds and releases: a source that is read forwards needs them, any other allows them. */
function rewindTests(make: (bytes: Uint8Array) => AsyncSource | Source): void {
  it("gives held bytes again, small reads and large ones, in any order", async () => {
    const source = make(bytes);
    expect(await readAt(source, 0, 10)).toEqual(bytes.subarray(0, 10));
    source.hold(10);
    for (const [at, count] of [
      [10, 50],
      [60, 100_000],
      [10, 190_000],
      [30_000, 5],
      [10, 1],
      [199_000, 5000],
    ] as const) {
      const got = await readAt(source, at, count);
      expect(Buffer.compare(got, bytes.subarray(at, at + count)), `${at}`).toBe(0);
    }
    await source.close();
  });

  it("keeps what a skip passes over while it is held", async () => {
    const source = make(bytes);
    source.hold(5);
    expect(await source.skip(0, 150_000)).toBe(150_000);
    expect(await readAt(source, 5, 3)).toEqual(bytes.subarray(5, 8));
    await source.close();
  });

  it("holds from a place that is still to come", async () => {
    const source = make(bytes);
    source.hold(100_000);
    expect(Buffer.compare(await readAt(source, 0, 150_000), bytes.subarray(0, 150_000))).toBe(0);
    expect(await readAt(source, 100_000, 9)).toEqual(bytes.subarray(100_000, 100_009));
    await source.close();
  });

  it("reads on from where a hold was released, though it had been read further", async () => {
    const source = make(bytes);
    source.hold(0);
    await readAt(source, 0, 80_000);
    source.release(40_000);
    const got = await readAt(source, 40_000, 100_000);
    expect(Buffer.compare(got, bytes.subarray(40_000, 140_000))).toBe(0);
    await source.close();
  });

  it("lets holds nest: the end of the inner one does not end the outer one", async () => {
    const source = make(bytes);
    source.hold(10);
    await readAt(source, 0, 1000);
    source.hold(500);
    source.hold(20);
    await readAt(source, 500, 100_000);
    source.release(100_000);
    source.release(100_000);
    expect(await readAt(source, 10, 4)).toEqual(bytes.subarray(10, 14));
    source.release(100_000);
    expect(await readAt(source, 100_000, 4)).toEqual(bytes.subarray(100_000, 100_004));
    await source.close();
  });
}

/** What a source that is read forwards must not be asked for. */
function forwardOnlyTests(make: (bytes: Uint8Array) => AsyncSource | Source): void {
  it.each([
    ["was read", async (source: AsyncSource | Source) => void (await readAt(source, 0, 100))],
    ["was passed over", async (source: AsyncSource | Source) => void (await source.skip(0, 100))],
    [
      "was released",
      async (source: AsyncSource | Source) => {
        source.hold(0);
        await readAt(source, 0, 100);
        source.release(100);
      },
    ],
    [
      "was released twice",
      async (source: AsyncSource | Source) => {
        source.hold(10);
        source.hold(20);
        await readAt(source, 0, 100);
        source.release(50);
        source.release(100);
      },
    ],
  ])("calls it our own fault when a byte that %s is asked for again", async (_, pass) => {
    const source = make(bytes);
    await pass(source);
    const again = { code: "input-rewound", exitCode: 3 };
    await expect(async () => source.read(new Uint8Array(1), 99)).rejects.toMatchObject(again);
    await expect(async () => source.skip(0, 1)).rejects.toMatchObject(again);
    expect(() => source.hold(50)).toThrow(expect.objectContaining(again));
    expect(await readAt(source, 100, 2)).toEqual(bytes.subarray(100, 102));
    await source.close();
  });
}
