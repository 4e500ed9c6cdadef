/**
 * What the parts of the legacy reader share while one stream is read: position, shape, limits, and
 * the numbering of the libxc records that it is put in terms of. Not a reader itself.
 * Source: legacy specification page, §8.
 */
import { type Fault, type FieldSpan, type Limits, StreamError } from "../../findings/index.js";
import { RECORD_BODY_MAX, RECORD_NAMES } from "../../format/index.js";
import { Cursor } from "../cursor.js";
import type { Wrapper } from "../nested.js";
import type { FaultEvent, HeaderEvent, Job, Reader, RecordHead } from "../protocol.js";
import type { LegacyShape } from "./probe.js";

export interface LegacyOptions {
  /** Toolstack width and kind of guest, as detected, told by the user or set by the container. */
  readonly shape: LegacyShape;
  /** What the stream stands in; null for a bare one. Decides which QEMU records may end it. */
  readonly wrapper: Wrapper | null;
  readonly limits: Limits;
}

/** Where a record's bytes stand in the legacy stream. */
export interface RecordSource {
  readonly byteOffset: number;
  /** Of what becomes the body's first byte, if the body is there as it is. */
  readonly bodyByteOffset?: number;
  /** Of the field at `offset` of the body, if the fields do not stand there one after another. */
  readonly fieldByteOffset?: (offset: number) => number;
}

/** One stream's state. */
export class LegacySession {
  /** Of the stream's first byte: p2m_size. */
  readonly byteOffset: number;
  readonly cursor: Cursor;
  readonly shape: LegacyShape;
  readonly wrapper: Wrapper | null;
  readonly limits: Limits;
  /** Bytes of an UL. */
  readonly ulongBytes: 4 | 8;
  #recordIndex = 0;

  constructor(byteOffset: number, options: LegacyOptions) {
    this.byteOffset = byteOffset;
    this.cursor = new Cursor(byteOffset, "the header", { layer: "legacy", rule: "LG-CH-10" });
    this.shape = options.shape;
    this.wrapper = options.wrapper;
    this.limits = options.limits;
    this.ulongBytes = options.shape.width === 64 ? 8 : 4;
  }

  /** Number a record and describe it as the libxc record that it becomes. */
  head(type: number, source: RecordSource, bodyBytes: number): RecordHead {
    const recordIndex = this.#recordIndex;
    this.#recordIndex += 1;
    const name = RECORD_NAMES[type] ?? "";
    return { layer: "legacy", recordIndex, type, name, bodyBytes, ...source };
  }

  /** Tell of a structure that was read, from `byteOffset` up to here. */
  header(
    name: string,
    fields: HeaderEvent["fields"],
    byteOffset = this.cursor.startByteOffset,
  ): HeaderEvent {
    const bytes = this.cursor.byteOffset - byteOffset;
    return { event: "header", layer: "legacy", name, byteOffset, bytes, fields };
  }

  /** Give a record whose body is at hand. */
  *record(type: number, source: RecordSource, body: Uint8Array): Reader<void> {
    const head = this.head(type, source, body.length);
    yield { event: "record", head, body };
  }

  /**
   * Give a record whose body is `prefix`, then the next `bytes` bytes of the stream. One that is
   * longer than `maxMetadataBytes` is passed over and has no body.
   *
   * @param byteOffset   of what the record is made from
   * @param lengthField  what told `bytes`, counted from there; left out where the kind of guest did
   * @throws {StreamError} LC-REC-4 where no libxc record can be so long, LG-CH-10 where it is cut
   */
  *verbatim(
    type: number,
    byteOffset: number,
    prefix: Uint8Array,
    bytes: number,
    lengthField?: FieldSpan,
  ): Reader<void> {
    const { cursor } = this;
    const bodyByteOffset = cursor.byteOffset - prefix.length;
    const bodyBytes = prefix.length + bytes;
    const told = lengthField === undefined ? {} : { lengthField };
    const head = { ...this.head(type, { byteOffset, bodyByteOffset }, bodyBytes), ...told };
    if (bodyBytes > RECORD_BODY_MAX) {
      throw new StreamError({
        layer: "legacy",
        rule: "LC-REC-4",
        byteOffset,
        recordIndex: head.recordIndex,
        recordType: head.name,
        expected: `at most ${RECORD_BODY_MAX} bytes`,
        actual: `${bodyBytes} bytes`,
        field: lengthField ?? null,
      });
    }
    let body: Uint8Array | null = null;
    if (bodyBytes > this.limits.maxMetadataBytes) yield* cursor.pass(bytes);
    else body = joined(prefix, yield* cursor.bytes(bytes));
    yield { event: "record", head, body };
  }

  /** A fault of this layer, where the structure that is being read begins unless said otherwise. */
  fault(breach: Pick<Fault, "rule"> & Partial<Fault>): FaultEvent {
    const byteOffset = this.cursor.startByteOffset;
    return { event: "fault", fault: { layer: "legacy", byteOffset, ...breach } };
  }

  /** The same, where nothing can be read behind it. */
  broken(breach: Pick<Fault, "rule"> & Partial<Fault>): StreamError {
    return new StreamError(this.fault(breach).fault);
  }

  /** An UL as a number; above 2^53 it is rounded, which no use of it minds. */
  *ulong(): Job<number> {
    const view = yield* this.cursor.view(this.ulongBytes);
    const low = view.getUint32(0, true);
    return this.ulongBytes === 4 ? low : low + view.getUint32(4, true) * 2 ** 32;
  }
}

function joined(prefix: Uint8Array, rest: Uint8Array): Uint8Array {
  if (prefix.length === 0) return rest;
  const whole = new Uint8Array(prefix.length + rest.length);
  whole.set(prefix);
  whole.set(rest, prefix.length);
  return whole;
}
