/**
 * The xl save file: its header, the optional data with the domain's config, then a libxl stream
 * (or a legacy one). What follows is read by its bytes; a header that says otherwise is a fault
 * (XL-9). Source: Xen xl save-file header (facts).
 */

import type { Limits } from "../../findings/index.js";
import { StreamError } from "../../findings/index.js";
import {
  LIBXL_HEADER_BYTES,
  LIBXL_IDENT,
  XL_CONFIG_LENGTH_BYTES,
  XL_FLAG_STREAM_V2,
  XL_HEADER_BYTES,
} from "../../format/index.js";
import { detect } from "../detect.js";
import { type HeaderBlock, readHeaderBlock } from "../header-block.js";
import { detectNested, type NestedReader, peekHead } from "../nested.js";
import { printedBlob } from "../print.js";
import type { Reader } from "../protocol.js";
import { readBytes, skipBytes } from "../requests.js";
import { decodeXlConfig, decodeXlHeader, type XlHeader, xlHeaderFields } from "./header.js";

/** optional_data_len, the last field of the header. */
const OPTIONAL_LENGTH_BYTES = 4;
/** Offset of mandatory_flags in the header. */
const FLAGS_OFFSET = 0x24;

export interface XlOptions {
  readonly limits: Limits;
  /** What the user says of the stream inside: one of FORMAT_HINTS, null for nothing. */
  readonly hint: string | null;
}

const XL_HEADER: HeaderBlock<XlHeader> = {
  layer: "xl",
  name: "xl header",
  bytes: XL_HEADER_BYTES,
  cutRule: "XL-1",
  decode: decodeXlHeader,
  fields: xlHeaderFields,
};

/**
 * Read one xl save file.
 *
 * @returns the first byte after the stream inside
 * @throws {StreamError} where nothing behind the header can be read
 */
export function* readXl(
  byteOffset: number,
  inner: NestedReader,
  options: XlOptions,
): Reader<number> {
  yield { event: "container", name: "xl", byteOffset };
  const header = yield* readHeaderBlock(XL_HEADER, byteOffset);
  const dataAt = byteOffset + XL_HEADER_BYTES;
  yield* readOptionalData(dataAt, header, options.limits);
  const streamAt = dataAt + header.optionalDataBytes;
  const saysV2 = (header.mandatoryFlags & XL_FLAG_STREAM_V2) !== 0;
  const head = yield* peekHead(streamAt);
  // A file that was cut inside the ident still holds what its header says: a libxl stream, cut.
  if (saysV2 && isCutLibxl(head)) {
    return yield* inner(streamAt, { wrapper: "xl", stream: { name: "libxl", row: "DT-2" } });
  }
  const { name } = detect(head, options.hint);
  if (saysV2 !== (name === "libxl")) {
    yield {
      event: "fault",
      fault: {
        rule: "XL-9",
        layer: "xl",
        byteOffset: byteOffset + FLAGS_OFFSET,
        expected: saysV2 ? "a libxl stream behind the header" : "a legacy stream behind the header",
        actual: name === "unknown" ? "no stream that is known" : `a ${name} stream`,
      },
    };
  }
  const stream = yield* detectNested(streamAt, "xl", options.hint);
  return yield* inner(streamAt, { wrapper: "xl", stream });
}

/** True where the input ends inside the first header of a libxl stream, and may be one so far. */
function isCutLibxl(head: Uint8Array): boolean {
  if (head.length >= LIBXL_HEADER_BYTES) return false;
  return head.every((byte, i) => i >= LIBXL_IDENT.length || byte === LIBXL_IDENT.charCodeAt(i));
}

/** The config and what follows it inside the optional data (XL-5..7). */
function* readOptionalData(dataAt: number, header: XlHeader, limits: Limits): Reader<void> {
  const { optionalDataBytes } = header;
  if (optionalDataBytes === 0) return;
  const kept = Math.min(optionalDataBytes, XL_CONFIG_LENGTH_BYTES + limits.maxMetadataBytes);
  const data = yield* readBytes(dataAt, kept);
  const rest = optionalDataBytes - kept;
  const cut = data.length < kept || (yield* skipBytes(dataAt + kept, rest)) < rest;
  if (cut) {
    throw new StreamError({
      rule: "XL-5",
      ruleCase: "cut",
      layer: "xl",
      byteOffset: dataAt - OPTIONAL_LENGTH_BYTES,
      message: "The file ends inside the optional data of its header.",
      expected: `${optionalDataBytes} bytes`,
    });
  }
  const config = decodeXlConfig(data, dataAt, header);
  for (const fault of config.faults) yield { event: "fault", fault };
  if (config.value.config === null) return;
  yield {
    event: "header",
    layer: "xl",
    name: "optional data",
    byteOffset: dataAt,
    bytes: XL_CONFIG_LENGTH_BYTES,
    fields: { config_bytes: config.value.configBytes },
  };
  yield {
    event: "section",
    layer: "xl",
    name: "config",
    byteOffset: dataAt + XL_CONFIG_LENGTH_BYTES,
    bytes: config.value.config.length,
    body: config.value.config,
  };
  const restBytes = optionalDataBytes - XL_CONFIG_LENGTH_BYTES - config.value.config.length;
  if (restBytes === 0) return;
  yield {
    event: "header",
    layer: "xl",
    name: "behind the config",
    byteOffset: dataAt + optionalDataBytes - restBytes,
    bytes: restBytes,
    fields: printedBlob("body", config.value.rest),
  };
}
