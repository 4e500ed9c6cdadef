/**
 * The libvirt save file (libxl driver): a header in the byte order of its host, the domain's XML, a
 * domain stream. The stream is read by its bytes; that the version names another kind is a fault.
 * Source: libvirt libxl_driver.c, libxl_conf.h (facts); LV-1..8.
 */
import { type Fault, type Limits, StreamError } from "../../findings/index.js";
import {
  LIBVIRT_HEADER_BYTES,
  LIBVIRT_MAGIC,
  LIBVIRT_VERSION_LEGACY,
  LIBVIRT_VERSION_MAX,
  LIBVIRT_VERSION_OFFSET,
  LIBVIRT_VERSION_PLAUSIBLE_MAX,
  LIBVIRT_XML_LENGTH_OFFSET,
} from "../../format/index.js";
import { readSection } from "../bounded.js";
import { startsWith, viewOf } from "../magic.js";
import { detectNested, type NestedReader } from "../nested.js";
import { printedIfUsed } from "../print.js";
import type { Reader } from "../protocol.js";
import { readInto } from "../requests.js";
import { judgeDomainXml } from "./domain-xml.js";

/** Ten words that no libvirt reads, to the end of the header. */
const UNUSED_OFFSET = LIBVIRT_XML_LENGTH_OFFSET + 4;

export interface LibvirtOptions {
  readonly limits: Limits;
  /** What the user says of the stream inside: one of FORMAT_HINTS, null for nothing. */
  readonly hint: string | null;
}

/**
 * Read one libvirt save file with the stream in it.
 *
 * The XML is given as a section "config": the bytes that the header counts, NUL included.
 *
 * @param byteOffset of its header
 * @param inner      reads the domain stream
 * @returns the first byte after the stream
 * @throws {StreamError}    LV-1, LV-3, LV-8, DT-14, DT-15 where there is nothing to go on with
 * @throws {CapacityError}  where the XML is longer than `limits.maxMetadataBytes`
 */
export function* readLibvirt(
  byteOffset: number,
  inner: NestedReader,
  options: LibvirtOptions,
): Reader<number> {
  yield { event: "container", name: "libvirt", byteOffset };
  const header = yield* readHeader(byteOffset);
  const xmlAt = byteOffset + LIBVIRT_HEADER_BYTES;
  yield* readXml(xmlAt, header.xmlLen, options.limits);
  const streamAt = xmlAt + header.xmlLen;
  const stream = yield* detectNested(streamAt, "libvirt", options.hint);
  const claim = header.version === LIBVIRT_VERSION_LEGACY ? "legacy" : "libxl";
  if (stream.name !== claim) {
    yield faultAt(byteOffset + LIBVIRT_VERSION_OFFSET, {
      rule: "LV-6",
      message: `Version ${header.version} makes libxl read a ${claim} stream.`,
      expected: `a ${claim} stream`,
      actual: `a ${stream.name} stream`,
    });
  }
  const end = yield* inner(streamAt, { wrapper: "libvirt", stream });
  yield { event: "moment", layer: "libvirt", moment: "end", byteOffset: end };
  return end;
}

function faultAt(byteOffset: number, breach: Pick<Fault, "rule"> & Partial<Fault>) {
  return { event: "fault", fault: { layer: "libvirt", byteOffset, ...breach } } as const;
}

interface Header {
  readonly version: number;
  readonly xmlLen: number;
}

function* readHeader(byteOffset: number): Reader<Header> {
  const bytes = new Uint8Array(LIBVIRT_HEADER_BYTES);
  const present = yield* readInto(byteOffset, bytes);
  if (present < LIBVIRT_HEADER_BYTES || !startsWith(bytes, LIBVIRT_MAGIC)) {
    throw new StreamError({
      rule: "LV-1",
      layer: "libvirt",
      byteOffset,
      expected: `${LIBVIRT_HEADER_BYTES} bytes that begin with the libvirt magic`,
      actual: present < LIBVIRT_HEADER_BYTES ? `${present} bytes` : "another magic",
      ...(present < LIBVIRT_HEADER_BYTES ? { field: null } : {}),
    });
  }
  const view = viewOf(bytes);
  const version = view.getUint32(LIBVIRT_VERSION_OFFSET, true);
  const xmlLen = view.getUint32(LIBVIRT_XML_LENGTH_OFFSET, true);
  const versionAt = byteOffset + LIBVIRT_VERSION_OFFSET;
  const swapped = view.getUint32(LIBVIRT_VERSION_OFFSET, false);
  if (version > LIBVIRT_VERSION_PLAUSIBLE_MAX && swapped <= LIBVIRT_VERSION_PLAUSIBLE_MAX) {
    throw new StreamError({
      rule: "LV-8",
      layer: "libvirt",
      byteOffset: versionAt,
      message: `A big-endian file: its version reads ${swapped} in the other byte order.`,
    });
  }
  yield {
    event: "header",
    layer: "libvirt",
    name: "libvirt header",
    byteOffset,
    bytes: LIBVIRT_HEADER_BYTES,
    fields: { version, xmlLen, ...printedIfUsed("unused", bytes.subarray(UNUSED_OFFSET)) },
  };
  if (version > LIBVIRT_VERSION_MAX) {
    yield faultAt(versionAt, {
      rule: "LV-2",
      expected: `at most ${LIBVIRT_VERSION_MAX}`,
      actual: `${version}`,
    });
  }
  return { version, xmlLen };
}

/** The domain XML: present, not empty, well formed (LV-3). */
function* readXml(xmlAt: number, xmlLen: number, limits: Limits): Reader<void> {
  if (xmlLen === 0) {
    const lengthAt = xmlAt - LIBVIRT_HEADER_BYTES + LIBVIRT_XML_LENGTH_OFFSET;
    yield faultAt(lengthAt, {
      rule: "LV-3",
      expected: "at least 1 byte of XML",
      actual: "0",
      field: { at: 0, bytes: 4 },
    });
    return;
  }
  const read = yield* readSection(xmlAt, xmlLen, limits);
  if (read.kind === "cut") {
    throw new StreamError({
      rule: "LV-3",
      layer: "libvirt",
      byteOffset: xmlAt,
      message: "The input ends inside the domain XML.",
      expected: `${xmlLen} bytes`,
      actual: `${read.present} bytes`,
    });
  }
  const { body } = read;
  const breach = judgeDomainXml(body);
  if (breach !== null) {
    yield faultAt(xmlAt + breach.byteIndex, { rule: "LV-3", message: breach.message });
  }
  yield {
    event: "section",
    layer: "libvirt",
    name: "config",
    byteOffset: xmlAt,
    bytes: xmlLen,
    body,
  };
}
