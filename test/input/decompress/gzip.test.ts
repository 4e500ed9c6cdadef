/** gzip members: header fields, checks of the trailer, bombs, and the tool's own output. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { knownBytes } from "../support.js";
import { decode, flipped, gzipOf, join, mixedBytes, TEXT, TEXT_GZIP, tool } from "./support.js";

const trailer = TEXT_GZIP.length - 8;

describe("a gzip member", () => {
  it("may have every field that a header may have", async () => {
    // FLG: 4 comment | 3 name | 2 extra | 1 header CRC | 0 text
    const fields = [3, 0, 9, 9, 9, ...Buffer.from("vm.save\0"), ...Buffer.from("no comment\0")];
    const head = join([0x1f, 0x8b, 8, 0b11101, 1, 2, 3, 4, 0, 3], fields);
    const { decoded, error } = await decode(join(head, TEXT_GZIP.subarray(10)));
    expect(error).toBeNull();
    expect(Buffer.compare(decoded, TEXT)).toBe(0);
  });

  it.each([
    ["CRC-32", trailer],
    ["length", trailer + 4],
  ])("fails when the %s behind it is wrong", async (_, at) => {
    const { error } = await decode(flipped(TEXT_GZIP, at));
    expect(error).toMatchObject({ code: "compressed-checksum", source: "packed" });
    expect(error?.cause).toBeInstanceOf(Error);
  });

  it("that is damaged inside is told from one that is cut", async () => {
    const { error } = await decode(join(TEXT_GZIP.subarray(0, 10), [0xff, 0xff, 0xff, 0xff]));
    expect(error).toMatchObject({ code: "compressed-invalid" });
  });

  it("may be one of very many, small ones too", async () => {
    const members = Array.from({ length: 2000 }, (_, n) => gzipOf(knownBytes(n % 50)));
    const { decoded, error } = await decode(join(...members));
    expect(error).toBeNull();
    expect(decoded.length).toBe(40 * ((49 * 50) / 2));
  });

  it("of zeros is decoded in bounded memory", async () => {
    const packed = gzipSync(Buffer.alloc(50_000_000));
    const { decoded, error } = await decode(packed, { stepBytes: 1_000_000 });
    expect([error, decoded.length]).toEqual([null, 50_000_000]);
  });

  it("is decoded as the tool made it, at every level", async (context) => {
    const bytes = mixedBytes(1_000_000);
    for (const level of ["-1", "-6", "-9"]) {
      const packed = tool("gzip", ["-c", level], bytes);
      if (packed === null) return context.skip("gzip is not installed");
      const { decoded, error } = await decode(packed, { stepBytes: 100_000 });
      expect(error, level).toBeNull();
      expect(Buffer.compare(decoded, bytes), level).toBe(0);
    }
  });
});
