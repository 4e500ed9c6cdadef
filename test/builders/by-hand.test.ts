/**
 * The vectors written by hand have the hashes of the documents, and the builders make the same
 * bytes. Sources: libxc-stream section 12, libxl-stream section 11.
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { LIBXC_VECTOR, LIBXL_VECTOR, XL_HEADER_VECTOR } from "../fixtures/by-hand.js";
import { contextHeader, contextRecord, hvmContext, qemuState } from "./hvm.js";
import { end, headers, hvmParams, PAGE, pageData, staticDataEnd, tscInfo } from "./libxc.js";
import { emulatorContext, libxlStream, xlHeader } from "./libxl.js";
import { join } from "./parts.js";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const libxc = [
  headers({ xenMinor: 17 }),
  staticDataEnd(),
  pageData([{ pfn: 0, type: PAGE.XTAB }]),
  tscInfo({ incarnation: 0 }),
  hvmContext(Uint8Array.from([...contextHeader(), ...contextRecord(0, 0, new Uint8Array(0))])),
  hvmParams([[34, 0xfc00_a010]]),
  end(),
];

describe("the vectors written by hand", () => {
  it("libxc: 192 bytes with the SHA-256 of the document", () => {
    expect(LIBXC_VECTOR.bytes.length).toBe(192);
    expect(sha256(LIBXC_VECTOR.bytes)).toBe(LIBXC_VECTOR.sha256);
  });

  it("libxl: 256 bytes with the SHA-256 of the document", () => {
    expect(LIBXL_VECTOR.bytes.length).toBe(256);
    expect(sha256(LIBXL_VECTOR.bytes)).toBe(LIBXL_VECTOR.sha256);
  });

  it("xl: a header of 55 bytes with the SHA-256 of the bytes in the document", () => {
    expect(XL_HEADER_VECTOR.bytes.length).toBe(55);
    expect(sha256(XL_HEADER_VECTOR.bytes)).toBe(XL_HEADER_VECTOR.sha256);
  });
});

describe("the builders", () => {
  it("make the libxc vector byte for byte", () => {
    expect(join(libxc)).toEqual(LIBXC_VECTOR.bytes);
  });

  it("make the libxl vector byte for byte", () => {
    expect(join(libxlStream(libxc, [emulatorContext(qemuState())]))).toEqual(LIBXL_VECTOR.bytes);
  });

  it("make the xl header byte for byte", () => {
    expect(xlHeader().bytes).toEqual(XL_HEADER_VECTOR.bytes);
  });
});
