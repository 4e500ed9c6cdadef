/**
 * `restore` as a user gets it by default: resident, and every data page placed by the WASM engine.
 */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, UsageError } from "../../src/findings/index.js";
import {
  Platform,
  READING_DEFAULTS,
  type RestoreImageOptions,
  restoreFile,
  wasmBytes,
} from "../../src/ops/index.js";
import { GOOD } from "../fixtures/load.js";
import { ROOT } from "../harness.js";

const DEFAULTS: RestoreImageOptions = {
  ...READING_DEFAULTS,
  limits: DEFAULT_LIMITS,
  engine: "wasm",
  memory: "auto",
  digest: null,
};
const path = (name: string) => join(ROOT, "test/fixtures", name);
const GUESTS = [...GOOD].filter(([, { kind }]) => kind !== "xenstore").map(([name]) => name);

describe("restore by default", () => {
  it.each(GUESTS)("places every data page of %s through the WASM engine", async (name) => {
    const platform = new Platform({ wasmBytes });
    const checkpointed = GOOD.get(name)?.checkpointed !== undefined;
    const result = await restoreFile(platform, path(name), { ...DEFAULTS, checkpointed });
    const { bytesPlaced, pagesPlaced } = platform.engine("wasm").stats();
    expect(result.memory?.model).toBe("resident");
    expect(result.stream?.dataPages).toBeGreaterThan(0);
    // Pages behind VERIFY are compared, not placed; none of these streams has them.
    expect(result.stream?.recordTypes.VERIFY).toBeUndefined();
    expect(pagesPlaced).toBe(result.stream?.dataPages);
    expect(bytesPlaced).toBe((result.stream?.dataPages ?? 0) * 4096);
  });

  it("holds zero pages without frames and equal pages once", async () => {
    const result = await restoreFile(new Platform({ wasmBytes }), path("pv64-tiny.xcs"), DEFAULTS);
    const { populatedPages, zeroPages, distinctPages, residentBytes } = result.memory ?? {};
    expect({ populatedPages, zeroPages, distinctPages }).toEqual({
      populatedPages: 63,
      zeroPages: 12,
      distinctPages: 50,
    });
    expect(residentBytes).toBe(50 * 4096);
  });
});

describe("restore --memory", () => {
  it("gives the same digests resident and indexed", async () => {
    const platform = new Platform({ wasmBytes });
    for (const digest of ["sha256", "xxh3"] as const) {
      const digests = [];
      for (const memory of ["resident", "indexed"] as const) {
        const options = { ...DEFAULTS, memory, digest };
        const { memory: result } = await restoreFile(platform, path("pv32-list.xcs"), options);
        expect(result?.model).toBe(memory);
        const { streamSha256, restoredSha256, pageDigest } = result ?? {};
        digests.push({ streamSha256, restoredSha256, pageDigest });
      }
      expect(digests[0]).toEqual(digests[1]);
      expect(Object.values(digests[0] ?? {}).some((value) => value !== undefined)).toBe(true);
    }
  });

  it("falls back to the index where an image is larger than --max-memory", async () => {
    const limits = { ...DEFAULT_LIMITS, maxMemoryBytes: 64 * 1024 };
    const result = await restoreFile(new Platform({ wasmBytes }), path("hvm-tiny.xcs"), {
      ...DEFAULTS,
      limits,
    });
    expect(result).toMatchObject({ verdict: "accept", memory: { model: "indexed" } });
  });

  it("refuses to index what can be read once only", async () => {
    const options = { ...DEFAULTS, memory: "indexed" as const };
    const restored = restoreFile(new Platform({ wasmBytes }), "/dev/null", options);
    await expect(restored).rejects.toThrow(UsageError);
  });
});
