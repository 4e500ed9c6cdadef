/** A thread that dies or hangs with a part it had taken: the other one sets that part too. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, it, vi } from "vitest";
import { FILL_NEXT, FILL_STOP, type FillParts } from "../../src/engine/index.js";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { Platform, READING_DEFAULTS, restoreFile, wasmBytes } from "../../src/ops/index.js";
import { patternPage } from "../builders/bytes.js";
import { hvmStream } from "../builders/hvm.js";
import { join as joinParts } from "../builders/parts.js";

const other = vi.hoisted(() => ({ fate: "dies", hung: [] as Worker[] }));

// What a thread leaves that ends, or waits for ever, between taking a part and reading it.
vi.mock("../../src/ops/threads.js", () => ({
  startThreads: (_wanted: number, _work: unknown, { parts }: { readonly parts: FillParts }) => {
    Atomics.add(parts.counters, FILL_NEXT, 1);
    if (other.fate === "hangs") {
      const text = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)";
      other.hung.push(new Worker(text, { eval: true }));
    } else Atomics.store(parts.counters, FILL_STOP, 1);
    return other.hung;
  },
}));

const folder = mkdtempSync(join(tmpdir(), "xenstream-lost-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "image");
const pages = [1, 2, 5, 9].map((pfn) => ({ pfn, page: patternPage(pfn) }));
writeFileSync(path, joinParts(hvmStream({ batches: [pages] })));

async function restored(threads: number, threadSilenceMs = DEFAULT_LIMITS.threadSilenceMs) {
  const startMs = performance.now();
  const { memory } = await restoreFile(new Platform({ wasmBytes }), path, {
    ...READING_DEFAULTS,
    limits: { ...DEFAULT_LIMITS, threadSilenceMs },
    engine: "wasm",
    memory: "resident",
    digest: "sha256",
    threads,
  });
  return { memory, tookMs: performance.now() - startMs };
}

describe("a resident guest whose second thread is lost", () => {
  it("has the pages of the part that thread had taken", async () => {
    other.fate = "dies";
    const { memory } = await restored(2);
    expect(memory).toMatchObject({ model: "resident", populatedPages: pages.length });
    expect(memory).toEqual((await restored(1)).memory);
  });

  it("is done without a thread that hangs, once it was silent for too long", async () => {
    other.fate = "hangs";
    const SILENCE_MS = 300;
    const { memory, tookMs } = await restored(2, SILENCE_MS);
    expect(memory).toEqual((await restored(1)).memory);
    expect(tookMs).toBeGreaterThanOrEqual(SILENCE_MS);
    expect(tookMs).toBeLessThan(DEFAULT_LIMITS.threadSilenceMs / 2);
    // Gone: it could still read into what the next image uses.
    expect(other.hung.map(({ threadId }) => threadId)).toEqual([-1]);
  });
});
