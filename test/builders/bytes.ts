/**
 * The smallest pieces tests are built from: integers of either byte order, text, pages. Sizes are
 * in the names. Nothing here knows a format, and nothing here comes from src/.
 */

/** Bytes of a page. */
export const PAGE_BYTES = 4096;

function integer(bytes: number, write: (view: DataView) => void): Uint8Array {
  const out = new Uint8Array(bytes);
  write(new DataView(out.buffer));
  return out;
}

/** One byte. */
export const u8 = (value: number): Uint8Array => Uint8Array.of(value);
/** Two bytes, little-endian. */
export const u16le = (value: number): Uint8Array => integer(2, (v) => v.setUint16(0, value, true));
/** Four bytes, little-endian; negative values wrap. */
export const u32le = (value: number): Uint8Array => integer(4, (v) => v.setUint32(0, value, true));
/** Two bytes, big-endian. */
export const u16be = (value: number): Uint8Array => integer(2, (v) => v.setUint16(0, value));
/** Four bytes, big-endian. */
export const u32be = (value: number): Uint8Array => integer(4, (v) => v.setUint32(0, value));
/** Eight bytes, little-endian. */
export const u64le = (value: bigint | number): Uint8Array =>
  integer(8, (v) => v.setBigUint64(0, BigInt(value), true));
/** Eight bytes, big-endian. */
export const u64be = (value: bigint | number): Uint8Array =>
  integer(8, (v) => v.setBigUint64(0, BigInt(value)));

/** Text whose characters are bytes. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** `count` zero bytes. */
export function zeros(count: number): Uint8Array {
  return new Uint8Array(count);
}

/** All pieces in one array. */
export function concat(...pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** A copy with some bytes changed: the way tests damage what a builder made. */
export function poke(bytes: Uint8Array, at: number, ...values: readonly number[]): Uint8Array {
  if (at + values.length > bytes.length) throw new RangeError(`nothing to change at ${at}`);
  const out = Uint8Array.from(bytes);
  out.set(values, at);
  return out;
}

/** A copy with `removed` bytes at `at` replaced by `inserted`. */
export function splice(
  bytes: Uint8Array,
  at: number,
  removed: number,
  inserted: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return concat(bytes.subarray(0, at), inserted, bytes.subarray(at + removed));
}

/** A page told apart from others by `seed`, with no two equal words in a row. */
export function patternPage(seed: number): Uint8Array {
  const words = new Uint32Array(PAGE_BYTES / 4);
  for (let i = 0; i < words.length; i += 1) words[i] = Math.imul(seed + 1, 0x9e37_79b1) ^ (i << 8);
  return new Uint8Array(words.buffer);
}

/** A page that is zero but for some u64 words, given by their index. */
export function wordsPage(words: Iterable<readonly [index: number, value: bigint]>): Uint8Array {
  const page = new Uint8Array(PAGE_BYTES);
  const view = new DataView(page.buffer);
  for (const [index, value] of words) view.setBigUint64(8 * index, value, true);
  return page;
}
