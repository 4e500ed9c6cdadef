/**
 * XXH3-64 of up to 240 bytes, with seed 0, and the mixing steps that all lengths share. Used for
 * streams of bytes only: pages are long.
 *
 * Source: xxHash, specification of the XXH3 algorithm.
 */
import { CONSTANTS } from "./generated/layout";

export const PRIME32_1: u64 = 0x9e3779b1;
export const PRIME32_2: u64 = 0x85ebca77;
export const PRIME32_3: u64 = 0xc2b2ae3d;
export const PRIME64_1: u64 = 0x9e3779b185ebca87;
export const PRIME64_2: u64 = 0xc2b2ae3d27d4eb4f;
export const PRIME64_3: u64 = 0x165667b19e3779f9;
export const PRIME64_4: u64 = 0x85ebca77c2b2ae63;
export const PRIME64_5: u64 = 0x27d4eb2f165667c5;
const PRIME_MX1: u64 = 0x165667919e3779f9;
const PRIME_MX2: u64 = 0x9fb21c651e98df25;
/** Where in the secret the second half of a middle input begins, and its last 16 bytes. */
const SECRET_SECOND_ROUNDS: usize = CONSTANTS + 3;
const SECRET_MIDDLE_LAST: usize = CONSTANTS + 136 - 17;

/** Final mix of all forms but the shortest. */
export function avalanche(value: u64): u64 {
  let hash = value ^ (value >> 37);
  hash *= PRIME_MX1;
  return hash ^ (hash >> 32);
}

/** Lower xor upper half of the 128-bit product. */
export function foldedProduct(left: u64, right: u64): u64 {
  const leftLow = left & 0xffffffff;
  const leftHigh = left >> 32;
  const rightLow = right & 0xffffffff;
  const rightHigh = right >> 32;
  const low = leftLow * rightLow;
  const cross = leftHigh * rightLow + (low >> 32);
  const middle = leftLow * rightHigh + (cross & 0xffffffff);
  const upper = leftHigh * rightHigh + (cross >> 32) + (middle >> 32);
  const lower = (middle << 32) | (low & 0xffffffff);
  return lower ^ upper;
}

/** XXH3-64 of `bytes` (0..240) bytes. */
export function shortDigest(input: usize, bytes: u32): u64 {
  if (bytes > 128) return digestTo240(input, bytes);
  if (bytes > 16) return digestTo128(input, bytes);
  if (bytes > 8) return digestTo16(input, bytes);
  if (bytes >= 4) return digestTo8(input, bytes);
  if (bytes > 0) return digestTo3(input, bytes);
  return oldAvalanche(load<u64>(CONSTANTS, 56) ^ load<u64>(CONSTANTS, 64));
}

/** Final mix of the forms up to three bytes, as in XXH64. */
function oldAvalanche(value: u64): u64 {
  let hash = value ^ (value >> 33);
  hash *= PRIME64_2;
  hash ^= hash >> 29;
  hash *= PRIME64_3;
  return hash ^ (hash >> 32);
}

function digestTo3(input: usize, bytes: u32): u64 {
  const first: u32 = load<u8>(input);
  const middle: u32 = load<u8>(input + (bytes >> 1));
  const last: u32 = load<u8>(input + bytes - 1);
  const combined: u32 = (first << 16) | (middle << 24) | last | (bytes << 8);
  const flip = load<u32>(CONSTANTS) ^ load<u32>(CONSTANTS, 4);
  return oldAvalanche(<u64>(combined ^ flip));
}

function digestTo8(input: usize, bytes: u32): u64 {
  const first: u64 = load<u32>(input);
  const last: u64 = load<u32>(input + bytes - 4);
  const flip = load<u64>(CONSTANTS, 8) ^ load<u64>(CONSTANTS, 16);
  let hash = (last + (first << 32)) ^ flip;
  hash ^= rotl<u64>(hash, 49) ^ rotl<u64>(hash, 24);
  hash *= PRIME_MX2;
  hash ^= (hash >> 35) + bytes;
  hash *= PRIME_MX2;
  return hash ^ (hash >> 28);
}

function digestTo16(input: usize, bytes: u32): u64 {
  const flipFirst = load<u64>(CONSTANTS, 24) ^ load<u64>(CONSTANTS, 32);
  const flipLast = load<u64>(CONSTANTS, 40) ^ load<u64>(CONSTANTS, 48);
  const first = load<u64>(input) ^ flipFirst;
  const last = load<u64>(input + bytes - 8) ^ flipLast;
  return avalanche(<u64>bytes + bswap<u64>(first) + last + foldedProduct(first, last));
}

function digestTo128(input: usize, bytes: u32): u64 {
  let hash = <u64>bytes * PRIME64_1;
  const rounds = (bytes - 1) >> 5;
  for (let round: u32 = 0; round <= rounds; round++) {
    const offset = <usize>round << 4;
    const secret = CONSTANTS + (offset << 1);
    hash += mix16(input + offset, secret);
    hash += mix16(input + bytes - 16 - offset, secret + 16);
  }
  return avalanche(hash);
}

function digestTo240(input: usize, bytes: u32): u64 {
  let hash = <u64>bytes * PRIME64_1;
  for (let offset: usize = 0; offset < 128; offset += 16) {
    hash += mix16(input + offset, CONSTANTS + offset);
  }
  hash = avalanche(hash);
  for (let offset: usize = 128; offset + 16 <= bytes; offset += 16) {
    hash += mix16(input + offset, SECRET_SECOND_ROUNDS + offset - 128);
  }
  return avalanche(hash + mix16(input + bytes - 16, SECRET_MIDDLE_LAST));
}

@inline
function mix16(input: usize, secret: usize): u64 {
  return foldedProduct(
    load<u64>(input) ^ load<u64>(secret),
    load<u64>(input, 8) ^ load<u64>(secret, 8),
  );
}
