/**
 * The small parts that all codecs of Xenstore bodies share: views, byte text, and the shape of a
 * body that is too short. No knowledge of any record.
 */
import type {
  XenstoreByteOrder,
  XenstoreKnownNames,
  XenstoreMalformed,
} from "../../../format/index.js";

/** Characters made per call: stays far below what an argument list may hold. */
const TEXT_STEP = 4096;

/** A body under decoding or encoding: its bytes, a view of them, and the view's byte order. */
export interface Body {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly little: boolean;
}

/** Wrap a body; `bytes` are not copied. */
export function bodyOf(bytes: Uint8Array, byteOrder: XenstoreByteOrder): Body {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { bytes, view, little: byteOrder === "little" };
}

/** A zeroed body of its own. */
export function newBody(bodyBytes: number, byteOrder: XenstoreByteOrder): Body {
  return bodyOf(new Uint8Array(bodyBytes), byteOrder);
}

/** Byte text: one character (0..0xff) per byte, so that every byte survives. */
export function byteText(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += TEXT_STEP) {
    text += String.fromCharCode(...bytes.subarray(at, at + TEXT_STEP));
  }
  return text;
}

/** Store byte text at `at`; the inverse of {@link byteText}. */
export function putText(into: Uint8Array, at: number, text: string): void {
  for (let index = 0; index < text.length; index++) into[at + index] = text.charCodeAt(index);
}

/** A body that is shorter than its own lengths promise. */
export function tooShort(
  rule: string,
  body: Uint8Array,
  neededBytes: number,
  known: XenstoreKnownNames = {},
): XenstoreMalformed {
  return {
    kind: "malformed",
    rule,
    message: "The record is too short for the lengths that it holds.",
    expected: `a body of at least ${neededBytes} bytes`,
    actual: `${body.length} bytes`,
    known,
    body,
  };
}
