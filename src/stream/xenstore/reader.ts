/**
 * Reader of a Xenstore stream: header, then records with whole bodies up to END. It frames and
 * judges framing; bodies are decoded by decodeXenstoreRecord() and judged in checks/xenstore.
 * Source: Xenstore migration document.
 */
import { DEFAULT_LIMITS, type Fault, type Limits, StreamError } from "../../findings/index.js";
import {
  XENSTORE_FLAG_BIG_ENDIAN,
  XENSTORE_HEADER_BYTES,
  XENSTORE_IDENT,
  XENSTORE_REC_TYPE_END,
  XENSTORE_RECORD_HEADER_BYTES,
  XENSTORE_VERSION_MAX,
  XENSTORE_VERSION_MIN,
  type XenstoreByteOrder,
  type XenstoreHeader,
} from "../../format/index.js";
import { paddingFault } from "../framing.js";
import type { FaultEvent, Job, Reader, RecordHead } from "../protocol.js";
import { readInto } from "../requests.js";
import { xenstoreRecordName } from "./codec/record.js";
import { isZero, readBody } from "./framing.js";
import { decodeXenstoreHeader, hasXenstoreIdent } from "./header.js";

/**
 * Read a Xenstore stream. Events in order: container, header, then a record for each record (whole
 * body; null only for an unknown type longer than `limits.maxMetadataBytes`), last the moment
 * "end". Faults that leave the framing whole come as events between them.
 *
 * @param byteOffset  of the stream's header, in the decompressed input
 * @returns the offset behind END; what stands there is not the stream's
 * @throws {StreamError} ident, version, or an input that ends before END
 * @throws {CapacityError} a body larger than `limits.maxMetadataBytes`
 */
export function* readXenstore(byteOffset: number, limits: Limits = DEFAULT_LIMITS): Reader<number> {
  yield { event: "container", name: "xenstore", byteOffset };
  const header = yield* readHeader(byteOffset);
  const headBytes = new Uint8Array(XENSTORE_RECORD_HEADER_BYTES);
  let at = byteOffset + XENSTORE_HEADER_BYTES;
  for (let recordIndex = 0; ; recordIndex++) {
    const head = yield* readHead(at, recordIndex, header.byteOrder, headBytes);
    const framed = yield* readBody(head, header.byteOrder, limits);
    yield { event: "record", head, body: framed.body };
    if (!isZero(framed.padding)) yield { event: "fault", fault: paddingFault(head, "XS-REC-3") };
    at = framed.nextOffset;
    if (head.type === XENSTORE_REC_TYPE_END) {
      yield { event: "moment", layer: "xenstore", moment: "end", byteOffset: at };
      return at;
    }
  }
}

function* readHeader(byteOffset: number): Reader<XenstoreHeader> {
  const bytes = new Uint8Array(XENSTORE_HEADER_BYTES);
  const got = yield* readInto(byteOffset, bytes);
  if (got < bytes.length || !hasXenstoreIdent(bytes)) {
    throw new StreamError({
      rule: "XS-HDR-1",
      layer: "xenstore",
      byteOffset,
      expected: `a header of ${bytes.length} bytes that begins "${XENSTORE_IDENT}"`,
      actual: got < bytes.length ? `the input ends after ${got} bytes` : "another ident",
      ...(got < bytes.length ? { field: null } : {}),
    });
  }
  const header = decodeXenstoreHeader(bytes);
  yield {
    event: "header",
    layer: "xenstore",
    name: "header",
    byteOffset,
    bytes: bytes.length,
    fields: { ident: XENSTORE_IDENT, ...header },
  };
  if (header.version < XENSTORE_VERSION_MIN || header.version > XENSTORE_VERSION_MAX) {
    throw new StreamError({
      rule: "XS-HDR-2",
      layer: "xenstore",
      byteOffset: byteOffset + 8,
      expected: `version ${XENSTORE_VERSION_MIN} or ${XENSTORE_VERSION_MAX}`,
      actual: `version ${header.version}`,
    });
  }
  yield* judgeFlags(header, byteOffset + 12);
  return header;
}

function* judgeFlags(header: XenstoreHeader, byteOffset: number): Generator<FaultEvent, void> {
  const actual = `0x${header.flags.toString(16)}`;
  const place = { rule: "XS-HDR-3", layer: "xenstore", byteOffset, actual } as const;
  if ((header.flags & ~XENSTORE_FLAG_BIG_ENDIAN) !== 0) {
    yield { event: "fault", fault: { ...place, expected: "flag bits 1..31 zero" } };
  }
  if (header.byteOrder === "big") {
    const fault: Fault = {
      ...place,
      ruleCase: "big-endian",
      message: "The bodies are big-endian: a little-endian host refuses the stream.",
      expected: "0 for a little-endian host",
    };
    yield { event: "fault", fault };
  }
}

function* readHead(
  byteOffset: number,
  recordIndex: number,
  order: XenstoreByteOrder,
  into: Uint8Array,
): Job<RecordHead> {
  const got = yield* readInto(byteOffset, into);
  if (got < into.length) {
    const cut = got > 0;
    throw new StreamError({
      rule: cut ? "XS-REC-7" : "XS-REC-6",
      layer: "xenstore",
      recordIndex,
      byteOffset,
      message: cut ? "The input ends inside a record header." : "The input ends before END.",
      expected: cut ? `a record header of ${into.length} bytes` : "an END record",
      actual: `${got} bytes`,
      field: null,
    });
  }
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  const type = view.getUint32(0, order === "little");
  const bodyBytes = view.getUint32(4, order === "little");
  const name = xenstoreRecordName(type);
  return { layer: "xenstore", recordIndex, type, name, byteOffset, bodyBytes };
}
