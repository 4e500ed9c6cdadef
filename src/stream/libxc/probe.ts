/**
 * Recognises a bare libxc stream: marker and id of its image header. The marker alone is not
 * enough, a legacy PV stream has one too, though later. Source: libxc stream document; DT-1.
 */
import { IMAGE_ID, IMAGE_MARKER_BYTE, IMAGE_MARKER_BYTES } from "../../format/index.js";
import { type Probe, viewOf } from "../magic.js";

/** True if `head` begins with the marker of an image header, whatever follows. */
export function hasImageMarker(head: Uint8Array): boolean {
  if (head.length < IMAGE_MARKER_BYTES) return false;
  return head.subarray(0, IMAGE_MARKER_BYTES).every((byte) => byte === IMAGE_MARKER_BYTE);
}

/** DT-1: the libxc stream. */
export const LIBXC_PROBE: Probe = {
  row: "DT-1",
  name: "libxc",
  matches: (head) =>
    head.length >= IMAGE_MARKER_BYTES + 4 &&
    hasImageMarker(head) &&
    viewOf(head).getUint32(IMAGE_MARKER_BYTES, false) === IMAGE_ID,
};
