/**
 * The header of an xl save file and its optional data, which hold the domain's configuration. Which
 * stream follows, and whether it agrees with the flags (XL-8, XL-9), is the reader's business.
 *
 *   0x00 magic (32) | 0x20 byteorder u32 | 0x24 mandatory_flags u32 | 0x28 optional_flags u32
 *   0x2c optional_data_len u32 D | 0x30 optional data: config length u32, config, rest | stream
 *
 * Source: Xen xl save-file header (facts).
 */
import { counted, type Fault, hex } from "../../findings/index.js";
import {
  XL_BYTEORDER,
  XL_BYTEORDER_SWAPPED,
  XL_CONFIG_LENGTH_BYTES,
  XL_FLAG_JSON,
  XL_FLAG_STREAM_V2,
  XL_FLAGS_KNOWN,
  XL_HEADER_BYTES,
  XL_MAGIC,
  XL_MAGIC_BYTES,
} from "../../format/index.js";
import { concatBytes, hexOfBytes, latin1, latin1Bytes, readU32, writeU32 } from "../bytes.js";
import { type DecodedHeader, type HeaderFault, headerFaults } from "../codec.js";

const BYTEORDER_OFFSET = XL_MAGIC_BYTES;
const MANDATORY_OFFSET = BYTEORDER_OFFSET + 4;
const OPTIONAL_OFFSET = BYTEORDER_OFFSET + 8;
const LENGTH_OFFSET = BYTEORDER_OFFSET + 12;

/** Longest config that a signed int can measure. */
const CONFIG_BYTES_MAX = 0x7fff_ffff;

/** The fixed part of the header. */
export interface XlHeader {
  /** 32 characters, one for each byte. */
  readonly magic: string;
  readonly byteorder: number;
  readonly mandatoryFlags: number;
  readonly optionalFlags: number;
  /** D: length of what stands between this header and the stream. */
  readonly optionalDataBytes: number;
}

/** A right header in front of `optionalDataBytes` of optional data. */
export function xlHeader(options: {
  readonly jsonConfig: boolean;
  readonly streamV2: boolean;
  readonly optionalDataBytes: number;
}): XlHeader {
  return {
    magic: XL_MAGIC,
    byteorder: XL_BYTEORDER,
    mandatoryFlags:
      (options.jsonConfig ? XL_FLAG_JSON : 0) | (options.streamV2 ? XL_FLAG_STREAM_V2 : 0),
    optionalFlags: 0,
    optionalDataBytes: options.optionalDataBytes,
  };
}

/** True if the config is JSON (else xl's own text, which is not parsed). */
export function hasJsonConfig(header: XlHeader): boolean {
  return (header.mandatoryFlags & XL_FLAG_JSON) !== 0;
}

/** True if the header promises a libxl stream (else a legacy one). */
export function promisesStreamV2(header: XlHeader): boolean {
  return (header.mandatoryFlags & XL_FLAG_STREAM_V2) !== 0;
}

/**
 * Decode the fixed part. XL-1 (its magic), 2, 3, 4, 6 (no optional data)
 *
 * @param bytes       XL_HEADER_BYTES bytes
 * @param byteOffset  where it stands in the input
 */
export function decodeXlHeader(bytes: Uint8Array, byteOffset: number): DecodedHeader<XlHeader> {
  const fault = headerFaults("xl", byteOffset);
  const value: XlHeader = {
    magic: latin1(bytes.subarray(0, XL_MAGIC_BYTES)),
    byteorder: readU32(bytes, BYTEORDER_OFFSET),
    mandatoryFlags: readU32(bytes, MANDATORY_OFFSET),
    optionalFlags: readU32(bytes, OPTIONAL_OFFSET),
    optionalDataBytes: readU32(bytes, LENGTH_OFFSET),
  };
  if (value.magic !== XL_MAGIC) {
    const actual = hexOfBytes(latin1Bytes(value.magic));
    const text = { expected: hexOfBytes(latin1Bytes(XL_MAGIC)), actual };
    return { value, faults: [fault("XL-1", 0, text)], fatal: true };
  }
  if (value.byteorder !== XL_BYTEORDER) {
    const swapped = value.byteorder === XL_BYTEORDER_SWAPPED;
    const actual = swapped ? "a big-endian xl file" : hex(value.byteorder);
    const text = { expected: hex(XL_BYTEORDER), actual };
    return { value, faults: [fault("XL-2", BYTEORDER_OFFSET, text)], fatal: true };
  }
  return { value, faults: flagFaults(value, fault), fatal: false };
}

function flagFaults(value: XlHeader, fault: HeaderFault): Fault[] {
  const faults: Fault[] = [];
  if ((value.mandatoryFlags & ~XL_FLAGS_KNOWN) !== 0) {
    const text = { expected: "bits 0 and 1 alone", actual: hex(value.mandatoryFlags) };
    faults.push(fault("XL-3", MANDATORY_OFFSET, text));
  }
  if (value.optionalFlags !== 0) {
    faults.push(
      fault("XL-4", OPTIONAL_OFFSET, { expected: "0x0", actual: hex(value.optionalFlags) }),
    );
  }
  if (value.optionalDataBytes === 0) faults.push(noConfigFault(fault, LENGTH_OFFSET));
  return faults;
}

/** The fixed part as its 48 bytes. */
export function encodeXlHeader(value: XlHeader): Uint8Array {
  const words = new Uint8Array(XL_HEADER_BYTES - XL_MAGIC_BYTES);
  writeU32(words, 0, value.byteorder);
  writeU32(words, MANDATORY_OFFSET - BYTEORDER_OFFSET, value.mandatoryFlags);
  writeU32(words, OPTIONAL_OFFSET - BYTEORDER_OFFSET, value.optionalFlags);
  writeU32(words, LENGTH_OFFSET - BYTEORDER_OFFSET, value.optionalDataBytes);
  return concatBytes(latin1Bytes(value.magic), words);
}

