/**
 * Record framing shared by the libxc and libxl streams: an 8-byte header, a body, zero padding to 8.
 * What the types mean is not known here. Source: both stream documents, record format.
 */
import { type Fault, StreamError } from "../findings/index.js";
import type { Layer } from "../format/index.js";
import type { Job, RecordHead } from "./protocol.js";
import { readBytes, readInto, roundUp8, skipBytes } from "./requests.js";

const HEADER_BYTES = 8;

/** What stands where a record header should: a header, the end of the input, or part of one. */
export type HeaderRead =
  | { readonly kind: "header"; readonly type: number; readonly bodyBytes: number }
  | { readonly kind: "cut"; readonly present: number };

/** A body with its padding checked, or how much of it is there. */
export type BodyRead =
  | { readonly kind: "whole"; readonly body: Uint8Array; readonly paddingZero: boolean }
  | { readonly kind: "cut"; readonly present: number };

/** Read the record header at `byteOffset`. The scratch buffer is this call's own. */
export function* readRecordHeader(byteOffset: number): Job<HeaderRead> {
  const bytes = new Uint8Array(HEADER_BYTES);
  const present = yield* readInto(byteOffset, bytes);
  if (present < HEADER_BYTES) return { kind: "cut", present };
  const view = new DataView(bytes.buffer);
  return { kind: "header", type: view.getUint32(0, true), bodyBytes: view.getUint32(4, true) };
}

/** Offset of the body of a record. */
export function bodyOffset(head: RecordHead): number {
  return head.bodyByteOffset ?? head.byteOffset + HEADER_BYTES;
}

/** Offset of the record after this one. */
export function nextOffset(head: RecordHead): number {
  return bodyOffset(head) + roundUp8(head.bodyBytes);
}

/** Read body and padding of a record into memory of their own. */
export function* readBody(head: RecordHead): Job<BodyRead> {
  const framedBytes = roundUp8(head.bodyBytes);
  const framed = yield* readBytes(bodyOffset(head), framedBytes);
  if (framed.length < framedBytes) return { kind: "cut", present: framed.length };
  const padding = framed.subarray(head.bodyBytes);
  return {
    kind: "whole",
    body: framed.subarray(0, head.bodyBytes),
    paddingZero: padding.every((byte) => byte === 0),
  };
}

/** Pass over body and padding of a record. Returns true if all of it is there. */
export function* skipBody(head: RecordHead): Job<boolean> {
  const framedBytes = roundUp8(head.bodyBytes);
  return (yield* skipBytes(bodyOffset(head), framedBytes)) === framedBytes;
}

/**
 * Pass over the body of a record and read its padding.
 *
 * @returns whether the padding is zero; null if body or padding is not all there
 */
export function* passBody(head: RecordHead): Job<boolean | null> {
  const padding = new Uint8Array(roundUp8(head.bodyBytes) - head.bodyBytes);
  const at = bodyOffset(head);
  if ((yield* skipBytes(at, head.bodyBytes)) < head.bodyBytes) return null;
  if ((yield* readInto(at + head.bodyBytes, padding)) < padding.length) return null;
  return padding.every((byte) => byte === 0);
}

/** Place of a record, as findings give it. */
export function placeOf(head: RecordHead): {
  layer: Layer;
  byteOffset: number;
  recordIndex: number;
  recordType: string;
} {
  return {
    layer: head.layer,
    byteOffset: head.byteOffset,
    recordIndex: head.recordIndex,
    recordType: head.name,
  };
}

/** The fault of a record whose padding is not zero. */
export function paddingFault(head: RecordHead, rule: string): Fault {
  const bytes = roundUp8(head.bodyBytes) - head.bodyBytes;
  return {
    ...placeOf(head),
    field: { at: 0, bytes },
    rule,
    byteOffset: bodyOffset(head) + head.bodyBytes,
    expected: "zero padding",
    actual: "other bytes",
  };
}

/** A type number as hex, for types without a name. */
export function typeName(names: readonly string[], type: number): string {
  return names[type] ?? `0x${type.toString(16).padStart(8, "0")}`;
}

/** The input ends inside the body or padding of a record: framing is lost. */
export function cutError(head: RecordHead, rule: string, present?: number): StreamError {
  return new StreamError({
    ...placeOf(head),
    rule,
    message: "The stream ends inside this record.",
    expected: `${roundUp8(head.bodyBytes)} bytes of body and padding`,
    ...(present === undefined ? {} : { actual: `${present} bytes` }),
  });
}
