/**
 * The xend save file: a magic, the domain's config, a legacy stream whose QEMU state reaches to the
 * end of the file. No tool of today reads it; what is inside restores as any legacy stream does.
 * Source: Xen 4.4 XendCheckpoint.py (facts); DT-8.
 */
import { type Limits, StreamError } from "../../findings/index.js";
import { XEND_HEADER_BYTES, XEND_MAGIC, XEND_MAGIC_BYTES } from "../../format/index.js";
import { readSection } from "../bounded.js";
import { startsWith, viewOf } from "../magic.js";
import { detectNested, type NestedReader } from "../nested.js";
import type { Reader } from "../protocol.js";
import { readInto } from "../requests.js";

export interface XendOptions {
  readonly limits: Limits;
  /** What the user says of the stream inside: one of FORMAT_HINTS, null for nothing. */
  readonly hint: string | null;
}

/**
 * Read one xend save file with the stream in it. The config is given as a section "config".
 *
 * @param byteOffset of its magic
 * @param inner      reads the legacy stream
 * @returns the first byte after the stream
 * @throws {StreamError}   DT-8, DT-14, DT-15 where there is nothing to go on with
 * @throws {CapacityError} where the config is longer than `limits.maxMetadataBytes`
 */
export function* readXend(
  byteOffset: number,
  inner: NestedReader,
  options: XendOptions,
): Reader<number> {
  yield { event: "container", name: "xend", byteOffset };
  const header = new Uint8Array(XEND_HEADER_BYTES);
  const present = yield* readInto(byteOffset, header);
  if (present < XEND_HEADER_BYTES || !startsWith(header, XEND_MAGIC)) {
    throw new StreamError({
      rule: "DT-8",
      layer: "xend",
      byteOffset,
      message: "The header of the xend file is cut short, or its magic is another.",
    });
  }
  const configBytes = viewOf(header).getUint32(XEND_MAGIC_BYTES, false);
  yield {
    event: "header",
    layer: "xend",
    name: "xend header",
    byteOffset,
    bytes: XEND_HEADER_BYTES,
    fields: { configBytes },
  };
  const configAt = byteOffset + XEND_HEADER_BYTES;
  yield* readConfig(configAt, configBytes, options.limits);
  const streamAt = configAt + configBytes;
  const stream = yield* detectNested(streamAt, "xend", options.hint);
  if (stream.name !== "legacy") {
    throw new StreamError({
      rule: "DT-8",
      layer: "xend",
      byteOffset: streamAt,
      expected: "a legacy stream",
      actual: `a ${stream.name} stream`,
    });
  }
  const end = yield* inner(streamAt, { wrapper: "xend", stream });
  yield { event: "moment", layer: "xend", moment: "end", byteOffset: end };
  return end;
}

function* readConfig(byteOffset: number, bytes: number, limits: Limits): Reader<void> {
  const read = yield* readSection(byteOffset, bytes, limits);
  if (read.kind === "cut") {
    throw new StreamError({
      rule: "DT-8",
      layer: "xend",
      byteOffset,
      message: "The input ends inside the config.",
      expected: `${bytes} bytes`,
      actual: `${read.present} bytes`,
    });
  }
  const { body } = read;
  yield { event: "section", layer: "xend", name: "config", byteOffset, bytes, body };
}