/** The header's fields, JSON-able. */
export function xlHeaderFields(value: XlHeader): Record<string, unknown> {
  return {
    byteorder: hex(value.byteorder),
    mandatory_flags: value.mandatoryFlags,
    optional_flags: value.optionalFlags,
    optional_data_len: value.optionalDataBytes,
    json_config: hasJsonConfig(value),
    stream_v2: promisesStreamV2(value),
  };
}

/** What stands between the fixed part and the stream, if anything does. */
export interface XlConfig {
  /** Length of the config as claimed; 0 counts as none. */
  readonly configBytes: number;
  /** The config with its trailing NUL; null where it cannot be cut out of the bytes at hand. */
  readonly config: Uint8Array | null;
  /** What follows the config and is skipped, as far as it is at hand. */
  readonly rest: Uint8Array;
}

/** Optional data that hold a config and nothing else. */
export function xlConfig(config: Uint8Array): XlConfig {
  return { configBytes: config.length, config, rest: new Uint8Array(0) };
}

/**
 * Decode the optional data. XL-5, 6, 7
 *
 * @param data        header.optionalDataBytes bytes, at least one; fewer where a limit cut them
 * @param byteOffset  where they stand in the input
 */
export function decodeXlConfig(
  data: Uint8Array,
  byteOffset: number,
  header: XlHeader,
): { readonly value: XlConfig; readonly faults: readonly Fault[] } {
  const fault = headerFaults("xl", byteOffset);
  const none = { configBytes: 0, config: null, rest: data };
  if (header.optionalDataBytes < XL_CONFIG_LENGTH_BYTES) {
    const actual = counted(header.optionalDataBytes, "byte");
    const text = { expected: "0 or at least 4 bytes", actual };
    return { value: none, faults: [fault("XL-5", LENGTH_OFFSET - XL_HEADER_BYTES, text)] };
  }
  const configBytes = readU32(data, 0);
  const room = header.optionalDataBytes - XL_CONFIG_LENGTH_BYTES;
  // A reader keeps the length in a signed int: from 2^31 on it passes its test and kills it.
  if (configBytes > Math.min(room, CONFIG_BYTES_MAX)) {
    const expected = `at most ${counted(Math.min(room, CONFIG_BYTES_MAX), "byte")}`;
    const text = { expected, actual: counted(configBytes, "byte") };
    return { value: { ...none, configBytes }, faults: [fault("XL-5", 0, text)] };
  }
  const end = XL_CONFIG_LENGTH_BYTES + configBytes;
  if (data.length < end) return { value: { ...none, configBytes }, faults: [] };
  const config = data.subarray(XL_CONFIG_LENGTH_BYTES, end);
  const value = { configBytes, config, rest: data.subarray(end) };
  return { value, faults: configFaults(config, room - configBytes, header, fault) };
}

function noConfigFault(fault: HeaderFault, offset: number): Fault {
  return fault("XL-6", offset, { ruleCase: "no-config", expected: "a config", actual: "none" });
}

function configFaults(
  config: Uint8Array,
  restBytes: number,
  header: XlHeader,
  fault: HeaderFault,
): Fault[] {
  const faults: Fault[] = [];
  if (config.length === 0) faults.push(noConfigFault(fault, 0));
  else if (hasJsonConfig(header)) faults.push(...jsonFaults(config, fault));
  if (restBytes > 0) {
    const text = { expected: "nothing behind the config", actual: counted(restBytes, "byte") };
    faults.push(fault("XL-6", XL_CONFIG_LENGTH_BYTES + config.length, text));
  }
  return faults;
}

function jsonFaults(config: Uint8Array, fault: HeaderFault): Fault[] {
  const parsed = parseJsonConfig(config);
  if (!parsed.ok) {
    const text = { expected: "one JSON object", actual: parsed.reason };
    return [fault("XL-7", XL_CONFIG_LENGTH_BYTES, text)];
  }
  if (config.includes(0)) return [];
  const text = { expected: "a NUL at the end of the config", actual: "none" };
  return [fault("XL-7", XL_CONFIG_LENGTH_BYTES + config.length - 1, text)];
}

/** A config that parsed, or why it did not. */
export type ParsedConfig =
  | { readonly ok: true; readonly config: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly reason: string };

/** Parse a JSON config up to its NUL, as a reader of C text does: one object, in UTF-8. */
export function parseJsonConfig(config: Uint8Array): ParsedConfig {
  const nul = config.indexOf(0);
  const text = nul === -1 ? config : config.subarray(0, nul);
  let parsed: unknown;
  try {
    // A byte-order mark is not white space to a JSON parser: keep it, so that it fails.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    parsed = JSON.parse(decoder.decode(text));
  } catch (cause) {
    // Text that is not UTF-8 is a TypeError, all else that is no JSON a SyntaxError.
    return { ok: false, reason: cause instanceof TypeError ? "text that is not UTF-8" : "no JSON" };
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return { ok: false, reason: "JSON, but no object" };
  }
  return { ok: true, config: parsed as Record<string, unknown> };
}

/** The optional data as their bytes, of a value whose config is not null. */
export function encodeXlConfig(value: XlConfig): Uint8Array {
  const length = new Uint8Array(XL_CONFIG_LENGTH_BYTES);
  writeU32(length, 0, value.configBytes);
  return concatBytes(length, value.config ?? new Uint8Array(0), value.rest);
}
