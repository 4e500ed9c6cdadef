/**
 * What every codec has in common: the decoded form with its faults, where a body stands, and how
 * faults are placed. Codecs are pure: bytes in, values and faults out. They judge what the bytes
 * alone decide; order and state are the restorer's business.
 *
 * A fault of length points to the record's header, one of a field to the field, one of an entry to
 * the entry.
 */
import {
  counted,
  type Fault,
  type FieldSpan,
  type Place,
  RECORD_LENGTH,
} from "../findings/index.js";
import type { GuestWidth, Layer } from "../format/index.js";
import { bodyOffset } from "./framing.js";
import type { RecordHead } from "./protocol.js";

/** What decoding gives: the value, null where the bytes do not frame, and all faults seen. */
export interface Decoded<V> {
  readonly value: V | null;
  readonly faults: readonly Fault[];
}

/**
 * Decodes and encodes one kind of body. For every body whose value is not null, encode(value)
 * gives the same bytes again: reserved words, surplus and unknown bytes stay in the value.
 */
export interface RecordCodec<V> {
  /** Lengths that are not refused by themselves; what a body says may narrow them further. */
  readonly sizes: BodySizes;
  /** Faults of the length alone: all that can be said of a body that was passed over. */
  lengthFaults(bodyBytes: number, context: BodyContext): Fault[];
  /** Cheap: entries and blobs are views of `body`, which the value keeps. */
  decode(body: Uint8Array, context: BodyContext): Decoded<V>;
  /** The body in memory of its own, without padding. */
  encode(value: V): Uint8Array;
  /** All that the body says, for inspection: JSON-able, with the names of the standard. */
  interpret(value: V, context: BodyContext): Record<string, unknown>;
}

/**
 * Decode a body and say all that it says, JSON-able: for inspection.
 *
 * @returns null for a body that does not frame
 */
export function interpretBody<V>(
  codec: RecordCodec<V>,
  body: Uint8Array,
  context: BodyContext,
): Record<string, unknown> | null {
  const { value } = codec.decode(body, context);
  return value === null ? null : codec.interpret(value, context);
}

/** What decoding a header gives. The caller has seen to it that all its bytes are there. */
export interface DecodedHeader<V> {
  readonly value: V;
  readonly faults: readonly Fault[];
  /** Nothing behind this header can be read; the last fault says why. */
  readonly fatal: boolean;
}

/** A record's place, where its body stands, and what the stream has said that bodies depend on. */
export interface BodyContext extends Place {
  /** Of the body's first byte, in the decompressed input. */
  readonly bodyByteOffset: number;
  /** From X86_PV_INFO; absent or null before it, and in an HVM stream. */
  readonly guestWidth?: GuestWidth | null | undefined;
  /** What tells the body's length, from the record's place; absent where its header does. */
  readonly lengthField?: FieldSpan | undefined;
  /** As in the record's head. */
  readonly fieldByteOffset?: ((offset: number) => number) | undefined;
}

/** The context of a record. */
export function bodyContext(head: RecordHead, guestWidth: GuestWidth | null = null): BodyContext {
  // Written out: made for each record, of which a stream may have millions.
  return {
    layer: head.layer,
    byteOffset: head.byteOffset,
    recordIndex: head.recordIndex,
    recordType: head.name,
    bodyByteOffset: bodyOffset(head),
    guestWidth,
    lengthField: head.lengthField,
    fieldByteOffset: head.fieldByteOffset,
  };
}

/** What a fault says beyond its rule and place. */
export type FaultText = Pick<Fault, "ruleCase" | "message" | "expected" | "actual" | "field">;

/** A fault of the whole record, or of its length: it points to the header. */
export function recordFault(context: BodyContext, rule: string, text: FaultText = {}): Fault {
  return { rule, ...placeAt(context, context.byteOffset), ...text };
}

/** A fault of a field, `offset` bytes into the body. */
export function fieldFault(
  context: BodyContext,
  rule: string,
  offset: number,
  text: FaultText = {},
): Fault {
  const byteOffset = context.fieldByteOffset?.(offset) ?? context.bodyByteOffset + offset;
  return { rule, ...placeAt(context, byteOffset), ...text };
}

/** A fault of entry `entryIndex`, which stands `offset` bytes into the body. */
export function entryFault(
  context: BodyContext,
  rule: string,
  offset: number,
  entryIndex: number,
  text: FaultText = {},
): Fault {
  return { rule, ...placeAt(context, context.bodyByteOffset + offset), entryIndex, ...text };
}

/** Builds the faults of one header, each at a field's offset. */
export type HeaderFault = (rule: string, offset: number, text?: FaultText) => Fault;

/** Faults of a header of `layer` that stands at `byteOffset`. */
export function headerFaults(layer: Layer, byteOffset: number): HeaderFault {
  return (rule, offset, text = {}) => ({ rule, layer, byteOffset: byteOffset + offset, ...text });
}

// The context without what only codecs need: a fault has no such fields.
function placeAt(context: BodyContext, byteOffset: number): Place {
  const { layer, recordIndex, recordType } = context;
  return { layer, byteOffset, recordIndex, recordType };
}

/** Lengths that a body may have: `min` plus a multiple of `unit`, up to `max` (null: any). */
export interface BodySizes {
  readonly min: number;
  readonly max: number | null;
  readonly unit: number;
}

/** Bodies of one length. */
export function exactly(bytes: number): BodySizes {
  return { min: bytes, max: bytes, unit: 1 };
}

/** Bodies of `min` bytes or more, in steps of `unit`. */
export function atLeast(min: number, unit = 1): BodySizes {
  return { min, max: null, unit };
}

/** Bodies of any length. */
export const ANY_SIZE: BodySizes = { min: 0, max: null, unit: 1 };

/** The fault of a body whose length is none of `sizes`; none if it is one. */
export function sizeFaults(
  sizes: BodySizes,
  rule: string,
  bodyBytes: number,
  context: BodyContext,
  text: FaultText = {},
): Fault[] {
  const { min, max, unit } = sizes;
  const fits =
    bodyBytes >= min && (max === null || bodyBytes <= max) && (bodyBytes - min) % unit === 0;
  if (fits) return [];
  const expected = sizesText(sizes);
  const actual = counted(bodyBytes, "byte");
  const field = context.lengthField ?? RECORD_LENGTH;
  return [recordFault(context, rule, { expected, actual, field, ...text })];
}

function sizesText({ min, max, unit }: BodySizes): string {
  if (max === min) return counted(min, "byte");
  const steps = unit === 1 ? "" : `, in steps of ${unit}`;
  if (max === null) return `at least ${counted(min, "byte")}${steps}`;
  return `${min} to ${counted(max, "byte")}${steps}`;
}
