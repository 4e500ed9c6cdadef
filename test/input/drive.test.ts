/** The drivers: equal answers on every source, and how a job ends early. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { InternalError } from "../../src/findings/index.js";
import type { InputJob, Source } from "../../src/input/index.js";
import { BufferSource, driveAsync, driveSync, StreamSource } from "../../src/input/index.js";
import { asyncMakers, knownBytes, modelDrive, ROOMY, scratch, syncMakers } from "./support.js";

const disk = scratch();
afterAll(() => disk.remove());

type Move =
  | { readonly do: "read" | "skip"; readonly gap: number; readonly bytes: number }
  | { readonly do: "rewind"; readonly part: number }
  | { readonly do: "hold"; readonly part: number }
  | { readonly do: "release"; readonly part: number };

const sizes = fc.oneof(fc.nat(64), fc.nat(9000), fc.nat(70_000), fc.constant(16_384));
const moves: fc.Arbitrary<Move> = fc.oneof(
  fc.record({
    do: fc.constantFrom("read", "skip"),
    gap: fc.oneof(fc.constant(0), sizes),
    bytes: sizes,
  }),
  fc.record({
    do: fc.constantFrom("rewind", "hold", "release"),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);

/** A job that makes the moves, kept legal: it goes back only as far as a hold lets it. */
function* script(list: readonly Move[], log: string[]): InputJob<string> {
  let position = 0;
  let furthest = 0;
  const holds: number[] = [];
  for (const move of list) {
    if (move.do === "rewind") {
      if (holds.length > 0) position = between(Math.min(...holds), furthest, move.part);
    } else if (move.do === "hold") {
      holds.push(position);
      log.push(`hold ${yield { request: "hold", byteOffset: position }}`);
    } else if (move.do === "release") {
      if (holds.length === 0) continue;
      position = between(Math.min(...holds), furthest, move.part);
      holds.pop();
      log.push(`release ${yield { request: "release", byteOffset: position }}`);
    } else {
      const byteOffset: number = position + move.gap;
      let got: number;
      if (move.do === "read") {
        const into = new Uint8Array(move.bytes);
        got = yield { request: "read", byteOffset, into };
        log.push(`${byteOffset}: ${got} ${Buffer.from(into).toString("latin1")}`);
      } else {
        got = yield { request: "skip", byteOffset, bytes: move.bytes };
        log.push(`${byteOffset}: ${got}`);
      }
      position = Math.max(position, byteOffset + got);
      furthest = Math.max(furthest, position);
    }
  }
  return log.join("\n");
}

function between(low: number, high: number, part: number): number {
  return low + Math.floor((high - low) * part);
}

