/**
 * An uncompressed XSAVE area for inspection, as a PV vcpu record and an HVM context hold it.
 * Source: Intel SDM volume 1, chapter 13 (facts).
 */
import { hex } from "../findings/index.js";
import { XSAVE_HEADER_BYTES, XSAVE_LEGACY_BYTES } from "../format/index.js";
import { hexOfBytes, readU64 } from "./bytes.js";
import { printedIfAny } from "./print.js";

/** Legacy part, header words, components. An area that is too short prints what is there. */
export function xsaveAreaJson(area: Uint8Array): Record<string, unknown> {
  const componentsOffset = XSAVE_LEGACY_BYTES + XSAVE_HEADER_BYTES;
  const header = area.subarray(XSAVE_LEGACY_BYTES, componentsOffset);
  const words = { xstate_bv: hex(readU64(header, 0)), xcomp_bv: hex(readU64(header, 8)) };
  return {
    area_bytes: area.length,
    legacy: hexOfBytes(area.subarray(0, XSAVE_LEGACY_BYTES)),
    ...(header.length === XSAVE_HEADER_BYTES ? words : {}),
    ...printedIfAny("components", area.subarray(componentsOffset)),
  };
}
