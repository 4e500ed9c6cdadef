/** A thread that dies with a part it had taken: the other one sets that part too. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { FILL_NEXT, FILL_STOP, type FillParts } from "../../src/engine/index.js";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { digestXxh3 } from "../../src/guest/index.js";
import { driveSync, type FileSource, openSource } from "../../src/input/index.js";
import { Image, Platform, READING_DEFAULTS, wasmBytes } from "../../src/ops/index.js";
import { fillGuest } from "../../src/ops/parallel-fill.js";
import { patternPage } from "../builders/bytes.js";
import { hvmStream } from "../builders/hvm.js";
import { join as joinParts } from "../builders/parts.js";
import { runBytes } from "../harness.js";

// What a thread leaves that ends between taking a part and reading it.
vi.mock("../../src/ops/threads.js", () => ({
  startThreads: (_wanted: number, _work: unknown, { parts }: { readonly parts: FillParts }) => {
    Atomics.add(parts.counters, FILL_NEXT, 1);
    Atomics.store(parts.counters, FILL_STOP, 1);
    return [];
  },
}));

const folder = mkdtempSync(join(tmpdir(), "xenstream-lost-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("a resident guest whose second thread is lost", () => {
  it("has the pages of the part that thread had taken", async () => {
    const pages = [1, 2, 5, 9].map((pfn) => ({ pfn, page: patternPage(pfn) }));
    const bytes = joinParts(hvmStream({ batches: [pages] }));
    const path = join(folder, "image");
    writeFileSync(path, bytes);
    const source = openSource(path) as FileSource;
    const limits = DEFAULT_LIMITS;
    const reading = { ...READING_DEFAULTS, limits, model: "resident", fillLater: true } as const;
    const image = new Image(new Platform({ wasmBytes }).ownEngine("wasm"), reading);
    driveSync(image.run(), source);
    const { guest } = image.restorer;
    if (guest === null) throw new Error("the image has a guest");
    await fillGuest(guest, source);
    const plain = runBytes(bytes, { model: "resident" });
    const placed = plain.image.restorer.guest;
    expect(placed && driveSync(digestXxh3(placed), plain.source)).toEqual(
      driveSync(digestXxh3(guest), source),
    );
    source.close();
  });
});
