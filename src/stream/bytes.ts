/**
 * Integers of a stream at a byte offset, little-endian unless the name says BE. Callers have
 * checked that the bytes are there; an offset beyond the end reads as zero. No format knowledge.
 */

const LATIN1_STEP = 4096;

/** The u16 at `offset`. */
export function readU16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
}

/** The u32 at `offset`, unsigned. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return (readU16(bytes, offset) | (readU16(bytes, offset + 2) << 16)) >>> 0;
}

/** The u64 at `offset`. */
export function readU64(bytes: Uint8Array, offset: number): bigint {
  return BigInt(readU32(bytes, offset)) | (BigInt(readU32(bytes, offset + 4)) << 32n);
}

/** The big-endian u16 at `offset`. */
export function readU16BE(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

/** The big-endian u32 at `offset`, unsigned. */
export function readU32BE(bytes: Uint8Array, offset: number): number {
  return ((readU16BE(bytes, offset) << 16) | readU16BE(bytes, offset + 2)) >>> 0;
}

/** Put the low 16 bits of `value` at `offset`. */
export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
}

/** Put the low 32 bits of `value` at `offset`. */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset, value);
  writeU16(bytes, offset + 2, value >>> 16);
}

/** Put the low 64 bits of `value` at `offset`. */
export function writeU64(bytes: Uint8Array, offset: number, value: bigint): void {
  writeU32(bytes, offset, Number(BigInt.asUintN(32, value)));
  writeU32(bytes, offset + 4, Number(BigInt.asUintN(32, value >> 32n)));
}

/** Put the low 16 bits of `value` at `offset`, big-endian. */
export function writeU16BE(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

/** Put the low 32 bits of `value` at `offset`, big-endian. */
export function writeU32BE(bytes: Uint8Array, offset: number, value: number): void {
  writeU16BE(bytes, offset, value >>> 16);
  writeU16BE(bytes, offset + 2, value);
}

/** The parts one after another, in memory of their own. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Lower-case hex, two digits a byte, without prefix. */
export function hexOfBytes(bytes: Uint8Array): string {
  let digits = "";
  for (const byte of bytes) digits += byte.toString(16).padStart(2, "0");
  return digits;
}

/** The bytes as text, one character a byte: nothing is lost, whatever they are. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += LATIN1_STEP) {
    text += String.fromCharCode(...bytes.subarray(at, at + LATIN1_STEP));
  }
  return text;
}

/** The bytes of a text whose characters are all below U+0100. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** True if every byte is zero. For headers and padding, not for pages. */
export function allZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
