/**
 * Writes Xenstore streams of version 1 or 2 and converts between the two (XS-CVT-1..3). Pure:
 * decoded records in, chunks of bytes and notes on what could not be kept out; sinks are elsewhere.
 * Always writes len as a multiple of 8 and watches in the document's form: the one way that both
 * the document and xenstored read. Source: Xenstore migration document; Xen's C xenstored (facts).
 */
import {
  XENSTORE_DEPTH_UNLIMITED,
  XENSTORE_REC_TYPE_END,
  XENSTORE_REC_TYPE_WATCH_DATA,
  type XenstoreByteOrder,
  type XenstoreDomainData,
  type XenstoreEncodable,
  type XenstoreHeader,
  type XenstoreRecord,
  type XenstoreWatchDataExtended,
} from "../format/index.js";
import {
  encodeXenstoreBody,
  encodeXenstoreHeader,
  encodeXenstoreRecordHead,
  roundUp8,
} from "../stream/index.js";

/** Versions that can be written. */
export type XenstoreVersion = 1 | 2;

/** A record to be written. */
export interface XenstoreRow {
  readonly type: number;
  readonly content: XenstoreEncodable;
}

/** What a conversion could not keep, or had to mend. */
export type XenstoreNoteKind =
  | "depth-dropped"
  | "depth-unknown"
  | "shifted-watch-mended"
  | "features-dropped"
  | "malformed-kept"
  | "record-dropped";

/** A warning of a conversion, with the record of the source that it is about. */
export interface XenstoreNote {
  readonly note: XenstoreNoteKind;
  readonly message: string;
  readonly recordIndex: number;
  /** Of the record's header in the source. */
  readonly byteOffset: number;
}

/** A piece of the converted stream. */
export interface XenstoreChunk {
  /** Owned by the caller; empty where a record was dropped. */
  readonly bytes: Uint8Array;
  readonly notes: readonly XenstoreNote[];
}

/**
 * A whole stream from its records, in order: the header, a chunk for each record, END.
 *
 * @param rows  all records but END
 */
export function* writeXenstore(
  version: XenstoreVersion,
  order: XenstoreByteOrder,
  rows: Iterable<XenstoreRow>,
): Generator<Uint8Array, void, void> {
  yield encodeXenstoreHeader(version, order);
  for (const row of rows) yield writeXenstoreRecord(row, order);
  yield encodeXenstoreRecordHead(XENSTORE_REC_TYPE_END, 0, order);
}

/**
 * One record: head, body, padding. The padding is counted in len, as xenstored expects.
 *
 * @returns a multiple of 8 bytes, owned by the caller
 */
