/** Manifests: any flipped byte of an image is found, and a converted image still fits. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, InputError } from "../../src/findings/index.js";
import { BufferSource } from "../../src/input/index.js";
import {
  checkManifest,
  checkSource,
  generateImage,
  Platform,
  READING_DEFAULTS,
  type ReadingHooks,
  restoreFile,
  wasmBytes,
  writeManifest,
} from "../../src/ops/index.js";
import { patternPage } from "../builders/bytes.js";
import { hvmStream } from "../builders/hvm.js";
import { libxlStream } from "../builders/libxl.js";
import { join as joinParts } from "../builders/parts.js";
import { Prng } from "../builders/prng.js";
import { ROOT, runBytes } from "../harness.js";

const FIXTURES = join(ROOT, "test/fixtures");

const folder = mkdtempSync(join(tmpdir(), "xenstream-manifest-"));
afterAll(() => rmSync(folder, { recursive: true }));
const platform = new Platform({ wasmBytes });
const PAGE_BYTES = 4096;
/** Flipped bytes to try, and the guest they are of; CONTRIBUTING tells of the long form. */
const TRIALS = Number(process.env.XENSTREAM_FLIP_TRIALS ?? 200);
const FLIPPED_BYTES = Number(
  process.env.XENSTREAM_FLIP_BYTES ?? (TRIALS > 200 ? 64 << 20 : 1 << 20),
);
const TRIAL_MS = 1000;

const options = {
  ...READING_DEFAULTS,
  engine: "wasm",
  limits: DEFAULT_LIMITS,
  vcpus: 2,
  state: "stream",
} as const;

const manifestPath = join(folder, "manifest");
const write = (path: string, state: "stream" | "restored" = "stream") =>
  writeManifest(platform, path, manifestPath, { ...options, state });
const check = (path: string) => checkManifest(platform, path, manifestPath, options);

describe("a manifest", () => {
  it("fits the image it was made of, and has the root that restore tells", async () => {
    const path = join(FIXTURES, "hvm-mixed.xcs");
    for (const state of ["stream", "restored"] as const) {
      const { manifest } = await write(path, state);
      const { check: found } = await check(path);
      expect(found).toMatchObject({ matches: true, state, rottenPages: 0, rest: "same" });
      expect(found.pages).toBe(manifest?.pages);
      if (state === "stream") continue;
      const reading = { ...options, memory: "auto", digest: "xxh3" } as const;
      expect(manifest?.root).toBe((await restoreFile(platform, path, reading)).memory?.pageDigest);
    }
  });

  it("fits a converted image by its memory, whose other bytes are not compared", async () => {
    await write(join(FIXTURES, "hvm-tiny.xcs"));
    for (const name of ["xl-hvm-tiny.xlsave", "v2-xen46-hvm-tiny.xcs", "libvirt-hvm-tiny.save"]) {
      const { check: found } = await check(join(FIXTURES, name));
      expect(found).toMatchObject({ matches: true, rottenPages: 0, rest: "other-form" });
    }
  });

  it("is not written for an image that would not restore", async () => {
    const path = join(folder, "cut");
    writeFileSync(path, readFileSync(join(FIXTURES, "hvm-tiny.xcs")).subarray(0, 5000));
    rmSync(manifestPath, { force: true });
    const result = await write(path);
    expect([result.verdict, result.manifest]).toEqual(["reject", undefined]);
    expect(() => readFileSync(manifestPath)).toThrow(/ENOENT/);
  });

  it("leaves no file when it is interrupted, and tells how far it is", async () => {
    const path = join(folder, "image");
    const shape = { guest: "hvm", sizeBytes: 8 << 20 } as const;
    await generateImage({ path, describePath: `${path}.json`, options: shape, digest: "none" });
    const out = join(folder, "never");
    const { memory } = JSON.parse(readFileSync(`${path}.json`, "utf8"));
    const populatedBytes = memory.populatedPages * 4096;
    for (const phase of ["read", "digest"]) {
      const stop = new AbortController();
      const hooks: ReadingHooks = {
        signal: stop.signal,
        onProgress: (progress) => {
          // The input is read whole; of what is digested, the pages of the guest are told.
          const total = progress.phase === "read" ? statSync(path).size : populatedBytes;
          expect(progress.totalBytes).toBe(total);
          if (progress.phase === phase) stop.abort();
        },
      };
      const writing = writeManifest(platform, path, out, { ...options, state: "stream" }, hooks);
      await expect(writing).rejects.toThrow(/aborted/);
      expect(readdirSync(folder).filter((name) => /never|part/.test(name))).toEqual([]);
    }
  });

  it("names the pages that a cut image lacks", async () => {
    const bytes = readFileSync(join(FIXTURES, "hvm-tiny.xcs"));
    await write(join(FIXTURES, "hvm-tiny.xcs"));
    const source = new BufferSource(bytes.subarray(0, 20), "cut");
    const names = { file: "cut", manifestPath };
    const result = await checkSource(platform, source, names, options);
    expect(result.check).toMatchObject({ matches: false, pages: 0, missing: { pages: 22 } });
  });

  it("goes on behind pages that an image lacks: those that are there are not rotten", async () => {
    const withPages = (...pfns: number[]) =>
      joinParts(hvmStream({ batches: [pfns.map((pfn) => ({ pfn, page: patternPage(pfn) }))] }));
    const path = join(folder, "whole");
    writeFileSync(path, withPages(1, 2, 3, 4));
    await write(path);
    const names = { file: "lacking", manifestPath };
    const source = new BufferSource(withPages(1, 4, 5), "lacking");
    const { check: found } = await checkSource(platform, source, names, options);
    expect(found).toMatchObject({
      matches: false,
      pages: 2,
      rottenPages: 0,
      missing: { runs: [{ pfn: 2, count: 2 }] },
      extra: { runs: [{ pfn: 5, count: 1 }] },
    });
  });

  it("compares nothing but memory with an image of another form, even of the same size", async () => {
    const batches = [[{ pfn: 1, page: patternPage(1) }]];
    const bare = joinParts(hvmStream({ batches, params: [[1, 1]] }));
    const framed = joinParts(libxlStream(hvmStream({ batches, params: [] })));
    const spare = framed.length - bare.length;
    expect(spare % 16).toBe(0);
    const params = [1, 0, 3, 7].slice(0, 1 + spare / 16).map((index) => [index, 1] as const);
    const same = joinParts(hvmStream({ batches, params }));
    expect(same.length).toBe(framed.length);
    const path = join(folder, "bare");
    writeFileSync(path, same);
    await write(path);
    const names = { file: "framed", manifestPath };
    const source = new BufferSource(framed, "framed");
    const { check: found } = await checkSource(platform, source, names, options);
    expect(found).toMatchObject({ rottenPages: 0, rest: "other-form" });
  });

  it("is refused if it is cut, damaged or of another version", async () => {
    const image = join(FIXTURES, "hvm-tiny.xcs");
    await write(image);
    const sound = readFileSync(manifestPath);
    const prng = new Prng(5);
    for (let trial = 0; trial < 60; trial += 1) {
      const bytes = Uint8Array.from(sound);
      const at = prng.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << prng.below(8));
      writeFileSync(manifestPath, trial % 2 === 0 ? bytes : sound.subarray(0, at));
      await expect(check(image)).rejects.toThrow(InputError);
    }
  });
});

