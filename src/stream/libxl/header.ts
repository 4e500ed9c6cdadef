/**
 * The header of a libxl stream.
 *
 *   16 bytes, BE: ident "LibxlFmt" | version u32 | options u32
 *
 * Source: libxl migration stream document.
 */
import { type Fault, hex } from "../../findings/index.js";
import {
  LIBXL_HEADER_BYTES,
  LIBXL_IDENT,
  LIBXL_OPTION_BIG_ENDIAN,
  LIBXL_OPTION_LEGACY,
  LIBXL_VERSION,
} from "../../format/index.js";
import { concatBytes, hexOfBytes, latin1, latin1Bytes, readU32BE, writeU32BE } from "../bytes.js";
import { type DecodedHeader, headerFaults } from "../codec.js";

const VERSION_OFFSET = LIBXL_IDENT.length;
const OPTIONS_OFFSET = VERSION_OFFSET + 4;
const IDENT_HEX = hexOfBytes(latin1Bytes(LIBXL_IDENT));
const OPTIONS_KNOWN = LIBXL_OPTION_BIG_ENDIAN | LIBXL_OPTION_LEGACY;

/** The libxl header. */
export interface LibxlHeader {
  /** Eight characters, one for each byte. */
  readonly ident: string;
  readonly version: number;
  readonly options: number;
}

/** A right header; `converted`: the stream was made of a legacy one. */
export function libxlHeader(converted = false): LibxlHeader {
  const options = converted ? LIBXL_OPTION_LEGACY : 0;
  return { ident: LIBXL_IDENT, version: LIBXL_VERSION, options };
}

/**
 * Decode the libxl header. LL-HDR-1 (its ident), 2, 3, 4
 *
 * @param bytes       LIBXL_HEADER_BYTES bytes
 * @param byteOffset  where it stands in the input
 */
export function decodeLibxlHeader(
  bytes: Uint8Array,
  byteOffset: number,
): DecodedHeader<LibxlHeader> {
  const fault = headerFaults("libxl", byteOffset);
  const value: LibxlHeader = {
    ident: latin1(bytes.subarray(0, VERSION_OFFSET)),
    version: readU32BE(bytes, VERSION_OFFSET),
    options: readU32BE(bytes, OPTIONS_OFFSET),
  };
  if (value.ident !== LIBXL_IDENT) {
    const text = { expected: IDENT_HEX, actual: hexOfBytes(latin1Bytes(value.ident)) };
    return { value, faults: [fault("LL-HDR-1", 0, text)], fatal: true };
  }
  if (value.version !== LIBXL_VERSION) {
    const text = { expected: String(LIBXL_VERSION), actual: String(value.version) };
    return { value, faults: [fault("LL-HDR-2", VERSION_OFFSET, text)], fatal: true };
  }
  const faults: Fault[] = [];
  const bigEndian = (value.options & LIBXL_OPTION_BIG_ENDIAN) !== 0;
  if (bigEndian) {
    const text = { expected: "little-endian body", actual: "big-endian body" };
    faults.push(fault("LL-HDR-3", OPTIONS_OFFSET, text));
  }
  if ((value.options & ~OPTIONS_KNOWN) !== 0) {
    const text = { expected: "bits 2 to 31 zero", actual: hex(value.options) };
    faults.push(fault("LL-HDR-4", OPTIONS_OFFSET, text));
  }
  return { value, faults, fatal: bigEndian };
}

/** The libxl header as its 16 bytes. */
export function encodeLibxlHeader(value: LibxlHeader): Uint8Array {
  const words = new Uint8Array(LIBXL_HEADER_BYTES - VERSION_OFFSET);
  writeU32BE(words, 0, value.version);
  writeU32BE(words, OPTIONS_OFFSET - VERSION_OFFSET, value.options);
  return concatBytes(latin1Bytes(value.ident), words);
}

/** The libxl header's fields, JSON-able. */
export function libxlHeaderFields(value: LibxlHeader): Record<string, unknown> {
  return {
    ident: value.ident,
    version: value.version,
    options: value.options,
    converted: (value.options & LIBXL_OPTION_LEGACY) !== 0,
  };
}
