import { Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import {
  CapacityError,
  createXenstream,
  type ImageInput,
  InputError,
  inspect,
  NoGuestError,
  openGuest,
  type Progress,
  restore,
  UsageError,
  verify,
  XenstreamError,
} from "../../src/index.js";
import { fixture } from "../fixtures/load.js";
import { bigImage, CountingSource, chunksOf, comparable } from "./support.js";

const big = bigImage();
const tiny = fixture("hvm-tiny.xcs");
const calls = { verify, inspect, restore, openGuest } as const;
const names = Object.keys(calls) as (keyof typeof calls)[];

/** What a call rejects with. */
async function failureOf(call: () => Promise<unknown>): Promise<unknown> {
  return await call().then(
    () => {
      throw new Error("it was done");
    },
    (error: unknown) => error,
  );
}

/** A stream that gives the first bytes of an image and then nothing, for ever. */
function stalled(bytes: Uint8Array, giveBytes: number): Readable {
  const stream = new Readable({ read() {} });
  stream.push(bytes.slice(0, giveBytes));
  return stream;
}

describe.each(names)("an abort of %s()", (name) => {
  const call = (input: ImageInput, signal: AbortSignal) => calls[name](input, { signal, vcpus: 2 });

  it("before the call rejects with the signal's reason and closes the input", async () => {
    const source = new CountingSource(tiny);
    const stream = Readable.from(chunksOf(tiny), { objectMode: false });
    const signal = AbortSignal.abort(new Error("enough"));
    for (const input of [source, stream, tiny, "/no/such/file"]) {
      expect(await failureOf(() => call(input, signal))).toBe(signal.reason);
    }
    expect(source).toMatchObject({ reads: 0, closed: 1 });
    expect(stream.destroyed).toBe(true);
  });

  it.each([0, 3, 50_000])("ends a stream that stalls behind byte %i", async (giveBytes) => {
    const controller = new AbortController();
    const stream = stalled(tiny, giveBytes);
    const failure = failureOf(() => call(stream, controller.signal));
    await wait(20);
    controller.abort();
    expect(await failure).toBe(controller.signal.reason);
    expect(stream.destroyed).toBe(true);
  });

  it("in the middle of an image ends reading there", async () => {
    const controller = new AbortController();
    const source = new CountingSource(big);
    source.onRead = (byteOffset) => {
      if (byteOffset > big.length / 2) controller.abort();
    };
    const failure = await failureOf(() => call(source, controller.signal));
    expect(failure).toBe(controller.signal.reason);
    const { reads } = source;
    await wait(5);
    expect(source).toMatchObject({ reads, closed: 1 });
  });
});

describe("progress", () => {
  it.each([
    ["bytes", () => big],
    ["a Blob", () => new Blob([new Uint8Array(big)])],
    ["a stream", () => Readable.from(chunksOf(big, 65_536), { objectMode: false })],
  ] as const)("of %s goes up, phase after phase, to the end of each", async (_kind, make) => {
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    await restore(make(), { digest: "sha256", onProgress });
    expect(seen.map(({ phase }) => phase)).toEqual(
      seen.map(({ phase }) => phase).sort((a, b) => b.localeCompare(a)),
    );
    for (const phase of ["read", "digest"] as const) {
      const bytes = seen.filter((progress) => progress.phase === phase).map(({ bytes }) => bytes);
      expect(bytes.length, phase).toBeGreaterThan(2);
      expect(bytes, phase).toEqual([...bytes].sort((a, b) => a - b));
      const last = seen.findLast((progress) => progress.phase === phase);
      expect(last?.bytes, phase).toBe(last?.totalBytes);
    }
    expect(seen.find(({ phase }) => phase === "digest")?.totalBytes).toBe(8 * 1024 * 1024);
    expect(seen.findLast(({ phase }) => phase === "read")?.bytes).toBe(big.length);
  });

  it("of a small image tells its end", async () => {
    const seen: Progress[] = [];
    await verify(tiny, { onProgress: (progress) => seen.push(progress) });
    expect(seen).toEqual([{ phase: "read", bytes: tiny.length, totalBytes: tiny.length }]);
  });

  it("that throws ends the call with what it threw", async () => {
    const source = new CountingSource(big);
    const reason = new Error("no more");
    const onProgress = () => {
      throw reason;
    };
    expect(await failureOf(() => restore(source, { onProgress }))).toBe(reason);
    expect(source.closed).toBe(1);
  });
});

describe.each(names)("an error of %s()", (name) => {
  const failure = (input: unknown, options: object = {}) =>
    failureOf(() => calls[name](input as ImageInput, options));

  it("is an InputError where bytes cannot be had", async () => {
    expect(await failure("/no/such/file")).toMatchObject({ code: "not-found", exitCode: 2 });
    expect(await failure("/")).toMatchObject({ code: "is-directory" });
    const broken = new Readable({
      read() {
        this.destroy(new Error("the line is dead"));
      },
    });
    const error = await failure(broken, { name: "line 1" });
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ code: "read-failed", source: "line 1", byteOffset: 0 });
    expect((error as Error).cause).toMatchObject({ message: "the line is dead" });
  });

  it("is an InputError where a source's answer cannot be", async () => {
    for (const answer of [-1, 1e9, Number.NaN, undefined]) {
      const source = new CountingSource(tiny);
      source.read = async () => answer as number;
      expect(await failure(source), String(answer)).toMatchObject({ code: "read-failed" });
      expect(source.closed).toBe(1);
    }
    const source = new CountingSource(tiny);
    source.read = () => {
      throw new Error("gone");
    };
    const error = await failure(source);
    expect(error).toMatchObject({ code: "read-failed", source: "counting" });
    expect((error as Error).cause).toMatchObject({ message: "gone" });
  });

  it("is an InputError where a stream gives text", async () => {
    expect(await failure(Readable.from(["text"]))).toMatchObject({ code: "read-failed" });
  });

  it.each([
    ["input", 7, {}],
    ["input", null, {}],
    ["input", {}, {}],
    ["input", new URL("ftp://example.org/vm.save"), {}],
    ["profile", tiny, { profile: "lenient" }],
    ["engine", tiny, { engine: "native" }],
    ["formatHint", tiny, { formatHint: "vhd" }],
    ["vcpus", tiny, { vcpus: 0 }],
    ["vcpus", tiny, { vcpus: "2" }],
    ["maxMemoryBytes", tiny, { maxMemoryBytes: 0.5 }],
    ["limits", tiny, { limits: { maxPages: 1 } }],
    ["maxBanks", tiny, { limits: { maxBanks: -1 } }],
  ])("is a UsageError that names %s", async (option, input, options) => {
    const error = await failure(input, options);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code: "usage", option });
  });
});

