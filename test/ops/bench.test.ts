/** `bench` on a tiny image: what it measures, what it checks first, what it refuses. No times. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { BENCH_DEFAULTS, type BenchOptions, bench, summarise } from "../../src/ops/index.js";
import { wasmBytes } from "../../src/ops/wasm-bytes.js";
import { renderBench } from "../../src/report/index.js";
import { ROOT } from "../harness.js";

const FIXTURES = join(ROOT, "test/fixtures");
const folder = mkdtempSync(join(tmpdir(), "bench-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TINY: BenchOptions = {
  ...BENCH_DEFAULTS,
  path: join(FIXTURES, "hvm-mixed.xcs"),
  rounds: 2,
  limits: DEFAULT_LIMITS,
};
const runtime = { wasmBytes };

function leftovers(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("xenstream-bench-"));
}

describe("bench", () => {
  it("times both engines and the plain read in every job, after finding outputs equal", async () => {
    const result = await bench(runtime, TINY);
    const pairs = result.measures.map(({ job, contender }) => `${job} ${contender}`);
    const jobs = ["verify", "verify-read-data", "page-digest", "restore", "restore-recycled"];
    const expected = jobs.flatMap((job) => [`${job} wasm`, `${job} reference`]);
    expect(pairs.sort()).toEqual(["page-digest sha256", "read read", ...expected].sort());
    expect(result.checkedEqual).toEqual([
      "findings",
      "findings reading all",
      "page digest",
      "memory by SHA-256",
    ]);
    expect(result.image).toMatchObject({ file: TINY.path, verdict: "accept" });
    expect(result.comparisons.map(({ job }) => job).sort()).toEqual([...jobs].sort());
    expect(result.omitted).toEqual([]);
  });

  it("counts as many samples as rounds and says the median of them", async () => {
    const { measures } = await bench(runtime, TINY);
    const read = measures.find(({ job }) => job === "read");
    for (const measure of measures) {
      expect(measure.samplesMs).toHaveLength(TINY.rounds);
      expect(measure.medianMs).toBe(summarise(measure.samplesMs).median);
      expect(measure.ratioToRead).toBe(measure.medianMs / (read?.medianMs ?? 0));
    }
  });

  it("makes an image of its own and removes it", async () => {
    const before = leftovers();
    const result = await bench(runtime, { ...TINY, path: null, sizeBytes: 2 ** 20, rounds: 1 });
    expect(result.image.file).toBeNull();
    expect(result.image.dataPages).toBeGreaterThan(100);
    expect(leftovers()).toEqual(before);
  });

  it("removes its image when it is aborted", async () => {
    const before = leftovers();
    const stop = new AbortController();
    const onStage = (stage: unknown) => stage === 0 && stop.abort();
    const options = { ...TINY, path: null, sizeBytes: 2 ** 20, signal: stop.signal, onStage };
    await expect(bench(runtime, options)).rejects.toThrow(/aborted/);
    expect(leftovers()).toEqual(before);
  });

  it("leaves the resident jobs out where the image does not fit the memory limit", async () => {
    const limits = { ...DEFAULT_LIMITS, maxMemoryBytes: 1024 };
    const result = await bench(runtime, { ...TINY, limits });
    expect(result.omitted.map(({ job }) => job)).toEqual(["restore", "restore-recycled"]);
    expect(result.measures.some(({ job }) => job.startsWith("restore"))).toBe(false);
    expect(result.checkedEqual).not.toContain("memory by SHA-256");
  });

  it("refuses an image that is compressed, and a file without a guest", async () => {
    const packed = join(folder, "image.gz");
    writeFileSync(packed, gzipSync(readFileSync(join(FIXTURES, "hvm-tiny.xcs"))));
    await expect(bench(runtime, { ...TINY, path: packed })).rejects.toThrow(/compressed/);
    const other = join(folder, "other");
    writeFileSync(other, "not an image");
    await expect(bench(runtime, { ...TINY, path: other })).rejects.toThrow(/no guest/);
    expect(existsSync(other)).toBe(true);
  });
});

describe("the text of a bench run", () => {
  it("fits 80 columns and names each job and who wins it", async () => {
    const result = await bench(runtime, { ...TINY, path: null, sizeBytes: 2 ** 20, rounds: 1 });
    const text = renderBench({
      ...result,
      comparisons: [
        { job: "restore", referenceToWasm: 0.5, faster: "reference" },
        { job: "page-digest", referenceToWasm: 5, faster: "wasm" },
        { job: "verify", referenceToWasm: 1.02, faster: "level" },
      ],
    });
    const lines = text.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(text).toContain("page digest            WASM is 5.00 times as fast");
    expect(text).toContain("restore, fresh memory  TypeScript is 2.00 times as fast");
    expect(text).toContain("verify, structure      no difference beyond the spread (1.02)");
  });
});

describe("the summary of samples", () => {
  it("gives median and quartiles, between neighbours where need be", () => {
    expect(summarise([4, 1, 3, 2])).toEqual({
      median: 2.5,
      lowerQuartile: 1.75,
      upperQuartile: 3.25,
    });
    expect(summarise([7])).toEqual({ median: 7, lowerQuartile: 7, upperQuartile: 7 });
  });
});
