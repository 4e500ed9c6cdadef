/**
 * WATCH_DATA and WATCH_DATA_EXTENDED bodies, the latter in the document's form and in the shifted
 * forms that xenstored has in its place (XS-WEX-3). Decoding checks bounds and, to tell the forms
 * apart, where the strings end. Source: Xenstore migration document; Xen's C xenstored (facts).
 *
 *   WATCH_DATA           conn-id u32 | wpath-len u16 P | token-len u16 T | wpath | token
 *   WATCH_DATA_EXTENDED  conn-id u32 | P u16 | T u16 | depth u16 | pad u16 | wpath | token
 *     form 10            conn-id u32 | P u16 | T u16 | depth u16 | wpath | token
 *     form 8             conn-id u32 | P u16 | T u16 | wpath | token
 *
 * P and T count the NUL of their string. xenstored writes form 8 with the len of form 12, so that
 * with (P + T) mod 8 in 0, 5, 6, 7 the next record begins 8 bytes before where len says.
 */
import {
  XENSTORE_WPATH_BYTES_MIN,
  type XenstoreByteOrder,
  type XenstoreMalformed,
  type XenstoreWatchData,
  type XenstoreWatchDataExtended,
  type XenstoreWatchForm,
} from "../../../format/index.js";
import { roundUp8 } from "../../requests.js";
import { type Body, bodyOf, byteText, newBody, putText, tooShort } from "./bytes.js";

const HEAD_BYTES = 8;
const EXTENDED_BYTES = 12;
/** In the order in which they are tried. */
const FORMS: readonly XenstoreWatchForm[] = [12, 10, 8];

/** By how much the short form 8 falls short of its len. */
export const SHORT_FORM_BYTES = 8;

/** @returns the decoded body, or what is wrong with its length (XS-WAT-2) */
export function decodeWatchData(body: Body): XenstoreWatchData | XenstoreMalformed {
  const { bytes, view, little } = body;
  if (bytes.length < HEAD_BYTES) {
    const known = bytes.length < 4 ? {} : { connId: view.getUint32(0, little) };
    return tooShort("XS-WAT-2", bytes, HEAD_BYTES, known);
  }
  const connId = view.getUint32(0, little);
  const wpathEnd = HEAD_BYTES + view.getUint16(4, little);
  const tokenEnd = wpathEnd + view.getUint16(6, little);
  if (bytes.length < tokenEnd) return tooShort("XS-WAT-2", bytes, tokenEnd, { connId });
  return {
    kind: "WATCH_DATA",
    connId,
    wpath: byteText(bytes.subarray(HEAD_BYTES, wpathEnd)),
    token: byteText(bytes.subarray(wpathEnd, tokenEnd)),
    surplus: bytes.subarray(tokenEnd),
  };
}

/** The inverse of {@link decodeWatchData}. */
export function encodeWatchData(data: XenstoreWatchData, order: XenstoreByteOrder): Uint8Array {
  return encodeStrings(data, HEAD_BYTES, order).bytes;
}

/** True if both strings stand at `form` and end in their only NUL. */
function stringsCheckOut(body: Body, form: XenstoreWatchForm): boolean {
  const { bytes, view, little } = body;
  const wpathBytes = view.getUint16(4, little);
  const tokenBytes = view.getUint16(6, little);
  const tokenAt = form + wpathBytes;
  const end = tokenAt + tokenBytes;
  return (
    wpathBytes >= XENSTORE_WPATH_BYTES_MIN &&
    tokenBytes >= 1 &&
    end <= bytes.length &&
    bytes.indexOf(0, form) === tokenAt - 1 &&
    bytes.indexOf(0, tokenAt) === end - 1
  );
}

/**
 * Whether a WATCH_DATA_EXTENDED can be one that xenstored wrote 8 bytes shorter than its len. Only
 * what follows it can tell for sure.
 *
 * @param front  the body without the last 8 bytes that its len promises
 */
export function mayBeShortForm(front: Uint8Array, order: XenstoreByteOrder): boolean {
  if (front.length < HEAD_BYTES) return false;
  const body = bodyOf(front, order);
  const stringBytes = body.view.getUint16(4, body.little) + body.view.getUint16(6, body.little);
  return (
    front.length === roundUp8(HEAD_BYTES + stringBytes) &&
    front.length + SHORT_FORM_BYTES === roundUp8(EXTENDED_BYTES + stringBytes) &&
    stringsCheckOut(body, 8)
  );
}

/**
 * @param bodyBytes  the record's len: 8 more than the body holds where it was found short
 * @returns the decoded body, or what is wrong with its length (XS-WAT-2 by XS-WEX-4)
 */
export function decodeWatchDataExtended(
  body: Body,
  bodyBytes: number,
): XenstoreWatchDataExtended | XenstoreMalformed {
  const { bytes, view, little } = body;
  if (bytes.length < HEAD_BYTES) {
    const known = bytes.length < 4 ? {} : { connId: view.getUint32(0, little) };
    return tooShort("XS-WAT-2", bytes, EXTENDED_BYTES, known);
  }
  const connId = view.getUint32(0, little);
  const wpathBytes = view.getUint16(4, little);
  const stringBytes = wpathBytes + view.getUint16(6, little);
  // Strings that check out nowhere are read where the document puts them.
  const form = FORMS.find((one) => stringsCheckOut(body, one)) ?? EXTENDED_BYTES;
  const end = form + stringBytes;
  if (bytes.length < end) return tooShort("XS-WAT-2", bytes, end, { connId });
  return {
    kind: "WATCH_DATA_EXTENDED",
    connId,
    wpath: byteText(bytes.subarray(form, form + wpathBytes)),
    token: byteText(bytes.subarray(form + wpathBytes, end)),
    form,
    depth: form === 8 ? null : view.getUint16(8, little),
    pad: form === EXTENDED_BYTES ? view.getUint16(10, little) : null,
    shortLength: bytes.length < bodyBytes,
    surplus: bytes.subarray(end),
  };
}

/** The inverse of {@link decodeWatchDataExtended}: the same form again. */
export function encodeWatchDataExtended(
  data: XenstoreWatchDataExtended,
  order: XenstoreByteOrder,
): Uint8Array {
  const body = encodeStrings(data, data.form, order);
  if (data.depth !== null) body.view.setUint16(8, data.depth, body.little);
  if (data.pad !== null) body.view.setUint16(10, data.pad, body.little);
  return body.bytes;
}

function encodeStrings(
  data: XenstoreWatchData | XenstoreWatchDataExtended,
  stringsAt: number,
  order: XenstoreByteOrder,
): Body {
  const tokenAt = stringsAt + data.wpath.length;
  const end = tokenAt + data.token.length;
  const body = newBody(end + data.surplus.length, order);
  body.view.setUint32(0, data.connId, body.little);
  body.view.setUint16(4, data.wpath.length, body.little);
  body.view.setUint16(6, data.token.length, body.little);
  putText(body.bytes, stringsAt, data.wpath);
  putText(body.bytes, tokenAt, data.token);
  body.bytes.set(data.surplus, end);
  return body;
}
