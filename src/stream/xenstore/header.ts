/**
 * The header of a Xenstore stream: ident, decode, encode. Rules about it are judged by the reader,
 * since they decide whether there is anything to read. Source: Xenstore migration document.
 *
 *   ident "xenstore" | version u32 BE | flags u32 BE (bit 0: bodies are big-endian)
 */
import {
  XENSTORE_FLAG_BIG_ENDIAN,
  XENSTORE_HEADER_BYTES,
  XENSTORE_IDENT,
  XENSTORE_IDENT_BYTES,
  type XenstoreByteOrder,
  type XenstoreHeader,
} from "../../format/index.js";
import type { HeaderEvent } from "../protocol.js";
import { byteText, putText } from "./codec/bytes.js";

/** True if `start`, the first bytes of a header, is the ident of a Xenstore stream. */
export function hasXenstoreIdent(start: Uint8Array): boolean {
  return byteText(start.subarray(0, XENSTORE_IDENT_BYTES)) === XENSTORE_IDENT;
}

/** Decode a header. @param bytes  16 bytes whose ident was checked */
export function decodeXenstoreHeader(bytes: Uint8Array): XenstoreHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, XENSTORE_HEADER_BYTES);
  const flags = view.getUint32(12);
  const bigEndian = (flags & XENSTORE_FLAG_BIG_ENDIAN) !== 0;
  return { version: view.getUint32(8), flags, byteOrder: bigEndian ? "big" : "little" };
}

/**
 * Encode a header with no flag but the byte order's.
 *
 * @returns 16 bytes, owned by the caller
 */
export function encodeXenstoreHeader(version: number, order: XenstoreByteOrder): Uint8Array {
  const bytes = new Uint8Array(XENSTORE_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  putText(bytes, 0, XENSTORE_IDENT);
  view.setUint32(8, version);
  view.setUint32(12, order === "big" ? XENSTORE_FLAG_BIG_ENDIAN : 0);
  return bytes;
}

/** The header as the reader's header event tells it; null if the event is another layer's. */
export function xenstoreHeaderOf(event: HeaderEvent): XenstoreHeader | null {
  const { version, flags, byteOrder } = event.fields;
  if (event.layer !== "xenstore" || typeof version !== "number" || typeof flags !== "number") {
    return null;
  }
  return { version, flags, byteOrder: byteOrder === "big" ? "big" : "little" };
}