describe("both drivers", () => {
  it("answer any script on any source as the naive model does", async () => {
    const makers = syncMakers(disk.path);
    await fc.assert(
      fc.asyncProperty(
        fc.array(moves, { maxLength: 40 }),
        fc.oneof(fc.nat(300), fc.nat(200_000)),
        async (list, count) => {
          const bytes = knownBytes(count);
          const wanted = modelDrive(script(list, []), bytes);
          for (const { kind, make } of makers) {
            const source = make(bytes);
            expect(driveSync(script(list, []), source), kind).toBe(wanted);
            source.close();
          }
          for (const { kind, make } of [...asyncMakers, makers[0]!, makers[4]!]) {
            const source = make(bytes);
            expect(await driveAsync(script(list, []), source), kind).toBe(wanted);
            await source.close();
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    { request: "read", byteOffset: -1, into: new Uint8Array(1) },
    { request: "read", byteOffset: Number.NaN, into: new Uint8Array(1) },
    { request: "skip", byteOffset: 0, bytes: -1 },
  ] as const)("call a request that cannot be our own fault: $request $byteOffset", async (bad) => {
    function* job(): InputJob<void> {
      yield bad;
    }
    const source = new BufferSource(knownBytes(10));
    expect(() => driveSync(job(), source)).toThrow(InternalError);
    await expect(driveAsync(job(), source)).rejects.toThrow(InternalError);
  });

  it("read ahead where it costs nothing, and elsewhere what is enough and no more", async () => {
    const bytes = knownBytes(20_000);
    function* job(): InputJob<number[]> {
      const answers: number[] = [];
      for (const byteOffset of [0, 8, 9000, 19_996, 20_000]) {
        const into = new Uint8Array(8208);
        const got = yield { request: "read", byteOffset, into, enough: 8 };
        expect(into.subarray(0, got)).toEqual(bytes.subarray(byteOffset, byteOffset + got));
        answers.push(got);
      }
      return answers;
    }
    const ahead = [8208, 8208, 8208, 4, 0];
    const enough = [8, 8, 8, 4, 0];
    for (const { kind, seekable, make } of syncMakers(disk.path)) {
      const source = make(bytes);
      expect(driveSync(job(), source), kind).toEqual(seekable ? ahead : enough);
      source.close();
    }
    for (const { kind, seekable, make } of asyncMakers) {
      const source = make(bytes);
      expect(await driveAsync(job(), source), kind).toEqual(seekable ? ahead : enough);
      await source.close();
    }
  });

  it("tell progress once per step of input, and not again for what is read twice", async () => {
    function* job(): InputJob<void> {
      yield { request: "hold", byteOffset: 0 };
      for (const byteOffset of [0, 100, 0, 100, 200, 300]) {
        yield { request: "read", byteOffset, into: new Uint8Array(100) };
      }
      yield { request: "skip", byteOffset: 400, bytes: 1000 };
    }
    const source = new BufferSource(knownBytes(1000));
    for (const drive of [driveSync, driveAsync]) {
      const told: number[] = [];
      const onProgress = (byteOffset: number) => void told.push(byteOffset);
      await drive(job(), source, { onProgress, progressBytes: 150 });
      expect(told).toEqual([200, 400, 1000]);
    }
  });
});

describe("progress", () => {
  it("is told of a step as soon as it is whole, and not a byte before", async () => {
    function* job(): InputJob<void> {
      for (const byteOffset of [0, 100, 200, 299]) {
        yield { request: "skip", byteOffset, bytes: 100 };
      }
    }
    for (const drive of [driveSync, driveAsync]) {
      const told: number[] = [];
      const onProgress = (byteOffset: number) => void told.push(byteOffset);
      await drive(job(), new BufferSource(knownBytes(1000)), { onProgress, progressBytes: 100 });
      expect(told).toEqual([100, 200, 300]);
    }
  });
});

describe("a job that ends early", () => {
  /** Reads for ever; tells how it was ended. */
  function* endless(log: string[]): InputJob<void> {
    try {
      yield { request: "hold", byteOffset: 0 };
      for (let byteOffset = 0; ; byteOffset++) {
        const into = new Uint8Array(1);
        const got = yield { request: "read", byteOffset, into };
        if (got === 0) byteOffset = 0;
      }
    } catch (error) {
      log.push(`caught ${String(error)}`);
    } finally {
      const answer = yield { request: "read", byteOffset: 0, into: new Uint8Array(1) };
      yield { request: "release", byteOffset: 1 };
      log.push(`finally ${answer}`);
    }
  }

  class Recording extends BufferSource {
    readonly released: number[] = [];
    override release(byteOffset = 0): void {
      this.released.push(byteOffset);
    }
  }

  it.each(["sync", "async"])("runs its finally blocks and not its catch (%s)", async (kind) => {
    const log: string[] = [];
    const source = new Recording(knownBytes(100));
    const control = new AbortController();
    const options = {
      signal: control.signal,
      progressBytes: 10,
      onProgress: () => control.abort(new Error("enough")),
    };
    const run = async () =>
      kind === "sync"
        ? driveSync(endless(log), source, options)
        : await driveAsync(endless(log), source, options);
    await expect(run()).rejects.toThrow("enough");
    expect(log).toEqual(["finally 0"]);
    expect(source.released).toEqual([1]);
  });

  it.each(["sync", "async"])("passes on an error of the source (%s)", async (kind) => {
    const log: string[] = [];
    const broken: Source = Object.assign(new BufferSource(knownBytes(10)), {
      read() {
        throw new Error("disk");
      },
    });
    const run = async () =>
      kind === "sync" ? driveSync(endless(log), broken) : await driveAsync(endless(log), broken);
    await expect(run()).rejects.toThrow("disk");
    expect(log).toEqual(["finally 0"]);
  });

  it("gives its own error to the caller", async () => {
    function* throwing(): InputJob<void> {
      yield { request: "skip", byteOffset: 0, bytes: 1 };
      throw new RangeError("mine");
    }
    const source = new BufferSource(knownBytes(10));
    expect(() => driveSync(throwing(), source)).toThrow("mine");
    await expect(driveAsync(throwing(), source)).rejects.toThrow("mine");
  });

  it("keeps the first error when a finally block throws another", () => {
    function* throwing(): InputJob<void> {
      try {
        yield { request: "read", byteOffset: -1, into: new Uint8Array(1) };
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: this is what the test is about
        throw new RangeError("second");
      }
    }
    expect(() => driveSync(throwing(), new BufferSource(knownBytes(1)))).toThrow(InternalError);
  });

  it("ends though a finally block never stops asking", () => {
    function* stubborn(): InputJob<void> {
      try {
        yield { request: "read", byteOffset: -1, into: new Uint8Array(1) };
      } finally {
        for (;;) yield { request: "skip", byteOffset: 0, bytes: 1 };
      }
    }
    expect(() => driveSync(stubborn(), new BufferSource(knownBytes(1)))).toThrow(InternalError);
  });

  it("is aborted from a timer while the source never makes it wait", async () => {
    const log: string[] = [];
    const signal = AbortSignal.timeout(20);
    const running = driveAsync(endless(log), new BufferSource(knownBytes(10)), { signal });
    await expect(running).rejects.toMatchObject({ name: "TimeoutError" });
    expect(log).toEqual(["finally 0"]);
  });

  it("is aborted while it waits for a chunk that never comes", async () => {
    async function* silent(): AsyncGenerator<Uint8Array> {
      await new Promise(() => {});
    }
    const source = new StreamSource("silent", silent(), ROOMY);
    const signal = AbortSignal.timeout(20);
    await expect(driveAsync(endless([]), source, { signal })).rejects.toMatchObject({
      name: "TimeoutError",
    });
    source.close();
  });
});
