/**
 * Pseudo-random numbers that are the same on every machine: 32-bit integer arithmetic alone, no
 * clock, no platform byte order. Not for secrets. xoshiro128** and the mixing constants are those
 * that their authors published (Blackman and Vigna; Appleby's murmur3 finaliser).
 */

/** A seed as two u32 words. */
export interface Seed {
  readonly low: number;
  readonly high: number;
}

/** Split a whole number below 2^53. */
export function seedOf(value: number): Seed {
  return { low: value >>> 0, high: Math.floor(value / 2 ** 32) >>> 0 };
}

function finalise(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A u32 that depends on both words, evenly spread. */
export function mix(a: number, b: number): number {
  return finalise(finalise(a ^ 0x9e3779b9) + Math.imul(b, 0x2545f491) + 0x7f4a7c15);
}

/** A salt of its own for one purpose of a seed. */
export function saltOf(seed: Seed, purpose: number): number {
  return mix(mix(seed.low, seed.high), purpose);
}

/** A stream of u32 words: xoshiro128**. */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  constructor(salt: number, index: number) {
    this.reset(salt, index);
  }

  /** Begin the stream of (salt, index) anew. */
  reset(salt: number, index: number): void {
    this.#a = mix(salt, index);
    this.#b = mix(this.#a, 1);
    this.#c = mix(this.#a, 2);
    // The state must not be all zero.
    this.#d = mix(this.#a, 3) | 1;
  }

  /** The next u32. */
  next(): number {
    const b = this.#b;
    const times5 = Math.imul(b, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const shifted = b << 9;
    const c = this.#c ^ this.#a;
    const d = this.#d ^ b;
    this.#b = b ^ c;
    this.#a ^= d;
    this.#c = c ^ shifted;
    this.#d = (d << 11) | (d >>> 21);
    return result;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return this.next() % limit;
  }

  /** The next 64 bits. */
  next64(): bigint {
    return (BigInt(this.next()) << 32n) | BigInt(this.next());
  }

  /** Fill all of `bytes`, whose length is a multiple of 4. The state is kept in locals: hot. */
  fill(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    for (let at = 0; at < bytes.length; at += 4) {
      const times5 = Math.imul(b, 5);
      view.setUint32(at, Math.imul((times5 << 7) | (times5 >>> 25), 9), true);
      const shifted = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= shifted;
      d = (d << 11) | (d >>> 21);
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }
}
