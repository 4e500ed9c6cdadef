/** Zstandard frames: headers, blocks, checksums, limits, and the tool's own output at all levels. */
import { describe, expect, it } from "vitest";
import { CapacityError, DEFAULT_LIMITS } from "../../../src/findings/index.js";
import { BufferSource, decompressed } from "../../../src/input/index.js";
import { knownBytes } from "../support.js";
import { decode, join, le, mixedBytes, skippable, tool, xxh64, zstdOf } from "./support.js";

const content = knownBytes(1000);
const stored = { type: 0, bytes: 1000, body: content };
const MiB = 1024 * 1024;

describe("a zstd frame", () => {
  it("may hold stored blocks and repeated bytes", async () => {
    const frame = zstdOf([stored, { type: 1, bytes: 300, body: [7] }, stored]);
    const { decoded, error } = await decode(frame);
    expect(error).toBeNull();
    expect(decoded).toEqual(Buffer.concat([content, new Uint8Array(300).fill(7), content]));
  });

  it("may stand between frames that carry no data", async () => {
    const frame = zstdOf([stored]);
    const { decoded, error } = await decode(join(frame, skippable(0), skippable(200_000), frame));
    expect(error).toBeNull();
    expect(decoded).toEqual(Buffer.concat([content, content]));
  });

  it("is checked against its checksum", async () => {
    const right = await decode(zstdOf([stored], { checksum: xxh64(content) }));
    expect([right.error, right.decoded.length]).toEqual([null, 1000]);
    const wrong = await decode(zstdOf([stored], { checksum: xxh64(content) ^ 1n }));
    expect(wrong.error).toMatchObject({ code: "compressed-checksum" });
  });

  it.each([
    [1, 0x20, [232], 232],
    [2, 0x40, le(1000 - 256, 2), 1000],
    [4, 0x80, le(1000, 4), 1000],
    [8, 0xc0, le(1000, 8), 1000],
  ])("may tell its size in %i bytes, and must keep to it", async (_, flags, fields, size) => {
    const sized = { type: 0, bytes: size, body: content.subarray(0, size) };
    const right = await decode(zstdOf([sized], { flags, fields: join(fields) }));
    expect([right.error, right.decoded.length]).toEqual([null, size]);
    const short = { type: 0, bytes: size - 1, body: content.subarray(0, size - 1) };
    const wrong = await decode(zstdOf([short], { flags, fields: join(fields) }));
    expect(wrong.error).toMatchObject({ code: "compressed-invalid" });
  });

  it.each([
    ["a reserved bit", 0x08, []],
    ["a dictionary", 0x01, [5]],
    ["a dictionary of four bytes", 0x03, [0, 0, 1, 0]],
  ])("with %s is not supported", async (_, flags, fields) => {
    const { error } = await decode(zstdOf([stored], { flags, fields: join(fields) }));
    expect(error).toMatchObject({ code: "compressed-unsupported" });
  });

  it("may name the dictionary 0, which is none", async () => {
    const { error } = await decode(zstdOf([stored], { flags: 1, fields: join([0]) }));
    expect(error).toBeNull();
  });

  it.each([
    ["of a reserved type", { type: 3, bytes: 4, body: [1, 2, 3, 4] }],
    ["larger than its window", { type: 1, bytes: 1025, body: [1] }],
    ["that is empty and compressed", { type: 2, bytes: 0, body: [] }],
    ["of literals that are not there", { type: 2, bytes: 2, body: [0xf8, 0] }],
    ["of literals without the tree they name", { type: 2, bytes: 5, body: [3, 0, 0, 0, 0] }],
    ["of a sequence without literals or data", { type: 2, bytes: 3, body: [0, 1, 0x54] }],
    ["of reserved modes", { type: 2, bytes: 4, body: [0, 1, 1, 1] }],
  ])("refuses a block %s", async (_, block) => {
    const { error } = await decode(zstdOf([block], { windowLog: 10 }));
    expect(error).toMatchObject({ code: "compressed-invalid" });
  });

  it("may want a window up to the limit", async () => {
    const limits = { maxWindowBytes: 8 * MiB };
    expect((await decode(zstdOf([stored], { windowLog: 23 }), { limits })).error).toBeNull();
    const { error } = await decode(zstdOf([stored], { windowLog: 24 }), { limits });
    expect(error).toBeInstanceOf(CapacityError);
    expect(error).toMatchObject({
      limit: "decompress-window",
      asked: 16 * MiB,
      option: "--max-window",
    });
  });

  it("that claims the largest window there is allocates nothing for it", async () => {
    const { error } = await decode(zstdOf([stored], { windowLog: 41 }));
    expect(error).toMatchObject({ limit: "decompress-window", asked: 2 ** 41 });
  });

  it("that grows beyond the allowed ratio is stopped, before in bounded memory", async () => {
    const run = { type: 1, bytes: 131_072, body: [0] };
    const bomb = zstdOf(Array.from({ length: 2100 }, () => run)); // 262 MiB in 8 KiB
    const open = async (maxDecompressRatio: number) =>
      (await decompressed(new BufferSource(bomb), { ...DEFAULT_LIMITS, maxDecompressRatio }))
        .source;
    const failing = expect.objectContaining({
      limit: "decompress-ratio",
      option: "--max-ratio",
      exitCode: 2,
    });
    const stopped = await open(DEFAULT_LIMITS.maxDecompressRatio);
    expect(stopped.skip(0, 256 * MiB)).toBe(256 * MiB);
    expect(() => stopped.skip(256 * MiB, MiB)).toThrow(failing);
    const before = process.memoryUsage().arrayBuffers;
    const allowed = await open(50_000);
    expect(allowed.skip(0, 1000 * MiB)).toBe(2100 * 131_072);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * MiB);
  });

  it("is decoded by a window that slides many times", async (context) => {
    const bytes = mixedBytes(8_000_000);
    const packed = tool("zstd", ["-qc", "--zstd=wlog=17"], bytes);
    if (packed === null) return context.skip("zstd is not installed");
    const { decoded, error } = await decode(packed, { stepBytes: 1_000_000 });
    expect(error).toBeNull();
    expect(Buffer.compare(decoded, bytes)).toBe(0);
  });

  it("is decoded as the tool made it, at every level", async (context) => {
    const bytes = mixedBytes(600_000);
    for (const level of ["--fast=5", "-1", "-3", "-5", "-9", "-13", "-16", "-19", "--ultra -22"]) {
      for (const more of ["", "--no-check", "--long=27", "-B65536 -T2"]) {
        const args = ["-qc", ...level.split(" "), ...more.split(" ").filter(Boolean)];
        const packed = tool("zstd", args, bytes);
        if (packed === null) return context.skip("zstd is not installed");
        const { decoded, error } = await decode(packed, { stepBytes: 100_000 });
        expect(error, args.join(" ")).toBeNull();
        expect(Buffer.compare(decoded, bytes), args.join(" ")).toBe(0);
      }
    }
  });
});
