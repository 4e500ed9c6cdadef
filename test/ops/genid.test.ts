/** The VM Generation ID: found, kept, set, renewed. Rules: VG-3, VG-20..26, HP-8. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type RestoreFileResult, UsageError } from "../../src/findings/index.js";
import { driveSync } from "../../src/input/index.js";
import { genidJob } from "../../src/ops/genid.js";
import {
  extractFile,
  type GenidChange,
  generateImage,
  Platform,
  parseGenidChange,
  READING_DEFAULTS,
  restoreFile,
  wasmBytes,
} from "../../src/ops/index.js";
import { patternPage, poke } from "../builders/bytes.js";
import { hvmStream } from "../builders/hvm.js";
import { type HvmParam, PAGE, type PageEntry } from "../builders/libxc.js";
import { join as joinParts } from "../builders/parts.js";
import { runBytes } from "../harness.js";

const folder = mkdtempSync(join(tmpdir(), "xenstream-genid-"));
afterAll(() => rmSync(folder, { recursive: true }));
const platform = new Platform({ wasmBytes });

const OLD = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
const NEW = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Pages 0x10 and 0x11, with the id at `address`. */
function image(address: number, entries: readonly PageEntry[] = pagesWith(address)): Uint8Array {
  const params: [number, number][] = address === 0 ? [] : [[34, address]];
  return joinParts(hvmStream({ batches: [entries], params }));
}

/** The same pages, and these parameters. */
function withParams(...params: HvmParam[]): Uint8Array {
  return joinParts(hvmStream({ batches: [pagesWith(0x10_010)], params }));
}

function pagesWith(address: number): PageEntry[] {
  const memory = Buffer.concat([patternPage(1), patternPage(2)]);
  const at = address - 0x10_000;
  const held = at >= 0 && at + 16 <= memory.length ? poke(memory, at, ...OLD) : memory;
  return [0, 1].map((i) => ({ pfn: 0x10 + i, page: held.subarray(i * 4096, (i + 1) * 4096) }));
}

function restore(bytes: Uint8Array, genid: GenidChange): Promise<RestoreFileResult> {
  const path = join(folder, "image");
  writeFileSync(path, bytes);
  return restoreFile(platform, path, {
    ...READING_DEFAULTS,
    limits: DEFAULT_LIMITS,
    vcpus: 2,
    engine: "wasm",
    memory: "auto",
    digest: "sha256",
    genid,
  });
}

