/**
 * A synthetic image as a sequence of items: headers, records, batches of pages. Between the model
 * that makes them and the bytes, so that a fault can be put into any of them. Items are used one
 * at a time: a batch keeps its pages in memory that the next one reuses.
 */
import {
  ENTRY_BYTES,
  PAGE_DATA_HEAD_BYTES,
  REC_TYPE_PAGE_DATA,
  RECORD_ALIGN,
} from "../../format/index.js";
import { roundUp8, writeU32 } from "../../stream/index.js";
import { type ByteSink, writeRecordHeader } from "../writers/index.js";

/** Bytes that are no record: a header, or what a container holds beside the stream. */
export interface HeaderItem {
  readonly kind: "header";
  readonly name: HeaderName;
  readonly bytes: Uint8Array;
}

/** `container start` and `container end` are what xl, libvirt and XAPI put around a stream. */
export type HeaderName =
  | "container start"
  | "container end"
  | "libxl header"
  | "image header"
  | "domain header";

/** Any record but PAGE_DATA. */
export interface RecordItem {
  readonly kind: "record";
  readonly layer: "libxc" | "libxl";
  readonly type: number;
  readonly body: Uint8Array;
  /** Length that the header claims, if it is not the body's; then no padding is written. */
  readonly claimedBytes?: number;
  /** Byte that the padding is made of, if not zero. */
  readonly padding?: number;
}

/** One PAGE_DATA record. */
export interface BatchItem {
  readonly kind: "batch";
  /** Raw entries, u64 little-endian. */
  readonly entries: Uint8Array;
  /** The pages of those that carry data. */
  readonly pages: Uint8Array;
  /** The head's reserved word, if not zero. */
  readonly reserved?: number;
}

/** Ends the image here, inside what would have come next. */
export interface CutItem {
  readonly kind: "cut";
}

export type Item = HeaderItem | RecordItem | BatchItem | CutItem;

/** Items in order. */
export type Items = Generator<Item, void, void>;

/** Write one item. Returns false if the image ends with it. */
export function writeItem(sink: ByteSink, item: Item): boolean {
  switch (item.kind) {
    case "header":
      sink.write(item.bytes);
      return true;
    case "record":
      writeRecordItem(sink, item);
      return true;
    case "batch":
      writeBatchItem(sink, item);
      return true;
    case "cut":
      return false;
  }
}

function writeRecordItem(sink: ByteSink, item: RecordItem): void {
  const { type, body, claimedBytes, padding = 0 } = item;
  writeRecordHeader(sink, type, claimedBytes ?? body.length);
  sink.write(body);
  if (claimedBytes !== undefined) return;
  const paddingBytes = roundUp8(body.length) - body.length;
  sink.write(new Uint8Array(RECORD_ALIGN).fill(padding).subarray(0, paddingBytes));
}

function writeBatchItem(sink: ByteSink, item: BatchItem): void {
  const { entries, pages, reserved = 0 } = item;
  const head = new Uint8Array(PAGE_DATA_HEAD_BYTES);
  writeU32(head, 0, entries.length / ENTRY_BYTES);
  writeU32(head, 4, reserved);
  writeRecordHeader(sink, REC_TYPE_PAGE_DATA, head.length + entries.length + pages.length);
  sink.write(head);
  sink.write(entries);
  sink.write(pages);
}
