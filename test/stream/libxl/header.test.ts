/** The libxl header, field by field. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeLibxlHeader,
  encodeLibxlHeader,
  libxlHeader,
  libxlHeaderFields,
} from "../../../src/stream/libxl/header.js";
import { bytesOf, told, withByte } from "../support.js";

const HEADER = bytesOf("4c6962786c466d74 00000002 00000000");
const AT = 64;

describe("the libxl header", () => {
  it("is an ident, a version and options, big-endian", () => {
    expect(decodeLibxlHeader(HEADER, AT)).toEqual({
      value: libxlHeader(),
      faults: [],
      fatal: false,
    });
    expect(libxlHeaderFields(libxlHeader(true))).toEqual({
      ident: "LibxlFmt",
      version: 2,
      options: 2,
      converted: true,
    });
  });

  it("of a converted stream is as good", () => {
    expect(decodeLibxlHeader(withByte(HEADER, 15, 2), AT).faults).toEqual([]);
  });

  it.each([
    ["another ident", 0, 0x4d, "LL-HDR-1@64"],
    ["version 1", 11, 1, "LL-HDR-2@72"],
    ["version 3", 11, 3, "LL-HDR-2@72"],
    ["a big-endian body", 15, 1, "LL-HDR-3@76"],
  ])("with %s cannot be read on from", (_, offset, value, fault) => {
    const header = decodeLibxlHeader(withByte(HEADER, offset, value), AT);
    expect(told(header.faults)).toEqual([fault]);
    expect(header.fatal).toBe(true);
  });

  it.each([
    ["option bit 2", 15, 4],
    ["option bit 16", 13, 1],
    ["option bit 31", 12, 0x80],
  ])("with %s can, LL-HDR-4", (_, offset, value) => {
    const header = decodeLibxlHeader(withByte(HEADER, offset, value), AT);
    expect(told(header.faults)).toEqual(["LL-HDR-4@76"]);
    expect(header.fatal).toBe(false);
  });

  it("is written as it was read, whatever it says", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(encodeLibxlHeader(decodeLibxlHeader(bytes, 0).value)).toEqual(bytes);
      }),
    );
  });
});
