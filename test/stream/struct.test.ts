/** Structures read and written by their layouts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  HVM_CPU_LAYOUT,
  HVM_HPET_LAYOUT,
  HVM_PIT_LAYOUT,
  HVM_RTC_LAYOUT,
  layout,
  SHARED_INFO_LAYOUT_64,
  VCPU_CONTEXT_LAYOUT_32,
} from "../../src/format/index.js";
import { decodeStruct, encodeStruct, structJson, structView } from "../../src/stream/struct.js";
import { bytesOf } from "./support.js";

const MIXED = layout([
  ["small", "u8"],
  ["signed", "i8"],
  ["short", "u16"],
  ["word", "u32"],
  ["wide", "u64"],
  ["back", "i64"],
  ["blob", "bytes", 2],
  ["pair", "u8", 2],
]);
const BYTES = bytesOf("01 ff 0302 07060504 0f0e0d0c0b0a0908 feffffffffffffff aabb 1011");

describe("a structure", () => {
  it("is read little-endian, signed where its layout says so", () => {
    expect(decodeStruct(MIXED, BYTES)).toEqual({
      small: 1,
      signed: -1,
      short: 0x0203,
      word: 0x04050607,
      wide: 0x08090a0b0c0d0e0fn,
      back: -2n,
      blob: bytesOf("aabb"),
      pair: [0x10, 0x11],
    });
  });

  it("reads as zero where its bytes end", () => {
    const value = decodeStruct(MIXED, BYTES.subarray(0, 5));
    expect(value.word).toBe(0x07);
    expect(value.wide).toBe(0n);
    expect(value.blob).toEqual(bytesOf("0000"));
  });

  it("becomes JSON with 64-bit values and bytes as hex", () => {
    expect(structJson(decodeStruct(MIXED, BYTES))).toEqual({
      small: 1,
      signed: -1,
      short: 0x0203,
      word: 0x04050607,
      wide: "0x8090a0b0c0d0e0f",
      back: "0xfffffffffffffffe",
      blob: "aabb",
      pair: [0x10, 0x11],
    });
  });

  it.each([
    MIXED,
    HVM_CPU_LAYOUT,
    HVM_HPET_LAYOUT,
    HVM_PIT_LAYOUT,
    HVM_RTC_LAYOUT,
    SHARED_INFO_LAYOUT_64,
    VCPU_CONTEXT_LAYOUT_32,
  ])("is written as it was read", (structure) => {
    const { bytes } = structure;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: bytes, maxLength: bytes }), (image) => {
        // One of several layouts: the compiler cannot pair value and layout by itself.
        const value = decodeStruct(structure as typeof MIXED, image);
        expect(encodeStruct(structure as typeof MIXED, value)).toEqual(image);
      }),
      { numRuns: 20 },
    );
  });

  it.each([MIXED, HVM_CPU_LAYOUT, HVM_PIT_LAYOUT, VCPU_CONTEXT_LAYOUT_32])(
    "says the same field by field, wherever it stands and if it is cut",
    (structure) => {
      const view = structView(structure as typeof MIXED);
      const names = structure.fields.map(([name]) => name) as (keyof ReturnType<typeof view>)[];
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: structure.bytes + 8 }),
          fc.nat({ max: 8 }),
          (bytes, at) => {
            const whole = decodeStruct(structure as typeof MIXED, bytes, at);
            const seen = view(bytes, at);
            for (const name of names) expect(seen[name]).toEqual(whole[name]);
          },
        ),
        { numRuns: 20 },
      );
    },
  );
});