describe("a flipped byte", () => {
  it.each(["xl", "libxc"] as const)(
    "of an image in %s is found wherever it is",
    async (container) => {
      const path = join(folder, "image");
      const shape = {
        guest: "hvm",
        container,
        sizeBytes: FLIPPED_BYTES,
        live: 1,
        seed: 3,
      } as const;
      await generateImage({ path, describePath: null, options: shape, digest: "none" });
      await write(path);
      const sound = readFileSync(path);
      const { guest } = runBytes(sound).image.restorer;
      const pfnAt = new Map<number, number>();
      for (const { first, count } of guest?.populatedRuns() ?? []) {
        for (let pfn = first; pfn < first + count; pfn += 1) {
          pfnAt.set(guest?.lastCopyOffset(pfn) ?? -1, pfn);
        }
      }
      const starts = [...pfnAt.keys()].filter((at) => at >= 0).sort((a, b) => a - b);
      const prng = new Prng(17);
      const bytes = Uint8Array.from(sound);
      for (let trial = 0; trial < TRIALS; trial += 1) {
        const at = prng.below(bytes.length);
        const flip = 1 << prng.below(8);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const source = new BufferSource(bytes, "flipped");
        const names = { file: "flipped", manifestPath };
        const { check: found } = await checkSource(platform, source, names, options);
        expect(found.matches).toBe(false);
        const byteOffset = starts.findLast((start) => start <= at) ?? -1;
        if (byteOffset >= 0 && at < byteOffset + PAGE_BYTES) {
          expect(found.rotten).toEqual([{ pfn: pfnAt.get(byteOffset), byteOffset }]);
          expect(found.rest).toBe("same");
        }
        bytes[at] = (bytes[at] ?? 0) ^ flip;
      }
    },
    60_000 + TRIALS * TRIAL_MS,
  );
});

describe("the command manifest", () => {
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(ROOT, "dist/xenstream.cjs"), "manifest", ...args]);

  it("writes and checks, and ends with 1 for rot", () => {
    const [image, rotten, out] = ["hvm.xcs", "rotten.xcs", "m"].map((name) => join(folder, name));
    const bytes = Uint8Array.from(readFileSync(join(FIXTURES, "hvm-tiny.xcs")));
    writeFileSync(image as string, bytes);
    bytes[9000] = (bytes[9000] ?? 0) ^ 1;
    writeFileSync(rotten as string, bytes);
    expect(run(image as string, "-o", out as string).status).toBe(0);
    expect(run(image as string, "--check", out as string).status).toBe(0);
    const ran = run(rotten as string, "--check", out as string, "--json");
    expect(ran.status).toBe(1);
    const document = JSON.parse(ran.stdout.toString());
    expect(document).toMatchObject({ command: "manifest", files: [{ check: { rottenPages: 1 } }] });
    expect(run(image as string).status).toBe(2);
  });
});
