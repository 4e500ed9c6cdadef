/** LZ4 frames: headers, checksums, blocks that lie, and the tool's own output. */
import { describe, expect, it } from "vitest";
import { knownBytes } from "../support.js";
import { decode, hex, join, le, lz4Of, mixedBytes, skippable, tool } from "./support.js";

const content = knownBytes(60_000);
// FLG: 7..6 version 1 | 5 independent | 4 block sum | 3 size | 2 content sum | 1 reserved | 0 dict
const PLAIN = 0b01_1_0_0_0_0_0;

/** A frame without checksums around compressed blocks. */
function frameOf(blocks: readonly (readonly number[])[], flags = PLAIN): Uint8Array {
  const header = lz4Of([], { flags });
  return join(
    header.subarray(0, 7),
    ...blocks.flatMap((block) => [le(block.length, 4), block]),
    le(0, 4),
  );
}

describe("an LZ4 frame", () => {
  it("may hold stored blocks, with every checksum", async () => {
    const { decoded, error } = await decode(lz4Of([content, content.subarray(5)]));
    expect(error).toBeNull();
    expect(Buffer.compare(decoded, Buffer.concat([content, content.subarray(5)]))).toBe(0);
  });

  it("may be empty, and stand between frames that carry no data", async () => {
    const input = join(lz4Of([]), skippable(10), lz4Of([content]), skippable(0));
    const { decoded, error } = await decode(input);
    expect(error).toBeNull();
    expect(Buffer.compare(decoded, content)).toBe(0);
  });

  it.each(["header", "block", "content"] as const)(
    "is checked by its %s checksum",
    async (what) => {
      const { error } = await decode(lz4Of([content], { [what]: 1 }));
      expect(error).toMatchObject({ code: "compressed-checksum" });
    },
  );

  it.each([
    ["another version", { flags: 0b10_1_0_0_0_0_0 }],
    ["a reserved flag", { flags: PLAIN | 2 }],
    ["a dictionary", { flags: PLAIN | 1 }],
    ["a block size that is none", { size: 0x30 }],
    ["a reserved bit beside its block size", { size: 0x41 }],
  ])("of %s is not supported", async (_, wrong) => {
    const { error } = await decode(lz4Of([content], wrong));
    expect(error).toMatchObject({ code: "compressed-unsupported" });
  });

  it("must keep to the size that it tells", async () => {
    const claimed = hex("04224d18 68 40 0500000000000000");
    const body = join(le(0x80000004, 4), [1, 2, 3, 4], le(0, 4));
    // The header's checksum byte, tried out: one of all fits, and then the size is looked at.
    const codes = new Set<string | undefined>();
    for (let sum = 0; sum < 256; sum++) {
      codes.add((await decode(join(claimed, [sum], body))).error?.code);
    }
    expect(codes).toEqual(new Set(["compressed-checksum", "compressed-invalid"]));
  });

  it("may tell its size, which is of all blocks, those that slid away included", async () => {
    const blocks = Array.from({ length: 40 }, () => content);
    const contentBytes = blocks.length * content.length;
    const { decoded, error } = await decode(lz4Of(blocks, { contentBytes }));
    expect(error).toBeNull();
    expect(decoded.length).toBe(contentBytes);
    const less = await decode(lz4Of(blocks, { contentBytes: contentBytes - 1 }));
    expect(less.error).toMatchObject({ code: "compressed-invalid" });
  });

  it("decodes literals and matches, overlapping ones too", async () => {
    // token: 7..4 literals | 3..0 match bytes - 4
    const block = [0x24, 65, 66, 2, 0, 0x10, 67];
    const { decoded, error } = await decode(frameOf([block]));
    expect(error).toBeNull();
    expect(decoded.toString()).toBe("ABABABABABC");
  });

  it("decodes lengths that go on in further bytes", async () => {
    const literals = Array.from({ length: 15 + 255 + 3 }, (_, n) => n & 0xff);
    const block = [0xff, 255, 3, ...literals, 1, 0, 255, 2, 0x00];
    const { decoded, error } = await decode(frameOf([block]));
    expect(error).toBeNull();
    expect(decoded.length).toBe(273 + 15 + 255 + 2 + 4);
    expect(decoded.subarray(273).every((byte) => byte === literals[272])).toBe(true);
  });

  it("may refer to an earlier block only if its blocks are linked", async () => {
    const blocks = [
      [0x30, 65, 66, 67],
      [0x00 | 4, 3, 0, 0x10, 68],
    ];
    const linked = await decode(frameOf(blocks, PLAIN & ~0b1_0_0_0_0_0));
    expect([linked.error, linked.decoded.toString()]).toEqual([null, "ABCABCABCABD"]);
    const alone = await decode(frameOf(blocks), { stepBytes: 1 });
    expect(alone.error).toMatchObject({ code: "compressed-invalid" });
    expect(alone.decoded.toString()).toBe("ABC");
  });

  it.each([
    ["with a match at distance 0", [0x10, 65, 0, 0, 0x10, 66]],
    ["with a match before its start", [0x10, 65, 2, 0, 0x10, 66]],
    ["that ends in a match", [0x10, 65, 1, 0]],
    ["that ends in half a distance", [0x10, 65, 1]],
    ["that ends in its literals", [0x30, 65]],
    ["that ends in a length", [0xf0]],
    ["that ends in a length of 255s", [0xf0, 255, 255]],
    ["that ends in a match's length", [0x1f, 65, 1, 0, 255]],
    ["that decodes to more than a block may have", [0x1f, 65, 1, 0, ...Array(300).fill(255), 0, 0]],
  ])("refuses a block %s", async (_, block) => {
    const { error } = await decode(frameOf([block]));
    expect(error).toMatchObject({ code: "compressed-invalid" });
  });

  it("refuses a block longer than blocks may be", async () => {
    const frame = join(lz4Of([], { flags: PLAIN }).subarray(0, 7), le(65_537, 4));
    expect((await decode(frame)).error).toMatchObject({ code: "compressed-invalid" });
  });

  it("is decoded as the tool made it, with every option", async (context) => {
    const bytes = mixedBytes(3_000_000);
    for (const options of [
      "-1",
      "-9",
      "-12",
      "--fast=9",
      "-1 -BD",
      "-9 -BD -B4 -BX",
      "-B7",
      "-B5",
    ]) {
      for (const more of ["", "--no-frame-crc", "--content-size"]) {
        const args = ["-qc", ...options.split(" "), ...more.split(" ").filter(Boolean)];
        const packed = tool("lz4", args, bytes);
        if (packed === null) return context.skip("lz4 is not installed");
        const { decoded, error } = await decode(packed, { stepBytes: 1_000_000 });
        expect(error, args.join(" ")).toBeNull();
        expect(Buffer.compare(decoded, bytes), args.join(" ")).toBe(0);
      }
    }
  });
});
