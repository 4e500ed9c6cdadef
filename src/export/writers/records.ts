/**
 * Writes the framing that libxc and libxl records share: an 8-byte header, the body, zero padding
 * to 8. What is in a body is not known here. Source: both stream documents, record format.
 */
import { RECORD_ALIGN, RECORD_HEADER_BYTES } from "../../format/index.js";
import { roundUp8, writeU32 } from "../../stream/index.js";
import type { ByteSink } from "./sink.js";

/**
 * Write the header of a record whose body the caller writes next, padded to 8.
 *
 * @param bodyBytes length of the body, without padding
 */
export function writeRecordHeader(sink: ByteSink, type: number, bodyBytes: number): void {
  const header = new Uint8Array(RECORD_HEADER_BYTES);
  writeU32(header, 0, type);
  writeU32(header, 4, bodyBytes);
  sink.write(header);
}

/** Write a whole record; the body goes to the sink as it is, without a copy. */
export function writeRecord(sink: ByteSink, type: number, body: Uint8Array): void {
  writeRecordHeader(sink, type, body.length);
  if (body.length > 0) sink.write(body);
  const paddingBytes = roundUp8(body.length) - body.length;
  if (paddingBytes > 0) sink.write(new Uint8Array(RECORD_ALIGN).subarray(0, paddingBytes));
}
