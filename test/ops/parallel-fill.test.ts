/** A resident guest filled by two threads: the same as one whose pages are placed as they come. */
import { truncateSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { CapacityError, DEFAULT_LIMITS } from "../../src/findings/index.js";
import type { Guest } from "../../src/guest/index.js";
import { BufferSource, driveSync, FileSource, openSource } from "../../src/input/index.js";
import {
  type GeneratedGuest,
  type GenerateOptions,
  generateImage,
  Image,
  Platform,
  READING_DEFAULTS,
  type ReadingHooks,
  restoreFile,
  wasmBytes,
} from "../../src/ops/index.js";
import { fillGuest, fillSource } from "../../src/ops/parallel-fill.js";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
let folder: string;
const platform = new Platform({ wasmBytes });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "xenstream-fill-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function imageOf(
  guest: GeneratedGuest,
  seed: number,
  more: Partial<GenerateOptions> = {},
): Promise<string> {
  const path = join(folder, `${guest}-${seed}-${Object.keys(more)}.xcs`);
  const options = { guest, sizeBytes: 12 * MIB, zeroPercent: 30, rounds: 3, seed, ...more };
  await generateImage({ path, describePath: null, options, digest: "none" });
  return path;
}

function restore(path: string, threads: number, checkpointed: boolean) {
  return restoreFile(platform, path, {
    ...READING_DEFAULTS,
    checkpointed,
    limits: DEFAULT_LIMITS,
    engine: "wasm",
    memory: "resident",
    digest: "sha256",
    threads,
  });
}

/** A guest that waits to be filled. */
function unfilled(source: FileSource, maxMemoryBytes = GIB): Guest {
  const limits = { ...DEFAULT_LIMITS, maxMemoryBytes };
  const reading = { ...READING_DEFAULTS, limits, model: "resident", fillLater: true } as const;
  const image = new Image(platform.ownEngine("wasm"), reading);
  driveSync(image.run(), source);
  const { guest } = image.restorer;
  if (guest === null) throw new Error("the image has a guest");
  return guest;
}

function digestsOf(guest: Guest): bigint[] {
  const digests: bigint[] = [];
  for (const { first, count } of guest.populatedRuns()) {
    const into = new BigUint64Array(count);
    guest.engine.digestPages(first, count, into);
    digests.push(...into);
  }
  return digests;
}

/** A file in which the thread that sets pages has a hard time, or that the other cannot read. */
class OddFile extends FileSource {
  reads = 0;
  delayMs = 0;
  otherFd: number | null = null;

  override get fd(): number {
    return this.otherFd ?? super.fd;
  }

  override read(into: Uint8Array, byteOffset: number): number {
    this.reads += 1;
    if (this.delayMs > 0) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.delayMs);
    }
    return super.read(into, byteOffset);
  }
}

async function oddFile(path: string): Promise<OddFile> {
  return new OddFile((openSource(path) as FileSource).fd, path, (await stat(path)).size);
}

