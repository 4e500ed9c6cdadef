/**
 * The image header and the domain header of a libxc stream. What the headers alone decide is
 * judged here; whether the guest fits the domain being filled is not.
 *
 *   image (24, BE): marker u64 | id u32 | version u32 | options u16 | reserved u16 | reserved u32
 *   domain (16):    type u32 | page_shift u16 | reserved u16 | xen_major u32 | xen_minor u32
 *
 * Source: libxc stream document.
 */
import { type Fault, hex } from "../../findings/index.js";
import {
  DOMAIN_HEADER_BYTES,
  DOMAIN_TYPE_X86_HVM,
  DOMAIN_TYPE_X86_PV,
  type GuestKind,
  IMAGE_HEADER_BYTES,
  IMAGE_ID,
  IMAGE_MARKER_BYTE,
  IMAGE_MARKER_BYTES,
  IMAGE_OPTION_BIG_ENDIAN,
  IMAGE_VERSION_MAX,
  IMAGE_VERSION_MIN,
  PAGE_SHIFT,
} from "../../format/index.js";
import {
  hexOfBytes,
  readU16,
  readU16BE,
  readU32,
  readU32BE,
  writeU16,
  writeU16BE,
  writeU32,
  writeU32BE,
} from "../bytes.js";
import { type DecodedHeader, type HeaderFault, headerFaults } from "../codec.js";

const ID_OFFSET = 8;
const VERSION_OFFSET = 12;
const OPTIONS_OFFSET = 16;
const RESERVED16_OFFSET = 18;
const RESERVED32_OFFSET = 20;
/** A shift count that is right modulo this passes a restorer, which shifts 32-bit words. */
const SHIFT_MODULUS = 32;

const MARKER = `0x${IMAGE_MARKER_BYTE.toString(16).repeat(IMAGE_MARKER_BYTES)}`;

/** The image header. */
export interface ImageHeader {
  /** All 64 bits of it, in hex. */
  readonly marker: string;
  readonly id: number;
  readonly version: number;
  readonly options: number;
  readonly reserved16: number;
  readonly reserved32: number;
}

/** A right image header of the given version. */
export function imageHeader(version: number): ImageHeader {
  return { marker: MARKER, id: IMAGE_ID, version, options: 0, reserved16: 0, reserved32: 0 };
}

/**
 * Decode the image header.
 *
 * @param bytes       IMAGE_HEADER_BYTES bytes. LC-HDR-2..7
 * @param byteOffset  where it stands in the input
 */
export function decodeImageHeader(
  bytes: Uint8Array,
  byteOffset: number,
): DecodedHeader<ImageHeader> {
  const fault = headerFaults("libxc", byteOffset);
  const value: ImageHeader = {
    marker: `0x${hexOfBytes(bytes.subarray(0, IMAGE_MARKER_BYTES))}`,
    id: readU32BE(bytes, ID_OFFSET),
    version: readU32BE(bytes, VERSION_OFFSET),
    options: readU16BE(bytes, OPTIONS_OFFSET),
    reserved16: readU16BE(bytes, RESERVED16_OFFSET),
    reserved32: readU32BE(bytes, RESERVED32_OFFSET),
  };
  const identity = identityFaults(value, fault);
  if (identity.length > 0) return { value, faults: identity, fatal: true };
  const bigEndian = (value.options & IMAGE_OPTION_BIG_ENDIAN) !== 0;
  return { value, faults: optionFaults(value, fault), fatal: bigEndian };
}

// Behind a wrong one of these the other fields need not mean what they mean in versions 2 and 3.
function identityFaults(value: ImageHeader, fault: HeaderFault): Fault[] {
  const faults: Fault[] = [];
  if (value.marker !== MARKER) {
    faults.push(fault("LC-HDR-2", 0, { expected: MARKER, actual: value.marker }));
  }
  if (value.id !== IMAGE_ID) {
    faults.push(fault("LC-HDR-3", ID_OFFSET, { expected: hex(IMAGE_ID), actual: hex(value.id) }));
  }
  if (faults.length > 0) return faults;
  if (value.version < IMAGE_VERSION_MIN || value.version > IMAGE_VERSION_MAX) {
    const expected = `${IMAGE_VERSION_MIN} to ${IMAGE_VERSION_MAX}`;
    faults.push(fault("LC-HDR-4", VERSION_OFFSET, { expected, actual: String(value.version) }));
  }
  return faults;
}

