/**
 * Writes what stands around a libxl or libxc stream in the save files of xl, libvirt and XAPI:
 * begin, the stream, end. None needs the stream's length. Sources: Xen's xl save-file header,
 * libvirt libxl_conf.h, xen-api suspend_image.ml (facts); XL-1..7, LV-1..4, XA-1..4, XA-10.
 */
import {
  LIBVIRT_HEADER_BYTES,
  LIBVIRT_MAGIC,
  LIBVIRT_VERSION_LEGACY,
  LIBVIRT_VERSION_MAX,
  LIBVIRT_VERSION_OFFSET,
  LIBVIRT_XML_LENGTH_OFFSET,
  XAPI_END_OF_IMAGE,
  XAPI_HEADER_BYTES,
  XAPI_LIBXC,
  XAPI_QEMU_TRAD,
  XAPI_SIGNATURE,
  XAPI_XENOPS,
} from "../../format/index.js";
import {
  encodeXlConfig,
  encodeXlHeader,
  latin1Bytes,
  writeU32,
  writeU64,
  xlConfig,
  xlHeader,
} from "../../stream/index.js";
import type { ByteSink } from "./sink.js";

/** What an xl header says. */
export interface XlStart {
  /** The config with its trailing NUL; null: none, `xl restore` then needs a file of its own. */
  readonly config: Uint8Array | null;
  /** The config is JSON; false: xl's text of release 4.4 and older. True if left out. */
  readonly json?: boolean;
  /** A libxl stream follows; false: a legacy one. True if left out. */
  readonly streamV2?: boolean;
}

/** Write the xl header and config. A libxl (or legacy) stream follows and ends the file. */
export function beginXl(sink: ByteSink, { config, json = true, streamV2 = true }: XlStart): void {
  const data = config === null ? new Uint8Array(0) : encodeXlConfig(xlConfig(config));
  const optionalDataBytes = data.length;
  sink.write(encodeXlHeader(xlHeader({ jsonConfig: json, streamV2, optionalDataBytes })));
  sink.write(data);
}

/**
 * Write the libvirt header and XML. A libxl (or legacy) stream follows and ends the file.
 *
 * @param xml       the domain XML with its trailing NUL
 * @param streamV2  a libxl stream follows; false: a legacy one
 */
export function beginLibvirt(sink: ByteSink, xml: Uint8Array, streamV2 = true): void {
  const header = new Uint8Array(LIBVIRT_HEADER_BYTES);
  header.set(latin1Bytes(LIBVIRT_MAGIC));
  const version = streamV2 ? LIBVIRT_VERSION_MAX : LIBVIRT_VERSION_LEGACY;
  writeU32(header, LIBVIRT_VERSION_OFFSET, version);
  writeU32(header, LIBVIRT_XML_LENGTH_OFFSET, xml.length);
  sink.write(header);
  sink.write(xml);
}

/** Write the signature, the Xenops record and the header of Libxc. A libxc stream follows. */
export function beginXapi(sink: ByteSink, xenops: Uint8Array): void {
  sink.write(latin1Bytes(XAPI_SIGNATURE));
  writeXapiSection(sink, XAPI_XENOPS, xenops);
  writeXapiHeader(sink, XAPI_LIBXC, 0);
}

/**
 * Write what stands behind the libxc stream: QEMU's state, End_of_image.
 *
 * @param qemu  "QEVM" and what follows; null for a guest without a device model
 */
export function endXapi(sink: ByteSink, qemu: Uint8Array | null): void {
  if (qemu !== null) writeXapiSection(sink, XAPI_QEMU_TRAD, qemu);
  writeXapiHeader(sink, XAPI_END_OF_IMAGE, 0);
}

/** Write one section of a XAPI image that has a length. There is no padding. */
export function writeXapiSection(sink: ByteSink, type: number, body: Uint8Array): void {
  writeXapiHeader(sink, type, body.length);
  sink.write(body);
}

function writeXapiHeader(sink: ByteSink, type: number, length: number): void {
  const header = new Uint8Array(XAPI_HEADER_BYTES);
  writeU64(header, 0, BigInt(type));
  writeU64(header, 8, BigInt(length));
  sink.write(header);
}

/** A value of the Xenops record: an atom, or a list of pairs. */
export type XenopsValue = string | XenopsPairs;
/** Pairs of the Xenops record, in order; `time` and `word_size` must be among the outermost. */
export type XenopsPairs = readonly (readonly [key: string, value: XenopsValue])[];

const BARE_ATOM = /^[A-Za-z0-9_.:+/@-]+$/;

/** The Xenops record as its S-expression. */
export function encodeXenops(pairs: XenopsPairs): Uint8Array {
  return new TextEncoder().encode(listText(pairs));
}

function listText(pairs: XenopsPairs): string {
  const inner = pairs.map(([key, value]) => {
    const text = typeof value === "string" ? atomText(value) : listText(value);
    return `(${atomText(key)} ${text})`;
  });
  return `(${inner.join("")})`;
}

function atomText(text: string): string {
  if (BARE_ATOM.test(text)) return text;
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}
