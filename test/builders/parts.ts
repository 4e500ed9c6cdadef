/**
 * A stream as a list of parts, headers and records, so that tests can take one out, double it or
 * swap two before the bytes are joined. Framing is the same for libxc and libxl records.
 * Source: libxc-stream section 3, libxl-stream section 2.
 */
import { concat, u32le, zeros } from "./bytes.js";

/** The format a part belongs to. */
export type PartLayer = "xl" | "libxl" | "libxc";

/** A header or a record with all its bytes. */
export interface Part {
  readonly layer: PartLayer;
  /** Record type; null for a header, for bytes behind the end, and for a cut record. */
  readonly type: number | null;
  readonly bytes: Uint8Array;
}

/** What a record may claim that is not so. */
export interface RecordLies {
  /** Claimed body length. */
  readonly length?: number;
  /** Bytes in place of the zero padding. */
  readonly padding?: Uint8Array;
}

/** A body, whole or in the pieces it is made of. */
export type Body = Uint8Array | readonly Uint8Array[];

function framed(type: number, body: Body, lies: RecordLies): Uint8Array {
  const pieces = body instanceof Uint8Array ? [body] : body;
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const padding = lies.padding ?? zeros((8 - (length % 8)) % 8);
  return concat(u32le(type), u32le(lies.length ?? length), ...pieces, padding);
}

/** A record of a libxc stream: type, length, body, zero padding to 8. */
export function libxcRecord(type: number, body: Body = [], lies: RecordLies = {}): Part {
  return { layer: "libxc", type, bytes: framed(type, body, lies) };
}

/** A record of a libxl stream. */
export function libxlRecord(type: number, body: Body = [], lies: RecordLies = {}): Part {
  return { layer: "libxl", type, bytes: framed(type, body, lies) };
}

/** The bytes of a stream. */
export function join(parts: readonly Part[]): Uint8Array {
  return concat(...parts.map((part) => part.bytes));
}

/** Bytes of both headers of a libxc stream. */
export const LIBXC_HEADER_BYTES = 40;

/** Take a sound bare libxc stream apart: its headers as one part, then its records. */
export function splitLibxc(stream: Uint8Array): Part[] {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length);
  const headers = stream.subarray(0, LIBXC_HEADER_BYTES);
  const parts: Part[] = [{ layer: "libxc", type: null, bytes: headers }];
  for (let at = LIBXC_HEADER_BYTES; at < stream.length; ) {
    const type = view.getUint32(at, true);
    const end = at + 8 + Math.ceil(view.getUint32(at + 4, true) / 8) * 8;
    parts.push({ layer: "libxc", type, bytes: stream.subarray(at, end) });
    at = end;
  }
  return parts;
}

/** The parts without those of one type. */
export function without(parts: readonly Part[], type: number): Part[] {
  return parts.filter((part) => part.type !== type);
}

/** The parts with `extra` standing before the first one of a type. */
export function insertBefore(
  parts: readonly Part[],
  type: number,
  ...extra: readonly Part[]
): Part[] {
  const index = parts.findIndex((part) => part.type === type);
  if (index < 0) throw new RangeError(`no part of type ${type}`);
  return [...parts.slice(0, index), ...extra, ...parts.slice(index)];
}

/** The first part of a type. */
export function first(parts: readonly Part[], type: number): Part {
  const part = parts.find((candidate) => candidate.type === type);
  if (part === undefined) throw new RangeError(`no part of type ${type}`);
  return part;
}

/** The parts with the body of the first one of a type changed; its length follows. */
export function withBody(
  parts: readonly Part[],
  type: number,
  change: (body: Uint8Array) => Uint8Array,
): Part[] {
  const old = first(parts, type);
  const length = new DataView(old.bytes.buffer, old.bytes.byteOffset).getUint32(4, true);
  const bytes = framed(type, change(old.bytes.subarray(8, 8 + length)), {});
  return parts.map((part) => (part === old ? { ...old, bytes } : part));
}
