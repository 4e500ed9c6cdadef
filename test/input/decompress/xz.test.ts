/** The .xz container and LZMA2: headers, checks, index, limits, and the tool's own output. */
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { knownBytes } from "../support.js";
import { decode, flipped, join, le, mixedBytes, TEXT, TEXT_XZ, tool, xzOf } from "./support.js";

const content = knownBytes(50_000);
const MiB = 1024 * 1024;

describe("an xz stream", () => {
  it.each([
    ["no check", 0x00],
    ["CRC-32", 0x01],
    ["SHA-256", 0x0a],
  ])("of several stored blocks under %s decodes", async (_, check) => {
    const contents = [content, content.subarray(1, 9), content.subarray(3)];
    const { decoded, error } = await decode(xzOf(contents, { check }));
    expect(error).toBeNull();
    expect(Buffer.compare(decoded, Buffer.concat(contents))).toBe(0);
  });

  it("may have no block at all", async () => {
    expect(await decode(xzOf([]))).toEqual({ decoded: Buffer.alloc(0), error: null });
  });

  it.each([
    ["check", 0x01],
    ["check", 0x0a],
    ["index-check", 0x01],
    ["block-header", 0x01],
    ["footer", 0x01],
  ] as const)("fails when its %s (under %i) is wrong", async (wrong, check) => {
    const { error } = await decode(xzOf([content], { wrong, check }));
    expect(error).toMatchObject({ code: "compressed-checksum" });
  });

  it.each(["index", "backward-size"] as const)("must agree with its %s", async (wrong) => {
    const { error } = await decode(xzOf([content], { wrong }));
    expect(error).toMatchObject({ code: "compressed-invalid" });
  });

  it("is checked in its own header", async () => {
    const { error } = await decode(flipped(xzOf([content]), 8));
    expect(error).toMatchObject({ code: "compressed-checksum" });
  });

  it("may tell the sizes of a block, and must keep to them", async () => {
    const bytes = content.subarray(0, 100); // stored: a control byte, two of length, an end mark
    const told = (sizes: readonly number[]) => xzOf([bytes], { blockFlags: 0xc0, sizes });
    expect((await decode(told([104, 100]))).error).toBeNull();
    for (const wrong of [
      [103, 100],
      [104, 101],
    ]) {
      const { error } = await decode(told(wrong));
      expect(error).toMatchObject({ code: "compressed-invalid" });
    }
  });

  it.each([
    ["a check that is not known", { check: 0x02 }],
    ["another filter", { filter: 0x04 }],
    ["two filters", { blockFlags: 0x01 }],
    ["a reserved flag", { blockFlags: 0x04 }],
  ])("with %s is not supported", async (_, options) => {
    const { error } = await decode(xzOf([content], options));
    expect(error).toMatchObject({ code: "compressed-unsupported" });
  });

  it("may want a dictionary up to the limit", async () => {
    const limits = { maxWindowBytes: 8 * MiB };
    expect((await decode(xzOf([content], { dictionary: 22 }), { limits })).error).toBeNull();
    const larger = await decode(xzOf([content], { dictionary: 23 }), { limits });
    expect(larger.error).toMatchObject({ limit: "decompress-window", asked: 12 * MiB });
    const largest = await decode(xzOf([content], { dictionary: 40 }), { limits });
    expect(largest.error).toMatchObject({ limit: "decompress-window", asked: 2 ** 32 - 1 });
    const none = await decode(xzOf([content], { dictionary: 41 }), { limits });
    expect(none.error).toMatchObject({ code: "compressed-invalid" });
  });

  it("has the same flags in front and behind", async () => {
    const bytes = xzOf([content], { check: 0x01 });
    const footer = bytes.subarray(-12);
    footer[9] = 0x04;
    footer.set(le(crc32(footer.subarray(4, 10)), 4));
    expect((await decode(bytes)).error).toMatchObject({ code: "compressed-invalid" });
  });

  it.each([4, 4096, 8192, 10_000])("may follow another behind %i zeros", async (zeros) => {
    const { decoded, error } = await decode(join(TEXT_XZ, new Uint8Array(zeros), TEXT_XZ));
    expect(error).toBeNull();
    expect(Buffer.compare(decoded, Buffer.concat([TEXT, TEXT]))).toBe(0);
  });

  it("refuses what follows it that is no stream", async () => {
    const { error } = await decode(join(TEXT_XZ, [0, 0, 0, 0, 1, 2, 3, 4, 5, 6]));
    expect(error).toMatchObject({ code: "compressed-invalid" });
  });

  it("names a filter for executables, as the tool writes it", async (context) => {
    const packed = tool("xz", ["-c", "--x86", "--lzma2=preset=0"], content);
    if (packed === null) return context.skip("xz is not installed");
    expect((await decode(packed)).error).toMatchObject({ code: "compressed-unsupported" });
  });

  it("is decoded as the tool made it, with every kind of option", async (context) => {
    const bytes = mixedBytes(3_000_000);
    for (const options of [
      "-0",
      "-1 -C crc32",
      "-2 -C sha256",
      "-0 -C none",
      "-1 -T2 --block-size=700000",
      "-1e",
      "--lzma2=preset=1,lc=0,lp=4,pb=0",
      "--lzma2=preset=1,lc=4,lp=0,pb=4",
      "--lzma2=preset=1,lc=1,lp=3,pb=2,dict=64KiB",
    ]) {
      const packed = tool("xz", ["-c", ...options.split(" ")], bytes);
      if (packed === null) return context.skip("xz is not installed");
      const { decoded, error } = await decode(packed, { stepBytes: 1_000_000 });
      expect(error, options).toBeNull();
      expect(Buffer.compare(decoded, bytes), options).toBe(0);
    }
  });
});