describe("the generation id", () => {
  it.each([0x10_010, 0x10_ff8])("at %i is set whole, and nothing else changes", async (address) => {
    const before = await restore(image(address), "keep");
    expect(before.genid).toMatchObject({ old: hex(OLD), new: hex(OLD) });
    const after = await restore(image(address), NEW);
    expect(after.verdict).toBe("accept");
    expect(after.genid).toEqual({
      address: `0x${address.toString(16)}`,
      old: hex(OLD),
      new: hex(NEW),
      xenstore: "578437695752307201:1157159078456920585",
    });
    expect(after.memory?.streamSha256).toBe(before.memory?.streamSha256);
    // Setting it equals having had it: the other bytes are those of the stream.
    const pages = pagesWith(address).map(({ page }) => page ?? new Uint8Array());
    const had = poke(Buffer.concat(pages), address - 0x10_000, ...NEW);
    const entries = [0, 1].map((i) => ({
      pfn: 0x10 + i,
      page: had.subarray(i * 4096, (i + 1) * 4096),
    }));
    const same = await restore(image(address, entries), "keep");
    expect(after.memory?.restoredSha256).toBe(same.memory?.restoredSha256);
  });

  it("stands where the last of two parameters says, HP-5", async () => {
    const bytes = withParams([34, 0x20_000], [34, 0x10_010]);
    const set = await restore(bytes, NEW);
    expect(set.verdict).toBe("accept");
    expect(set.genid).toMatchObject({ address: "0x10010", old: hex(OLD), new: hex(NEW) });
  });

  it("is drawn anew for each restore, and never all zero", async () => {
    const ids = [await restore(image(0x10_010), "new"), await restore(image(0x10_010), "new")];
    expect(ids[0]?.genid?.new).not.toBe(ids[1]?.genid?.new);
    const { image: read, source } = runBytes(image(0x10_010));
    const draws = [new Uint8Array(16), NEW];
    const facts = driveSync(genidJob(read, "new", { random: () => draws.shift() ?? OLD }), source);
    expect(facts?.new).toEqual(NEW);
  });

  it("is told missing where the guest has no device, VG-20, memory untouched", async () => {
    const before = await restore(image(0), "keep");
    const after = await restore(image(0), NEW);
    expect(after.verdict).toBe("accept");
    expect(after.findings.map(({ rule }) => rule)).toContain("VG-20");
    expect(after.genid).toBeUndefined();
    expect(after.memory).toEqual(before.memory);
    expect(before.findings.map(({ rule }) => rule)).not.toContain("VG-20");
  });

  it.each([
    ["is not aligned", image(0x10_011)],
    ["has no page", image(0x20_000)],
    ["runs into a hole", image(0x11_ff8)],
    ["ends beyond 4 GiB", image(0xffff_fff8)],
    ["is where no memory can be", withParams([34, 0xffff_ffff_ffff_fff8n])],
    ["is where a number would be rounded", withParams([34, 2n ** 63n + 0x10_010n])],
    ["has a page without data", image(0x10_010, [{ pfn: 0x10, type: PAGE.XALLOC }])],
  ])("cannot be set where its buffer %s, VG-21", async (_, bytes) => {
    const kept = await restore(bytes, "keep");
    expect(kept.verdict).toBe("accept");
    const set = await restore(bytes, NEW);
    expect(set.verdict).toBe("reject");
    const errors = set.findings.filter(({ severity }) => severity === "error");
    expect(errors.map(({ rule }) => rule)).toEqual(["VG-21"]);
    expect(set.memory?.restoredSha256).toBe(kept.memory?.restoredSha256);
  });

  it("is written by extract", async () => {
    const path = join(folder, "image");
    writeFileSync(path, image(0x10_ff8));
    const options = { ...READING_DEFAULTS, limits: DEFAULT_LIMITS, vcpus: 2 } as const;
    await extractFile(platform, path, join(folder, "raw"), {
      ...options,
      engine: "wasm",
      format: "raw",
      state: "restored",
      pfns: null,
      genid: NEW,
    });
    const raw = readFileSync(join(folder, "raw"));
    expect(raw.subarray(0x10_ff8, 0x11_008)).toEqual(Buffer.from(NEW));
  });

  it("is compared with the one of xl's config, VG-25", async () => {
    const path = join(folder, "generated");
    for (const fault of [null, "VG-25"]) {
      const genid = { guest: "hvm", container: "xl", genid: NEW, sizeBytes: 1 << 20 } as const;
      const options = fault === null ? genid : { ...genid, fault };
      await generateImage({ path, describePath: null, options, digest: "none" });
      const found = await restore(readFileSync(path), "keep");
      expect(found.genid?.old).toBe(hex(NEW));
      const rules = found.findings.map(({ rule }) => rule);
      expect(rules.includes("VG-25")).toBe(fault !== null);
    }
  });

  it("is read from 32 digits or a UUID, and refused where it is zero or neither", () => {
    expect(parseGenidChange("0102030405060708090a0b0c0d0e0f10")).toEqual(NEW);
    expect(parseGenidChange("01020304-0506-0708-090a-0b0c0d0e0f10")).toEqual(NEW);
    expect(parseGenidChange("keep")).toBe("keep");
    for (const text of [
      ...["0".repeat(32), "01", "random", `${"0102".repeat(8)}-`],
      ...["010203040506-0708-090a-0b0c0d0e0f10", "01020304-0506-0708-090a0b0c0d0e0f10"],
    ]) {
      expect(() => parseGenidChange(text)).toThrow(UsageError);
    }
  });
});
