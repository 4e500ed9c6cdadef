/**
 * An uncompressed XSAVE area for inspection, as a PV vcpu record and an HVM context hold it.
 * Source: Intel SDM volume 1, chapter 13 (facts).
 */
import { hex } from "../findings/index.js";
import { XSAVE_HEADER_BYTES, XSAVE_LEGACY_BYTES } from "../format/index.js";
import { hexOfBytes, readU64 } from "./bytes.js";
import { printedIfAny, printedIfUsed } from "./print.js";

const U64_BYTES = 8;

/** Legacy part, header words, components. An area that is too short prints what is there. */
export function xsaveAreaJson(area: Uint8Array): Record<string, unknown> {
  const componentsOffset = XSAVE_LEGACY_BYTES + XSAVE_HEADER_BYTES;
  const header = area.subarray(XSAVE_LEGACY_BYTES, componentsOffset);
  return {
    area_bytes: area.length,
    legacy: hexOfBytes(area.subarray(0, XSAVE_LEGACY_BYTES)),
    ...(header.length === XSAVE_HEADER_BYTES ? headerJson(header) : printedIfAny("header", header)),
    ...printedIfAny("components", area.subarray(componentsOffset)),
  };
}

function headerJson(header: Uint8Array): Record<string, unknown> {
  return {
    xstate_bv: hex(readU64(header, 0)),
    xcomp_bv: hex(readU64(header, 8)),
    ...printedIfUsed("reserved", header.subarray(2 * U64_BYTES)),
  };
}
