/**
 * Where the bodies of a Xenstore stream begin and end, by both readings of `len` (XS-REC-1) and
 * for the records that xenstored writes 8 bytes too short (XS-WEX-3). Jobs of the reader: bodies
 * are read here, not decoded. Source: Xenstore migration document; Xen's C xenstored (facts).
 */
import { CapacityError, type Fault, type Limits, StreamError } from "../../findings/index.js";
import {
  XENSTORE_FIXED_BYTES,
  XENSTORE_REC_TYPE_END,
  XENSTORE_REC_TYPE_WATCH_DATA_EXTENDED,
  XENSTORE_RECORD_ALIGN,
  XENSTORE_RECORD_HEADER_BYTES,
  XENSTORE_RECORD_NAMES,
  type XenstoreByteOrder,
} from "../../format/index.js";
import { bodyOffset, placeOf } from "../framing.js";
import type { Job, RecordHead } from "../protocol.js";
import { readBytes, readInto, roundUp8, skipBytes } from "../requests.js";
import { mayBeShortForm, SHORT_FORM_BYTES } from "./codec/watch.js";

const NOTHING = new Uint8Array(0);

/** A body as it was read. */
export interface FramedBody {
  /** Null where it was passed over. Owned by whoever takes it. */
  readonly body: Uint8Array | null;
  /** Bytes behind the body that its len does not count. */
  readonly padding: Uint8Array;
  /** Where the next record begins. */
  readonly nextOffset: number;
}

function cut(head: RecordHead, presentBytes: number): StreamError {
  const fault: Fault = {
    rule: "XS-REC-7",
    ...placeOf(head),
    message: "The input ends inside the record.",
    expected: `a body of ${head.bodyBytes} bytes`,
    actual: `${presentBytes} bytes`,
  };
  return new StreamError(fault);
}

/**
 * Read a record's body and the padding behind it. Memory grows only as bytes really arrive.
 *
 * @throws {StreamError} XS-REC-7: the input ends inside the body
 * @throws {CapacityError} a body of a known type goes past `limits.maxMetadataBytes`
 */
export function* readBody(
  head: RecordHead,
  order: XenstoreByteOrder,
  limits: Limits,
): Job<FramedBody> {
  if (head.bodyBytes > limits.maxMetadataBytes) return yield* passOver(head);
  if (head.type === XENSTORE_REC_TYPE_WATCH_DATA_EXTENDED && mayEndEarly(head)) {
    return yield* readExtendedWatch(head, order, limits);
  }
  const bodyAt = bodyOffset(head);
  const bytes = yield* readBytes(bodyAt, roundUp8(head.bodyBytes));
  if (bytes.length < head.bodyBytes) throw cut(head, bytes.length);
  return {
    body: bytes.subarray(0, head.bodyBytes),
    padding: bytes.subarray(head.bodyBytes),
    nextOffset: bodyAt + bytes.length,
  };
}

function* passOver(head: RecordHead): Job<FramedBody> {
  const bodyAt = bodyOffset(head);
  const present = yield* skipBytes(bodyAt, roundUp8(head.bodyBytes));
  // A length is a claim: only bytes that are there can be too many for us.
  if (present < head.bodyBytes) throw cut(head, present);
  if (head.type < XENSTORE_RECORD_NAMES.length) {
    throw new CapacityError(`A ${head.name} record of ${head.bodyBytes} bytes is too large.`, {
      limit: "maxMetadataBytes",
      asked: head.bodyBytes,
      option: "maxMetadataBytes",
    });
  }
  return { body: null, padding: NOTHING, nextOffset: bodyAt + present };
}

function mayEndEarly(head: RecordHead): boolean {
  return head.bodyBytes % XENSTORE_RECORD_ALIGN === 0 && head.bodyBytes >= 2 * SHORT_FORM_BYTES;
}

/**
 * Read a WATCH_DATA_EXTENDED whose last 8 bytes may be the next record's. Where its strings say
 * so, the bytes behind are held and looked at: the input need not be seekable.
 */
function* readExtendedWatch(
  head: RecordHead,
  order: XenstoreByteOrder,
  limits: Limits,
): Job<FramedBody> {
  const bodyAt = bodyOffset(head);
  const frontBytes = head.bodyBytes - SHORT_FORM_BYTES;
  const tailOffset = bodyAt + frontBytes;
  const nextOffset = bodyAt + head.bodyBytes;
  const front = yield* readBytes(bodyAt, frontBytes);
  if (front.length < frontBytes) throw cut(head, front.length);
  const body = new Uint8Array(head.bodyBytes);
  body.set(front);
  if (!mayBeShortForm(front, order)) {
    const got = yield* readInto(tailOffset, body.subarray(frontBytes));
    if (got < SHORT_FORM_BYTES) throw cut(head, frontBytes + got);
    return { body, padding: NOTHING, nextOffset };
  }
  yield { request: "hold", byteOffset: tailOffset };
  const behind = new Uint8Array(2 * SHORT_FORM_BYTES);
  const got = yield* readInto(tailOffset, behind);
  const early = nextBeginsEarly(behind.subarray(0, got), order, limits);
  yield { request: "release", byteOffset: early ? tailOffset : nextOffset };
  if (early) return { body: front, padding: NOTHING, nextOffset: tailOffset };
  body.set(behind.subarray(0, SHORT_FORM_BYTES), frontBytes);
  return { body, padding: NOTHING, nextOffset };
}

/**
 * Whether the 8 bytes that a len still counts are the next record's header.
 *
 * @param behind  those 8 bytes and the 8 behind them, as far as the input has them
 */
function nextBeginsEarly(behind: Uint8Array, order: XenstoreByteOrder, limits: Limits): boolean {
  if (behind.length < SHORT_FORM_BYTES) return true;
  const tail = behind.subarray(0, SHORT_FORM_BYTES);
  if (beginsRecord(tail, order, limits)) return true;
  if (!isZero(tail)) return false;
  // Eight zeros are END or padding. They are padding if another record comes behind them; the
  // second END of a zero tail makes no difference to what the stream says.
  const after = behind.subarray(SHORT_FORM_BYTES);
  if (after.length < SHORT_FORM_BYTES) return true;
  return !isZero(after) && !beginsRecord(after, order, limits);
}

/** True for the header of a known record other than END with a length that it can have. */
function beginsRecord(bytes: Uint8Array, order: XenstoreByteOrder, limits: Limits): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < XENSTORE_RECORD_HEADER_BYTES) return false;
  const type = view.getUint32(0, order === "little");
  const bodyBytes = view.getUint32(4, order === "little");
  const fixedBytes = XENSTORE_FIXED_BYTES[type];
  if (fixedBytes === undefined || type === XENSTORE_REC_TYPE_END) return false;
  return bodyBytes >= fixedBytes && bodyBytes <= limits.maxMetadataBytes;
}

/** True if all bytes are zero. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
