/** One job of a batch: its outcome is the command's result, whatever was done before it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import {
  JobWorker,
  manifestPathOf,
  Platform,
  READING_DEFAULTS,
  restoreFile,
  verifyFile,
  wasmBytes,
} from "../../src/ops/index.js";
import { SETTINGS, timeless } from "../batch/support.js";

const FIXTURES = resolve(import.meta.dirname, "../fixtures");
const folder = mkdtempSync(join(tmpdir(), "xenstream-job-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = SETTINGS;
const limits = { ...DEFAULT_LIMITS, maxMemoryBytes: settings.maxMemoryBytes };
const platform = () => new Platform({ wasmBytes });
const worker = new JobWorker(platform);
const jobOf = (file: string) => ({ index: 0, file, bytes: null });
const fixture = (name: string) => join(FIXTURES, name);
const good = fixture("xl-hvm-tiny.xlsave");

describe("a job", () => {
  const cut = join(folder, "cut");
  writeFileSync(cut, readFileSync(good).subarray(0, 9000));

  it("comes to what verify says of the file, good or broken, one after the other", async () => {
    for (const file of [good, cut, fixture("pv64-tiny.xcs"), good]) {
      const outcome = await worker.run(jobOf(file), settings);
      const options = { ...READING_DEFAULTS, limits, engine: "wasm" } as const;
      const single = await verifyFile(platform(), file, options);
      expect(timeless(outcome)).toEqual({ v: 1, type: "file", ...timeless(single) });
    }
  });

  it("comes to what restore says of the file", async () => {
    const restoring = { ...settings, operation: "restore", digest: "sha256" } as const;
    for (const file of [good, cut]) {
      const outcome = await worker.run(jobOf(file), restoring);
      const options = {
        ...READING_DEFAULTS,
        limits,
        engine: "wasm",
        memory: "auto",
        digest: "sha256",
      } as const;
      const single = await restoreFile(platform(), file, options);
      expect(timeless(outcome)).toEqual({ v: 1, type: "file", ...timeless(single) });
    }
  });

  it("fails with the code of the typed error where there is no verdict", async () => {
    const missing = await worker.run(jobOf(join(folder, "missing")), settings);
    expect(missing).toMatchObject({ error: { code: "not-found", exitCode: 2 } });
    expect(await worker.run(jobOf(folder), settings)).toMatchObject({
      error: { code: "is-directory", exitCode: 2 },
    });
  });

  it("is a bug of ours where an unforeseen error comes up; the next has a fresh platform", async () => {
    let made = 0;
    const broken = new JobWorker(() => {
      made += 1;
      if (made === 1) return new Platform({ wasmBytes: () => new Uint8Array(8) });
      return platform();
    });
    const first = await broken.run(jobOf(good), settings);
    expect(first).toMatchObject({ file: good, error: { exitCode: 3 } });
    expect(await broken.run(jobOf(good), settings)).toMatchObject({ verdict: "accept" });
    expect(made).toBe(2);
  });

  it("ends by the signal's reason, or by what its progress callback throws, without outcome", async () => {
    const stop = new Error("stop");
    const signal = AbortSignal.abort(stop);
    await expect(worker.run(jobOf(good), settings, { signal })).rejects.toBe(stop);
    const restoring = { ...settings, manifestDir: join(folder, "stopped") };
    const onProgress = () => {
      throw stop;
    };
    const large = fixture("pv32-list.xcs");
    await expect(worker.run(jobOf(large), restoring, { onProgress })).rejects.toBe(stop);
    expect(existsSync(manifestPathOf(restoring.manifestDir, large))).toBe(false);
  });
});

describe("a folder of manifests", () => {
  const manifestDir = join(folder, "manifests");
  const image = join(folder, "image.save");

  it("gets one manifest an image, the same whether it was verified or restored", async () => {
    writeFileSync(image, readFileSync(good));
    const path = manifestPathOf(manifestDir, image);
    const made = await worker.run(jobOf(image), { ...settings, manifestDir });
    expect(made).toMatchObject({ verdict: "accept", manifest: { path, state: "stream" } });
    const bytes = readFileSync(path);
    rmSync(path);
    for (const memory of ["indexed", "resident"] as const) {
      const restoring = { ...settings, manifestDir, memory, operation: "restore" } as const;
      rmSync(path, { force: true });
      await worker.run(jobOf(image), restoring);
      expect(readFileSync(path).equals(bytes)).toBe(true);
    }
  });

  it.skipIf(!existsSync("/proc/self"))("that cannot be made is told of", async () => {
    const nowhere = "/proc/none/manifests"; // Node's own recursive mkdir never ends there
    const outcome = await worker.run(jobOf(image), { ...settings, manifestDir: nowhere });
    expect(outcome).toMatchObject({ error: { code: "output", exitCode: 2 } });
  });

  it("tells rot by the manifest that is there, and leaves that as it is", async () => {
    const sound = await worker.run(jobOf(image), { ...settings, manifestDir });
    expect(sound).toMatchObject({ check: { matches: true, rest: "same" } });
    const bytes = readFileSync(image);
    const before = readFileSync(manifestPathOf(manifestDir, image));
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(image, bytes);
    const rotten = await worker.run(jobOf(image), { ...settings, manifestDir });
    expect(rotten).toMatchObject({ verdict: "accept", check: { matches: false, rottenPages: 1 } });
    expect(readFileSync(manifestPathOf(manifestDir, image)).equals(before)).toBe(true);
  });

  it("names the manifest of a URL by what in it is neither secret nor signed for a day", () => {
    const named = (url: string) => manifestPathOf("m", url);
    expect(named("https://ann:pw@h:8443/a/vm.save?sig=x")).toBe(
      "m/https/h:8443/a/vm.save.manifest",
    );
    expect(named("s3://bucket/a/vm.save")).toBe("m/s3/bucket/a/vm.save.manifest");
  });

  it("has nothing for what is rejected or holds no guest, and refuses a manifest that is none", async () => {
    const cut = join(folder, "cut.save");
    writeFileSync(cut, readFileSync(good).subarray(0, 9000));
    for (const file of [cut, fixture("xenstore-v2-full.xss")]) {
      const outcome = await worker.run(jobOf(file), { ...settings, manifestDir });
      expect(outcome).not.toHaveProperty("manifest");
      expect(existsSync(manifestPathOf(manifestDir, file))).toBe(false);
    }
    writeFileSync(manifestPathOf(manifestDir, image), "no manifest");
    const outcome = await worker.run(jobOf(image), { ...settings, manifestDir });
    expect(outcome).toMatchObject({ error: { code: "manifest", exitCode: 2 } });
  });

  it.each([
    ["a/b.save", "m/a/b.save.manifest"],
    ["./a/../b.save", "m/b.save.manifest"],
    ["/vm/b.save", "m/vm/b.save.manifest"],
    ["https://host/vm/b.save", "m/https/host/vm/b.save.manifest"],
  ])("names the manifest of %s by the image's name", (file, path) => {
    expect(manifestPathOf("m", file)).toBe(path);
  });

  it("never leaves its folder", () => {
    const path = manifestPathOf("m", "../../x.save");
    expect(path).toBe(join("m", `${resolve("../../x.save")}.manifest`));
  });
});
