/**
 * Writes libxc streams, record by record. It knows how each record looks and nothing of their
 * order: that is the caller's. Bodies are made by the codecs that also read them; pages go from the
 * caller's memory to the sink without a copy. Source: libxc stream document.
 */
import {
  ENTRY_BYTES,
  type GuestKind,
  IMAGE_VERSION_MAX,
  PAGE_BYTES,
  PAGE_DATA_HEAD_BYTES,
  REC_TYPE_PAGE_DATA,
  type RecordName,
} from "../../format/index.js";
import {
  domainHeader,
  encodeDomainHeader,
  encodeImageHeader,
  imageHeader,
  RECORD_CODECS,
  type RecordCodec,
  type RecordValues,
  writeU32,
} from "../../stream/index.js";
import { writeRecord, writeRecordHeader } from "./records.js";
import type { ByteSink } from "./sink.js";

/** What the two headers say. */
export interface LibxcStart {
  readonly guest: GuestKind;
  /** Of the stream; 3 if left out. */
  readonly version?: number;
  /** Of the Xen that saved it; major 0 stands for a legacy converter. */
  readonly xenMajor: number;
  readonly xenMinor: number;
}

/** Write image header and domain header. */
export function writeLibxcHeaders(sink: ByteSink, start: LibxcStart): void {
  const { guest, version = IMAGE_VERSION_MAX, xenMajor, xenMinor } = start;
  sink.write(encodeImageHeader(imageHeader(version)));
  sink.write(encodeDomainHeader(domainHeader(guest, xenMajor, xenMinor)));
}

/** Write a record from its decoded value. PAGE_DATA is better written by the two calls below. */
export function writeLibxcRecord<N extends RecordName>(
  sink: ByteSink,
  name: N,
  value: RecordValues[N],
): void {
  const { type, codec } = RECORD_CODECS[name];
  writeRecord(sink, type, (codec as RecordCodec<RecordValues[N]>).encode(value));
}

/** Records that say all by being there. */
export type LibxcMarkerName = "END" | "VERIFY" | "CHECKPOINT" | "STATIC_DATA_END";

/** Write a record without a body. */
export function writeLibxcMarker(sink: ByteSink, name: LibxcMarkerName): void {
  writeRecordHeader(sink, RECORD_CODECS[name].type, 0);
}

/**
 * Begin a PAGE_DATA record: its header, head and entries. The caller then writes the `dataPages`
 * pages to the sink, whole and in the entries' order, in as many chunks as it likes; such a record
 * needs no padding and no end.
 *
 * @param entries    raw entries, u64 little-endian: type in 63..60, pfn in 51..0
 * @param dataPages  number of entries that carry a page
 */
export function beginPageData(sink: ByteSink, entries: Uint8Array, dataPages: number): void {
  const head = new Uint8Array(PAGE_DATA_HEAD_BYTES);
  writeU32(head, 0, entries.length / ENTRY_BYTES);
  const bodyBytes = PAGE_DATA_HEAD_BYTES + entries.length + dataPages * PAGE_BYTES;
  writeRecordHeader(sink, REC_TYPE_PAGE_DATA, bodyBytes);
  sink.write(head);
  sink.write(entries);
}

/** Write a whole PAGE_DATA record whose pages stand one after another in memory. */
export function writePageData(sink: ByteSink, entries: Uint8Array, pages: Uint8Array): void {
  beginPageData(sink, entries, pages.length / PAGE_BYTES);
  if (pages.length > 0) sink.write(pages);
}
