/**
 * Reads the records of a libxc stream one by one: numbers their headers, gives their batches and
 * bodies. What follows what, and which records are given at all, is reader.ts's.
 * Source: libxc stream document, records; LC-REC-4..6.
 */
import { CapacityError, type Limits, StreamError } from "../../findings/index.js";
import {
  REC_TYPE_PAGE_DATA,
  RECORD_BODY_MAX,
  RECORD_HEADER_BYTES,
  RECORD_NAMES,
} from "../../format/index.js";
import { cutError, paddingFault, passBody, readBody, typeName } from "../framing.js";
import type { Job, Reader, RecordHead } from "../protocol.js";
import { readBatch } from "./batch.js";
import { ReadAhead } from "./read-ahead.js";

/** A header that can be read on from, or why not and how much of it is there. */
export type HeadRead =
  | { readonly head: RecordHead }
  | { readonly broken: StreamError; readonly present: number };

/** The records of one stream, in any order: a caller may go back. */
export class LibxcRecordReader {
  readonly #limits: Limits;
  readonly #ahead = new ReadAhead();
  /** Index that the next header gets; to be set where the caller goes back. */
  nextIndex = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Read and number the next record header; broken where no record can be read. */
  *next(byteOffset: number): Job<HeadRead> {
    const ahead = this.#ahead;
    if (ahead.presentAt(byteOffset) < RECORD_HEADER_BYTES) {
      ahead.got(yield ahead.request(byteOffset, RECORD_HEADER_BYTES));
    }
    return this.#headAt(byteOffset);
  }

  #headAt(byteOffset: number): HeadRead {
    const ahead = this.#ahead;
    const present = ahead.presentAt(byteOffset);
    const place = { layer: "libxc", byteOffset, recordIndex: this.nextIndex } as const;
    if (present < RECORD_HEADER_BYTES) {
      const message =
        present === 0
          ? "The stream ends where a record should begin: there is no END record."
          : "The stream ends inside a record header.";
      const actual = `${present} bytes`;
      const text = { message, expected: "8 bytes", actual, field: null };
      const fault = { ...place, rule: "LC-REC-5", ...text };
      return { broken: new StreamError(fault), present };
    }
    const type = ahead.u32At(byteOffset);
    const bodyBytes = ahead.u32At(byteOffset + 4);
    const name = typeName(RECORD_NAMES, type);
    if (bodyBytes > RECORD_BODY_MAX) {
      const fault = {
        ...place,
        rule: "LC-REC-4",
        recordType: name,
        expected: `at most ${RECORD_BODY_MAX} bytes`,
        actual: `${bodyBytes} bytes`,
      };
      return { broken: new StreamError(fault), present: RECORD_HEADER_BYTES };
    }
    const recordIndex = this.nextIndex;
    this.nextIndex += 1;
    return { head: { layer: "libxc", recordIndex, type, name, byteOffset, bodyBytes } };
  }

  /** Give a PAGE_DATA record: no generator of its own, for most records are one. */
  batch(head: RecordHead): Reader<void> {
    return readBatch(head, this.#ahead);
  }

  /**
   * Give one record to the consumer: its batch, its body, or its head where the body is no use.
   *
   * @throws {CapacityError} a body of a known type goes past `limits.maxMetadataBytes`
   */
  *give(head: RecordHead): Reader<void> {
    if (head.type === REC_TYPE_PAGE_DATA) return yield* this.batch(head);
    const known = RECORD_NAMES[head.type] !== undefined;
    if (!known || head.bodyBytes > this.#limits.maxMetadataBytes) {
      const paddingZero = yield* passBody(head);
      if (paddingZero === null) throw cutError(head, "LC-REC-5");
      // Without its body nobody can say what a restorer makes of it, so there is no verdict.
      if (known) throw this.#tooLarge(head);
      if (!paddingZero) yield { event: "fault", fault: paddingFault(head, "LC-REC-6") };
      yield { event: "record", head, body: null };
      return;
    }
    const read = yield* readBody(head);
    if (read.kind === "cut") throw cutError(head, "LC-REC-5", read.present);
    if (!read.paddingZero) yield { event: "fault", fault: paddingFault(head, "LC-REC-6") };
    yield { event: "record", head, body: read.body };
  }

  #tooLarge({ name, bodyBytes }: RecordHead): CapacityError {
    return new CapacityError(
      `The body of ${name}, ${bodyBytes} bytes, is larger than may be held.`,
      {
        limit: "maxMetadataBytes",
        asked: bodyBytes,
        option: "maxMetadataBytes",
      },
    );
  }
}