export function writeXenstoreRecord(row: XenstoreRow, order: XenstoreByteOrder): Uint8Array {
  const { content } = row;
  const written = content.kind === "WATCH_DATA_EXTENDED" ? documentForm(content) : content;
  const body = encodeXenstoreBody(written, order);
  const bodyBytes = roundUp8(body.length);
  const head = encodeXenstoreRecordHead(row.type, bodyBytes, order);
  const bytes = new Uint8Array(head.length + bodyBytes);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/**
 * Convert a stream to a version: its own (which mends shifted watches and odd lengths) or the
 * other. The byte order stays. A stream whose lengths are multiples of 8 and whose records all
 * exist in both versions differs in the header's version alone, so that the way back gives the
 * same bytes.
 *
 * @param records  decoded, in order, END included
 */
export function* convertXenstore(
  header: XenstoreHeader,
  records: Iterable<XenstoreRecord>,
  version: XenstoreVersion,
): Generator<XenstoreChunk, void, void> {
  yield { bytes: encodeXenstoreHeader(version, header.byteOrder), notes: [] };
  for (const record of records) yield convertXenstoreRecord(record, header, version);
}

/**
 * Convert one record.
 *
 * @param header   of the stream that the record is from
 * @param version  of the stream that it goes into
 */
export function convertXenstoreRecord(
  record: XenstoreRecord,
  header: XenstoreHeader,
  version: XenstoreVersion,
): XenstoreChunk {
  const { content, type } = record;
  const { byteOrder } = header;
  switch (content.kind) {
    case "skipped":
      return dropped(record);
    case "malformed":
      return {
        bytes: writeXenstoreRecord({ type, content }, byteOrder),
        notes: [
          noteOn(record, "malformed-kept", `The record breaks ${content.rule}: it is kept as is.`),
        ],
      };
    case "WATCH_DATA_EXTENDED":
      return version === 1
        ? limitedToPath(record, content, byteOrder)
        : inDocumentForm(record, content, byteOrder);
    case "DOMAIN_DATA":
      return withFeatures(record, content, header, version);
    default:
      return { bytes: writeXenstoreRecord({ type, content }, byteOrder), notes: [] };
  }
}

function dropped(record: XenstoreRecord): XenstoreChunk {
  const message = `The ${record.name} record is too long to be kept: it is dropped.`;
  return { bytes: new Uint8Array(0), notes: [noteOn(record, "record-dropped", message)] };
}

/** The same watch in the form of the document; a depth that was not written is unlimited. */
function documentForm(watch: XenstoreWatchDataExtended): XenstoreWatchDataExtended {
  if (watch.form === 12) return watch;
  return {
    ...watch,
    form: 12,
    depth: watch.depth ?? XENSTORE_DEPTH_UNLIMITED,
    pad: 0,
    shortLength: false,
    surplus: new Uint8Array(0),
  };
}

function inDocumentForm(
  record: XenstoreRecord,
  content: XenstoreWatchDataExtended,
  order: XenstoreByteOrder,
): XenstoreChunk {
  const notes: XenstoreNote[] = [];
  if (content.form !== 12) {
    const message = `The watch is moved from form ${content.form} to the document's.`;
    notes.push(
      noteOn(record, "shifted-watch-mended", message),
      ...noteUnknownDepth(record, content),
    );
  }
  return { bytes: writeXenstoreRecord({ type: record.type, content }, order), notes };
}

/** XS-CVT-2: version 1 has watches of unlimited depth only. */
function limitedToPath(
  record: XenstoreRecord,
  watch: XenstoreWatchDataExtended,
  order: XenstoreByteOrder,
): XenstoreChunk {
  const { connId, wpath, token, depth } = watch;
  const surplus = new Uint8Array(0);
  const content = { kind: "WATCH_DATA", connId, wpath, token, surplus } as const;
  const notes = noteUnknownDepth(record, watch);
  if (depth !== null && depth !== XENSTORE_DEPTH_UNLIMITED) {
    const message = `The watch's depth of ${depth} is dropped: it now matches every level below.`;
    notes.push(noteOn(record, "depth-dropped", message));
  }
  return {
    bytes: writeXenstoreRecord({ type: XENSTORE_REC_TYPE_WATCH_DATA, content }, order),
    notes,
  };
}

function noteUnknownDepth(
  record: XenstoreRecord,
  watch: XenstoreWatchDataExtended,
): XenstoreNote[] {
  if (watch.depth !== null) return [];
  const message = "The watch's depth is not in the stream: it is taken as unlimited.";
  return [noteOn(record, "depth-unknown", message)];
}

/** XS-CVT-2: features exist from version 2 to version 2 alone; a version 1 reader ignores them. */
function withFeatures(
  record: XenstoreRecord,
  domain: XenstoreDomainData,
  header: XenstoreHeader,
  version: XenstoreVersion,
): XenstoreChunk {
  const kept = domain.features === 0 || (header.version >= 2 && version >= 2);
  const content = kept ? domain : { ...domain, features: 0 };
  const bytes = writeXenstoreRecord({ type: record.type, content }, header.byteOrder);
  if (kept) return { bytes, notes: [] };
  const features = `0x${domain.features.toString(16)}`;
  const message = `The features ${features} of domain ${domain.domid} are dropped.`;
  return { bytes, notes: [noteOn(record, "features-dropped", message)] };
}

function noteOn(record: XenstoreRecord, note: XenstoreNoteKind, message: string): XenstoreNote {
  return { note, message, recordIndex: record.recordIndex, byteOffset: record.byteOffset };
}
