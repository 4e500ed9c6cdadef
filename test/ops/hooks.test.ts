/** Hooks of an operation: progress through the input and through the digest, and its abortion. */
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import {
  DOMAIN_DEFAULTS,
  Platform,
  type ReadingHooks,
  type ReadingProgress,
  restoreFile,
  verifyFile,
  wasmBytes,
} from "../../src/ops/index.js";
import { temporaryFolder, writeSparseImage } from "../cli/image.js";

const MIB = 1024 ** 2;
const folder = temporaryFolder();
afterAll(() => folder.remove());
const image = folder.path("image.xcs");
/** 4 MiB of pages each. */
const BATCHES = 5;
writeSparseImage(image, BATCHES);

const platform = new Platform({ wasmBytes });
const reading = {
  profile: "restore",
  checkpointed: false,
  vcpus: null,
  formatHint: null,
  engine: "wasm",
  limits: DEFAULT_LIMITS,
  checkpoint: null,
  ...DOMAIN_DEFAULTS,
} as const;
const verify = (hooks: ReadingHooks) =>
  verifyFile(platform, image, { ...reading, readData: false }, hooks);

describe("progress", () => {
  it("goes forward to the end of the input", async () => {
    const told: ReadingProgress[] = [];
    const { bytes } = await verify({ onProgress: (progress) => told.push(progress) });
    const offsets = told.map((progress) => progress.bytes);
    expect(offsets.length).toBeGreaterThanOrEqual(BATCHES);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect(told.every(({ phase }) => phase === "read")).toBe(true);
    expect(told.every(({ totalBytes }) => totalBytes === bytes)).toBe(true);
    expect(offsets.at(-1)).toBeGreaterThan((bytes ?? 0) - 5 * MIB);
  });

  it.each([
    ["sha256", "resident", BATCHES * 4 * MIB],
    ["sha256", "indexed", BATCHES * 4 * MIB],
    ["xxh3", "indexed", BATCHES * 4 * MIB],
  ] as const)("goes through the pages of a %s digest, %s", async (digest, memory, totalBytes) => {
    const told: ReadingProgress[] = [];
    const options = { ...reading, memory, digest };
    await restoreFile(platform, image, options, {
      onProgress: (progress) => {
        if (progress.phase === "digest") told.push(progress);
      },
    });
    expect(told.length).toBeGreaterThanOrEqual(BATCHES);
    expect(told.every((progress) => progress.totalBytes === totalBytes)).toBe(true);
    expect(told.at(-1)?.bytes).toBe(totalBytes);
  });

  it("may end the work by throwing", async () => {
    const stop = new Error("stop");
    const onProgress = () => {
      throw stop;
    };
    await expect(verify({ onProgress })).rejects.toThrow(stop);
    expect((await verify({})).verdict).toBe("accept");
  });
});

describe("an abort signal", () => {
  it("ends the work with its reason", async () => {
    const reason = new Error("enough");
    await expect(verify({ signal: AbortSignal.abort(reason) })).rejects.toThrow(reason);
    const controller = new AbortController();
    const onProgress = () => controller.abort(reason);
    await expect(verify({ signal: controller.signal, onProgress })).rejects.toThrow(reason);
  });
});
