/**
 * What the codec tests share: bytes from hex, places of records, and the rules of faults.
 */
import type { Fault } from "../../src/findings/index.js";
import type { GuestWidth, Layer } from "../../src/format/index.js";
import type { BodyContext } from "../../src/stream/codec.js";

/** Where the records of these tests stand, and their bodies. */
export const RECORD_AT = 1000;
export const BODY_AT = RECORD_AT + 8;

/** Bytes of a text of hex digits; white space is for reading. */
export function bytesOf(hex: string): Uint8Array {
  const digits = hex.replace(/\s/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16),
  );
}

/** Little-endian u32 words as bytes. */
export function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setUint32(index * 4, value, true);
  });
  return bytes;
}

/** Bytes one after another. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The same bytes with one of them set. */
export function withByte(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const changed = bytes.slice();
  changed[offset] = value;
  return changed;
}

/** The same bytes with a u32 set. */
export function withU32(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const changed = bytes.slice();
  new DataView(changed.buffer).setUint32(offset, value, true);
  return changed;
}

/** Context of a record at RECORD_AT. */
export function contextAt(
  recordType: string,
  guestWidth: GuestWidth | null = null,
  layer: Layer = "libxc",
): BodyContext {
  return {
    layer,
    byteOffset: RECORD_AT,
    recordIndex: 3,
    recordType,
    bodyByteOffset: BODY_AT,
    guestWidth,
  };
}

/** Rule, case and place of each fault: `LC-PV-2/long@1000`. */
export function told(faults: readonly Fault[]): string[] {
  return faults.map(({ rule, ruleCase, byteOffset }) => {
    return `${rule}${ruleCase === undefined ? "" : `/${ruleCase}`}@${byteOffset}`;
  });
}