function optionFaults(value: ImageHeader, fault: HeaderFault): Fault[] {
  const faults: Fault[] = [];
  if ((value.options & IMAGE_OPTION_BIG_ENDIAN) !== 0) {
    const text = { expected: "little-endian body", actual: "big-endian body" };
    faults.push(fault("LC-HDR-5", OPTIONS_OFFSET, text));
  }
  if ((value.options & ~IMAGE_OPTION_BIG_ENDIAN) !== 0) {
    const text = { expected: "bits 1 to 15 zero", actual: hex(value.options) };
    faults.push(fault("LC-HDR-6", OPTIONS_OFFSET, text));
  }
  const reserved: [offset: number, word: number][] = [
    [RESERVED16_OFFSET, value.reserved16],
    [RESERVED32_OFFSET, value.reserved32],
  ];
  for (const [offset, word] of reserved) {
    if (word !== 0) faults.push(fault("LC-HDR-7", offset, { expected: "0x0", actual: hex(word) }));
  }
  return faults;
}

/** The image header as its 24 bytes. */
export function encodeImageHeader(value: ImageHeader): Uint8Array {
  const bytes = new Uint8Array(IMAGE_HEADER_BYTES);
  const marker = BigInt(value.marker);
  writeU32BE(bytes, 0, Number(marker >> 32n));
  writeU32BE(bytes, 4, Number(marker & 0xffff_ffffn));
  writeU32BE(bytes, ID_OFFSET, value.id);
  writeU32BE(bytes, VERSION_OFFSET, value.version);
  writeU16BE(bytes, OPTIONS_OFFSET, value.options);
  writeU16BE(bytes, RESERVED16_OFFSET, value.reserved16);
  writeU32BE(bytes, RESERVED32_OFFSET, value.reserved32);
  return bytes;
}

/** The image header's fields, JSON-able. */
export function imageHeaderFields(value: ImageHeader): Record<string, unknown> {
  return {
    marker: value.marker,
    id: hex(value.id),
    version: value.version,
    options: value.options,
  };
}

/** The domain header. */
export interface DomainHeader {
  readonly type: number;
  readonly pageShift: number;
  readonly reserved: number;
  /** 0: a legacy converter wrote the stream. */
  readonly xenMajor: number;
  readonly xenMinor: number;
}

/** The kind of guest that a domain type means; null for a type that does not exist. */
export function guestKindOf(domainType: number): GuestKind | null {
  if (domainType === DOMAIN_TYPE_X86_PV) return "pv";
  return domainType === DOMAIN_TYPE_X86_HVM ? "hvm" : null;
}

/** A right domain header. */
export function domainHeader(guest: GuestKind, xenMajor: number, xenMinor: number): DomainHeader {
  const type = guest === "pv" ? DOMAIN_TYPE_X86_PV : DOMAIN_TYPE_X86_HVM;
  return { type, pageShift: PAGE_SHIFT, reserved: 0, xenMajor, xenMinor };
}

/**
 * Decode the domain header. It is never fatal: the records behind it frame whatever it says.
 *
 * @param bytes       DOMAIN_HEADER_BYTES bytes. LC-DOM-1, 2, 3
 * @param byteOffset  where it stands in the input
 */
export function decodeDomainHeader(
  bytes: Uint8Array,
  byteOffset: number,
): DecodedHeader<DomainHeader> {
  const fault = headerFaults("libxc", byteOffset);
  const value: DomainHeader = {
    type: readU32(bytes, 0),
    pageShift: readU16(bytes, 4),
    reserved: readU16(bytes, 6),
    xenMajor: readU32(bytes, 8),
    xenMinor: readU32(bytes, 12),
  };
  const faults: Fault[] = [];
  if (guestKindOf(value.type) === null) {
    const text = { expected: "1 (x86 PV) or 2 (x86 HVM)", actual: String(value.type) };
    faults.push(fault("LC-DOM-1", 0, text));
  }
  if (value.pageShift !== PAGE_SHIFT) {
    const wraps = value.pageShift % SHIFT_MODULUS === PAGE_SHIFT;
    const ruleCase = wraps ? "same-modulo-32" : undefined;
    const text = { ruleCase, expected: String(PAGE_SHIFT), actual: String(value.pageShift) };
    faults.push(fault("LC-DOM-2", 4, text));
  }
  if (value.reserved !== 0) {
    faults.push(fault("LC-DOM-3", 6, { expected: "0x0", actual: hex(value.reserved) }));
  }
  return { value, faults, fatal: false };
}

/** The domain header as its 16 bytes. */
export function encodeDomainHeader(value: DomainHeader): Uint8Array {
  const bytes = new Uint8Array(DOMAIN_HEADER_BYTES);
  writeU32(bytes, 0, value.type);
  writeU16(bytes, 4, value.pageShift);
  writeU16(bytes, 6, value.reserved);
  writeU32(bytes, 8, value.xenMajor);
  writeU32(bytes, 12, value.xenMinor);
  return bytes;
}

/** The domain header's fields, JSON-able. */
export function domainHeaderFields(value: DomainHeader): Record<string, unknown> {
  return {
    type: value.type,
    guest: guestKindOf(value.type),
    page_shift: value.pageShift,
    xen_major: value.xenMajor,
    xen_minor: value.xenMinor,
  };
}
