/**
 * XXH3-64 of 0..240 bytes, seed 0 and default secret, plainly in bigint: such inputs are rare and
 * small. Source: xxHash specification, "XXH3 Algorithm Description" for small and medium inputs.
 */
import { PRIME_MX1, PRIME_MX2, PRIME64_1, PRIME64_2, PRIME64_3, SECRET } from "./xxh3-secret.js";

/** Longest input that is hashed here. */
export const SHORT_INPUT_BYTES = 240;

/**
 * @param input 0..240 bytes
 * @returns the digest, unsigned
 */
export function xxh3Short(input: Uint8Array): bigint {
  const bytes = input.length;
  const view = new DataView(input.buffer, input.byteOffset, bytes);
  if (bytes === 0) return avalancheXxh64(secret64(56) ^ secret64(64));
  if (bytes <= 3) return hash1to3(input);
  if (bytes <= 8) return hash4to8(view, bytes);
  if (bytes <= 16) return hash9to16(view, bytes);
  if (bytes <= 128) return hash17to128(view, bytes);
  return hash129to240(view, bytes);
}

function hash1to3(input: Uint8Array): bigint {
  const bytes = input.length;
  const combined =
    BigInt(input[bytes - 1]!) |
    (BigInt(bytes) << 8n) |
    (BigInt(input[0]!) << 16n) |
    (BigInt(input[bytes >> 1]!) << 24n);
  const keyed = secret64(0);
  return avalancheXxh64((keyed & 0xffff_ffffn) ^ (keyed >> 32n) ^ combined);
}

function hash4to8(view: DataView, bytes: number): bigint {
  const first = BigInt(view.getUint32(0, true));
  const last = BigInt(view.getUint32(bytes - 4, true));
  let value = secret64(8) ^ secret64(16) ^ (last | (first << 32n));
  value ^= rotateLeft(value, 49n) ^ rotateLeft(value, 24n);
  value = u64(value * PRIME_MX2);
  value ^= (value >> 35n) + BigInt(bytes);
  value = u64(value * PRIME_MX2);
  return value ^ (value >> 28n);
}

function hash9to16(view: DataView, bytes: number): bigint {
  const low = secret64(24) ^ secret64(32) ^ view.getBigUint64(0, true);
  const high = secret64(40) ^ secret64(48) ^ view.getBigUint64(bytes - 8, true);
  return avalanche(BigInt(bytes) + swapBytes(low) + high + fold(low, high));
}

function hash17to128(view: DataView, bytes: number): bigint {
  let sum = BigInt(bytes) * PRIME64_1;
  for (let i = (bytes - 1) >> 5; i >= 0; i--) {
    sum += mix(view, i * 16, i * 32);
    sum += mix(view, bytes - i * 16 - 16, i * 32 + 16);
  }
  return avalanche(sum);
}

function hash129to240(view: DataView, bytes: number): bigint {
  let sum = BigInt(bytes) * PRIME64_1;
  for (let i = 0; i < 8; i++) sum += mix(view, i * 16, i * 16);
  sum = avalanche(sum);
  for (let i = 8; i < bytes >> 4; i++) sum += mix(view, i * 16, (i - 8) * 16 + 3);
  return avalanche(sum + mix(view, bytes - 16, 119));
}

/** Mix 16 bytes of input with 16 bytes of the secret. */
function mix(view: DataView, byteOffset: number, secretOffset: number): bigint {
  return fold(
    view.getBigUint64(byteOffset, true) ^ secret64(secretOffset),
    view.getBigUint64(byteOffset + 8, true) ^ secret64(secretOffset + 8),
  );
}

/** The halves of the 128-bit product, xored. */
function fold(a: bigint, b: bigint): bigint {
  const product = a * b;
  return u64(product) ^ (product >> 64n);
}

function avalanche(sum: bigint): bigint {
  let value = u64(sum);
  value ^= value >> 37n;
  value = u64(value * PRIME_MX1);
  return value ^ (value >> 32n);
}

function avalancheXxh64(start: bigint): bigint {
  let value = start ^ (start >> 33n);
  value = u64(value * PRIME64_2);
  value ^= value >> 29n;
  value = u64(value * PRIME64_3);
  return value ^ (value >> 32n);
}

function rotateLeft(value: bigint, bits: bigint): bigint {
  return u64(value << bits) | (value >> (64n - bits));
}

function swapBytes(value: bigint): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, value, true);
  return view.getBigUint64(0, false);
}

function secret64(byteOffset: number): bigint {
  return new DataView(SECRET.buffer).getBigUint64(byteOffset, true);
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
