/** The two headers of a libxc stream, field by field. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeDomainHeader,
  decodeImageHeader,
  domainHeader,
  domainHeaderFields,
  encodeDomainHeader,
  encodeImageHeader,
  guestKindOf,
  imageHeader,
  imageHeaderFields,
} from "../../../src/stream/libxc/headers.js";
import { bytesOf, told, withByte } from "../support.js";

const IMAGE = bytesOf("ffffffffffffffff 58454e46 00000003 0000 0000 00000000");
const DOMAIN = bytesOf("02000000 0c00 0000 04000000 11000000");
const AT = 96;

describe("the image header", () => {
  it("is read big-endian", () => {
    const header = decodeImageHeader(IMAGE, AT);
    expect(header).toMatchObject({ faults: [], fatal: false });
    expect(header.value).toEqual(imageHeader(3));
    expect(imageHeaderFields(header.value)).toMatchObject({
      marker: "0xffffffffffffffff",
      id: "0x58454e46",
      version: 3,
    });
  });

  it("of version 2 is as good", () => {
    expect(decodeImageHeader(withByte(IMAGE, 15, 2), AT).faults).toEqual([]);
  });

  it.each([
    ["a marker with a zero bit", 7, 0xfe, "LC-HDR-2@96"],
    ["another id", 8, 0x59, "LC-HDR-3@104"],
    ["version 1", 15, 1, "LC-HDR-4@108"],
    ["version 4", 15, 4, "LC-HDR-4@108"],
    ["a big-endian body", 17, 1, "LC-HDR-5@112"],
  ])("with %s cannot be read on from", (_, offset, value, fault) => {
    const header = decodeImageHeader(withByte(IMAGE, offset, value), AT);
    expect(told(header.faults)).toEqual([fault]);
    expect(header.fatal).toBe(true);
  });

  it.each([
    ["a reserved option", 17, 2, "LC-HDR-6@112"],
    ["the highest reserved option", 16, 0x80, "LC-HDR-6@112"],
    ["the reserved u16 set", 19, 1, "LC-HDR-7@114"],
    ["the reserved u32 set", 20, 1, "LC-HDR-7@116"],
  ])("with %s can", (_, offset, value, fault) => {
    const header = decodeImageHeader(withByte(IMAGE, offset, value), AT);
    expect(told(header.faults)).toEqual([fault]);
    expect(header.fatal).toBe(false);
  });

  it("puts what makes it fatal last, and says nothing of fields behind a wrong version", () => {
    const wrong = withByte(withByte(IMAGE, 15, 9), 20, 1);
    expect(told(decodeImageHeader(wrong, AT).faults)).toEqual(["LC-HDR-4@108"]);
    const both = withByte(withByte(IMAGE, 0, 0), 8, 0);
    expect(told(decodeImageHeader(both, AT).faults)).toEqual(["LC-HDR-2@96", "LC-HDR-3@104"]);
  });

  it("is written as it was read, whatever it says", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 24 }), (bytes) => {
        expect(encodeImageHeader(decodeImageHeader(bytes, 0).value)).toEqual(bytes);
      }),
    );
    expect(encodeImageHeader(imageHeader(3))).toEqual(IMAGE);
  });
});

describe("the domain header", () => {
  it("is read little-endian", () => {
    const header = decodeDomainHeader(DOMAIN, AT);
    expect(header).toMatchObject({ faults: [], fatal: false });
    expect(header.value).toEqual(domainHeader("hvm", 4, 17));
    expect(domainHeaderFields(header.value)).toEqual({
      type: 2,
      guest: "hvm",
      page_shift: 12,
      xen_major: 4,
      xen_minor: 17,
    });
  });

  it.each([
    ["type 0", 0, 0, "LC-DOM-1@96"],
    ["type 3, withdrawn", 0, 3, "LC-DOM-1@96"],
    ["another page shift", 4, 13, "LC-DOM-2@100"],
    ["a page shift that is 12 modulo 32", 4, 44, "LC-DOM-2/same-modulo-32@100"],
    ["the reserved word set", 6, 1, "LC-DOM-3@102"],
  ])("with %s is faulty but not fatal", (_, offset, value, fault) => {
    const header = decodeDomainHeader(withByte(DOMAIN, offset, value), AT);
    expect(told(header.faults)).toEqual([fault]);
    expect(header.fatal).toBe(false);
  });

  it("tells the kind of guest, or that there is none such", () => {
    expect([1, 2, 0, 3, 4].map(guestKindOf)).toEqual(["pv", "hvm", null, null, null]);
  });

  it("is written as it was read, whatever it says", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(encodeDomainHeader(decodeDomainHeader(bytes, 0).value)).toEqual(bytes);
      }),
    );
    expect(encodeDomainHeader(domainHeader("hvm", 4, 17))).toEqual(DOMAIN);
  });
});