describe("an error of restore()", () => {
  it("is a CapacityError where the guest does not fit", async () => {
    const error = await failureOf(() =>
      restore(big, { memory: "resident", maxMemoryBytes: 1024 * 1024 }),
    );
    expect(error).toBeInstanceOf(CapacityError);
    expect(error).toMatchObject({ code: "capacity", limit: "max-memory" });
  });

  it("is a UsageError for an indexed guest of a stream", async () => {
    const stream = Readable.from(chunksOf(tiny), { objectMode: false });
    const error = await failureOf(() => restore(stream, { memory: "indexed" }));
    expect(error).toMatchObject({ code: "usage", option: "memory" });
    expect(stream.destroyed).toBe(true);
  });
});

describe("an error of openGuest()", () => {
  it("is a NoGuestError, with the result, where the image has no guest", async () => {
    const error = await failureOf(() => openGuest(fixture("xenstore-v2-full.xss")));
    expect(error).toBeInstanceOf(NoGuestError);
    expect(error).toBeInstanceOf(XenstreamError);
    expect(error).toMatchObject({
      code: "no-guest",
      result: { container: ["xenstore"] },
    });
    const noise = await failureOf(() => openGuest(new Uint8Array(4096).fill(0x5a)));
    expect(noise).toMatchObject({ code: "no-guest", result: { verdict: "reject" } });
  });
});

describe("calls at the same time", () => {
  it.each([
    ["of one context", createXenstream()],
    ["of the functions", { verify, inspect, restore, openGuest }],
  ])("%s give what each gives alone", async (_title, xenstream) => {
    const images = ["hvm-tiny.xcs", "pv64-tiny.xcs", "hvm-mixed.xcs", "pv32-list.xcs"].map(fixture);
    const options = { vcpus: 2, digest: "sha256", memory: "resident" } as const;
    const alone = [];
    for (const image of images) alone.push(await restore(image, options));
    const bigAlone = await restore(big, options);
    const together = await Promise.all([
      xenstream.restore(new CountingSource(big), { ...options, name: "(memory)" }),
      ...images.map((image) =>
        xenstream.restore(new CountingSource(image), { ...options, name: "(memory)" }),
      ),
    ]);
    expect(together.map(comparable)).toEqual([bigAlone, ...alone].map(comparable));
  });

  it("keep to the options of each", async () => {
    const xenstream = createXenstream({ maxIdleEngines: 2 });
    const profiles = ["restore", "strict", "restore", "strict"] as const;
    const results = await Promise.all(
      profiles.map((profile) => xenstream.verify(new CountingSource(tiny), { profile })),
    );
    expect(results.map(({ profile }) => profile)).toEqual(profiles);
  });
});

describe("a context", () => {
  it("reads the module once, and not for the reference engine", async () => {
    let reads = 0;
    const { wasmBytes } = await import("../../src/ops/index.js");
    const xenstream = createXenstream({
      wasmBytes: () => {
        reads += 1;
        return wasmBytes();
      },
    });
    await xenstream.verify(tiny, { engine: "reference" });
    expect(reads).toBe(0);
    await Promise.all([xenstream.verify(tiny), xenstream.restore(tiny), xenstream.inspect(tiny)]);
    await xenstream.verify(tiny);
    expect(reads).toBe(1);
  });

  it("goes on after a call that failed", async () => {
    const xenstream = createXenstream();
    const before = await xenstream.restore(tiny, { digest: "sha256" });
    const maxMemoryBytes = 65_536;
    await failureOf(() => xenstream.restore(big, { memory: "resident", maxMemoryBytes }));
    const after = await xenstream.restore(tiny, { digest: "sha256" });
    expect(comparable(after)).toEqual(comparable(before));
  });

  it("refuses options that cannot be", () => {
    expect(() => createXenstream({ maxIdleEngines: -1 })).toThrow(UsageError);
  });
});
