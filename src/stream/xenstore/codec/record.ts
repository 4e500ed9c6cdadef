/**
 * Records of a Xenstore stream as decoded facts: from the reader's events, and to bytes again.
 * No rules are judged here.
 */
import {
  XENSTORE_RECORD_HEADER_BYTES,
  XENSTORE_RECORD_NAMES,
  type XenstoreByteOrder,
  type XenstoreHeader,
  type XenstoreRecord,
} from "../../../format/index.js";
import { typeName } from "../../framing.js";
import type { RecordEvent } from "../../protocol.js";
import { decodeXenstoreBody } from "./body.js";

/** The document's name of a record type, or the number in hex. */
export function xenstoreRecordName(type: number): string {
  return typeName(XENSTORE_RECORD_NAMES, type);
}

/**
 * Decode what the reader gave.
 *
 * @param event   a record event of layer "xenstore"; its body is kept in views
 * @param header  of the same stream, see xenstoreHeaderOf()
 */
export function decodeXenstoreRecord(event: RecordEvent, header: XenstoreHeader): XenstoreRecord {
  const { recordIndex, type, name, byteOffset, bodyBytes } = event.head;
  const content =
    event.body === null
      ? ({ kind: "skipped" } as const)
      : decodeXenstoreBody(type, event.body, header.byteOrder, bodyBytes);
  return { recordIndex, type, name, byteOffset, bodyBytes, content };
}

/**
 * The eight bytes before a body.
 *
 * @param bodyBytes  what len is to say
 */
export function encodeXenstoreRecordHead(
  type: number,
  bodyBytes: number,
  order: XenstoreByteOrder,
): Uint8Array {
  const head = new Uint8Array(XENSTORE_RECORD_HEADER_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, type, order === "little");
  view.setUint32(4, bodyBytes, order === "little");
  return head;
}