describe("a resident guest filled by two threads", () => {
  it.each([
    ["hvm", 1, {}],
    ["hvm", 2, { verify: true }],
    ["pvh", 3, { repeatPercent: 50 }],
    ["pv64", 4, {}],
    ["pv32", 5, {}],
    ["hvm", 6, { checkpoints: 2 }],
  ] as const)("is that of one thread: %s, seed %i, %o", async (kind, seed, more) => {
    const path = await imageOf(kind, seed, more);
    const [{ elapsedMs: _, ...one }, { elapsedMs: __, ...two }] = [
      await restore(path, 1, "checkpoints" in more),
      await restore(path, 2, "checkpoints" in more),
    ];
    expect(one.verdict).toBe("accept");
    expect(one.memory?.model).toBe("resident");
    expect(two).toEqual(one);
  });

  it("has one thread that reads ahead of the other", async () => {
    const path = await imageOf("hvm", 1);
    const source = await oddFile(path);
    const guest = unfilled(source);
    source.reads = 0;
    source.delayMs = 250;
    await fillGuest(guest, source);
    const all = source.reads;
    expect(guest.engine.stats().pagesPlaced).toBeGreaterThan(64 * all);
    source.close();
  });

  it("does without the other thread where that cannot read", async () => {
    const path = await imageOf("hvm", 1);
    const source = await oddFile(path);
    const guest = unfilled(source);
    await fillGuest(guest, source);
    const lonely = unfilled(source);
    source.otherFd = 1_000_000;
    await fillGuest(lonely, source);
    expect(digestsOf(lonely)).toEqual(digestsOf(guest));
    expect(lonely.engine.stats()).toEqual(guest.engine.stats());
    source.close();
  });

  it("is no heavier for an engine that held another guest before", async () => {
    const small = openSource(await imageOf("hvm", 7, { zeroPercent: 90 })) as FileSource;
    const large = openSource(await imageOf("hvm", 8)) as FileSource;
    const own = new Platform({ wasmBytes });
    const counts: unknown[] = [];
    for (const source of [large, small, large]) {
      const limits = { ...DEFAULT_LIMITS, maxMemoryBytes: GIB };
      const reading = { ...READING_DEFAULTS, limits, model: "resident", fillLater: true } as const;
      const image = new Image(own.engine("wasm"), reading);
      driveSync(image.run(), source);
      const { guest } = image.restorer;
      if (guest === null) throw new Error("the image has a guest");
      await fillGuest(guest, source);
      counts.push([guest.engine.stats(), digestsOf(guest)]);
    }
    expect(counts[2]).toEqual(counts[0]);
    expect(counts[1]).not.toEqual(counts[0]);
    small.close();
    large.close();
  });

  it("sees zeros where a file has shrunk since it was indexed", async () => {
    const path = await imageOf("hvm", 9);
    const source = openSource(path) as FileSource;
    const whole = unfilled(source);
    await fillGuest(whole, source);
    const cut = unfilled(source);
    truncateSync(path, 4 * MIB);
    await fillGuest(cut, source);
    expect(cut.engine.stats().populatedPages).toBe(whole.engine.stats().populatedPages);
    expect(cut.engine.stats().zeroPages).toBeGreaterThan(whole.engine.stats().zeroPages);
    expect(digestsOf(cut)).not.toEqual(digestsOf(whole));
    source.close();
  });

  it("ends when the limit of memory, the signal or the one who is told of it says so", async () => {
    const path = await imageOf("hvm", 1);
    const source = openSource(path) as FileSource;
    await expect(fillGuest(unfilled(source, MIB), source)).rejects.toThrow(CapacityError);
    const told: ReadingHooks = {
      onProgress: () => {
        throw new Error("enough");
      },
    };
    await expect(fillGuest(unfilled(source), source, told)).rejects.toThrow("enough");
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(fillGuest(unfilled(source), source, { signal })).rejects.toThrow("stopped");
    source.close();
  });

  it("is over when the other thread is gone, though it ended early", async () => {
    const source = openSource(await imageOf("hvm", 1)) as FileSource;
    let gone = 0;
    const original = Worker.prototype.terminate;
    const spy = vi.spyOn(Worker.prototype, "terminate").mockImplementation(async function (
      this: Worker,
    ) {
      const code = await original.call(this);
      await new Promise((resolve) => setTimeout(resolve, 50));
      gone += 1;
      return code;
    });
    try {
      const signal = AbortSignal.abort(new Error("stopped"));
      await expect(fillGuest(unfilled(source), source, { signal })).rejects.toThrow("stopped");
      expect(gone).toBe(1);
      await fillGuest(unfilled(source), source);
      expect(gone).toBe(2);
    } finally {
      spy.mockRestore();
      source.close();
    }
  });

  it("tells how far it is", async () => {
    const source = openSource(await imageOf("hvm", 1)) as FileSource;
    const told: number[] = [];
    let total: number | null = null;
    const guest = unfilled(source);
    await fillGuest(guest, source, {
      onProgress: ({ phase, bytes, totalBytes }) => {
        expect(phase).toBe("read");
        total = totalBytes;
        told.push(bytes);
      },
    });
    expect(told.length).toBeGreaterThan(3);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(total).toBe(guest.engine.stats().bytesPlaced);
    source.close();
  });
});

describe("whether two threads fill a guest", () => {
  it("is asked of files and the WASM engine alone, and of large ones by default", async () => {
    const source = openSource(await imageOf("hvm", 1)) as FileSource;
    expect(fillSource(source, "wasm", 2)).toBe(source);
    expect(fillSource(source, "wasm", 1)).toBe(null);
    expect(fillSource(source, "wasm", null)).toBe(null);
    expect(fillSource(source, "reference", 2)).toBe(null);
    expect(fillSource(new BufferSource(new Uint8Array(1)), "wasm", 2)).toBe(null);
    source.close();
  });
});
