/**
 * The bulk of XXH3-64 (inputs above 240 bytes) in u32 arithmetic: the eight accumulators, their
 * scrambling and the final merge. No bigint. Not the streaming, and not short inputs. Source:
 * xxHash specification, "XXH3 Algorithm Description (for large inputs)".
 *
 * Words are read as the platform stores them: a little-endian machine is assumed, as the whole
 * engine assumes it.
 */
import {
  LAST_STRIPE_SECRET,
  MERGE_SECRET,
  PRIME_MX1_HIGH,
  PRIME_MX1_LOW,
  PRIME32_1,
  PRIME64_1_HIGH,
  PRIME64_1_LOW,
  SCRAMBLE_SECRET,
  START_HIGH,
  START_LOW,
  STRIPE_SECRET,
} from "./xxh3-secret.js";

const TWO_POW_32 = 0x1_0000_0000;
/** Multiplying by it divides by 2^32 exactly. */
const TWO_POW_MINUS_32 = 1 / TWO_POW_32;

export const STRIPE_BYTES = 64;
export const STRIPE_WORDS = 16;
export const BLOCK_STRIPES = 16;
export const BLOCK_BYTES = STRIPE_BYTES * BLOCK_STRIPES;
export const BLOCK_WORDS = STRIPE_WORDS * BLOCK_STRIPES;

/**
 * The eight 64-bit accumulators of one hash, as u32 halves, and the result of the last merge.
 */
export class Xxh3Lanes {
  readonly #low = new Uint32Array(8);
  readonly #high = new Uint32Array(8);
  /** Result of the last finish(), unsigned halves. */
  resultLow = 0;
  resultHigh = 0;

  /** Begin a new hash. */
  start(): void {
    this.#low.set(START_LOW);
    this.#high.set(START_HIGH);
  }

  /** Become a copy of another hash in progress. */
  copyFrom(other: Xxh3Lanes): void {
    this.#low.set(other.#low);
    this.#high.set(other.#high);
  }

  /** Take a whole block of 1024 bytes that is not the last one of the input. */
  takeBlock(words: Uint32Array, at: number): void {
    this.#accumulate(words, at, BLOCK_STRIPES, STRIPE_SECRET);
    this.#scramble();
  }

  /** Take the first `stripes` stripes (0..15) of the last block. */
  takeStripes(words: Uint32Array, at: number, stripes: number): void {
    if (stripes > 0) this.#accumulate(words, at, stripes, STRIPE_SECRET);
  }

  /**
   * Take the input's last 64 bytes and merge; the accumulators are spent afterwards. The result is
   * left in `resultLow` and `resultHigh`.
   */
  finish(words: Uint32Array, lastStripeAt: number, inputBytes: number): void {
    this.#accumulate(words, lastStripeAt, 1, LAST_STRIPE_SECRET);
    const bytesLow = inputBytes >>> 0;
    const bytesHigh = Math.floor(inputBytes * TWO_POW_MINUS_32);
    let low = Math.imul(bytesLow, PRIME64_1_LOW) >>> 0;
    let high =
      (productHigh(bytesLow, PRIME64_1_LOW) +
        (Math.imul(bytesLow, PRIME64_1_HIGH) >>> 0) +
        (Math.imul(bytesHigh, PRIME64_1_LOW) >>> 0)) >>>
      0;
    for (let lane = 0; lane < 8; lane += 2) {
      this.#fold(lane);
      low += this.resultLow;
      high = (high + this.resultHigh + (low >= TWO_POW_32 ? 1 : 0)) >>> 0;
      low >>>= 0;
    }
    this.#avalanche(low, high);
  }

  /**
   * acc[i] += low(v) * high(v) with v = data[i] ^ secret[i], and acc[i ^ 1] += data[i], over
   * several stripes, two lanes at a time.
   *
   * A 64-bit sum is kept twice: modulo 2^32 in an integer, and whole but rounded in a float. The
   * float errs by less than 2^21 over 16 stripes, so float minus integer, divided by 2^32, is less
   * than 2^-11 away from the carry into the upper half: rounding gives it exactly. That costs one
   * multiplication more than the lower half alone instead of the four of 16-bit limbs.
   */
  #accumulate(words: Uint32Array, at: number, stripes: number, secret: Uint32Array): void {
    for (let lane = 0; lane < 8; lane += 2) {
      let low0 = 0;
      let low1 = 0;
      let high0 = 0;
      let high1 = 0;
      let sum0 = 0;
      let sum1 = 0;
      let d = at + lane * 2;
      let s = lane * 2;
      for (let n = 0; n < stripes; n++) {
        const data0 = words[d]!;
        const data0High = words[d + 1]!;
        const data1 = words[d + 2]!;
        const data1High = words[d + 3]!;
        const a = (data0 ^ secret[s]!) >>> 0;
        const b = (data0High ^ secret[s + 1]!) >>> 0;
        const c = (data1 ^ secret[s + 2]!) >>> 0;
        const e = (data1High ^ secret[s + 3]!) >>> 0;
        low0 = (low0 + Math.imul(a, b) + data1) | 0;
        high0 = (high0 + data1High) | 0;
        sum0 += a * b + data1;
        low1 = (low1 + Math.imul(c, e) + data0) | 0;
        high1 = (high1 + data0High) | 0;
        sum1 += c * e + data0;
        d += STRIPE_WORDS;
        s += 2;
      }
      this.#add(lane, low0 >>> 0, high0, sum0);
      this.#add(lane + 1, low1 >>> 0, high1, sum1);
    }
  }

  #add(lane: number, low: number, high: number, sum: number): void {
    const carried = nearest((sum - low) * TWO_POW_MINUS_32);
    const newLow = this.#low[lane]! + low;
    this.#low[lane] = newLow;
    this.#high[lane] = this.#high[lane]! + high + carried + (newLow >= TWO_POW_32 ? 1 : 0);
  }

  #scramble(): void {
    for (let lane = 0; lane < 8; lane++) {
      const high = this.#high[lane]!;
      const low = (this.#low[lane]! ^ (high >>> 15) ^ SCRAMBLE_SECRET[lane * 2]!) >>> 0;
      const keyed = high ^ SCRAMBLE_SECRET[lane * 2 + 1]!;
      this.#low[lane] = Math.imul(low, PRIME32_1);
      this.#high[lane] = productHigh(low, PRIME32_1) + Math.imul(keyed, PRIME32_1);
    }
  }

  /** The 128-bit product of two keyed lanes, its halves xored, into the result. */
  #fold(lane: number): void {
    const s = lane * 2;
    const aLow = (this.#low[lane]! ^ MERGE_SECRET[s]!) >>> 0;
    const aHigh = (this.#high[lane]! ^ MERGE_SECRET[s + 1]!) >>> 0;
    const bLow = (this.#low[lane + 1]! ^ MERGE_SECRET[s + 2]!) >>> 0;
    const bHigh = (this.#high[lane + 1]! ^ MERGE_SECRET[s + 3]!) >>> 0;
    const word0 = Math.imul(aLow, bLow);
    const middle =
      productHigh(aLow, bLow) + (Math.imul(aLow, bHigh) >>> 0) + (Math.imul(aHigh, bLow) >>> 0);
    const upper =
      productHigh(aLow, bHigh) +
      productHigh(aHigh, bLow) +
      (Math.imul(aHigh, bHigh) >>> 0) +
      Math.floor(middle * TWO_POW_MINUS_32);
    const word3 = productHigh(aHigh, bHigh) + Math.floor(upper * TWO_POW_MINUS_32);
    this.resultLow = (word0 ^ upper) >>> 0;
    this.resultHigh = (middle ^ word3) >>> 0;
  }

  /** x ^= x >> 37; x *= PRIME_MX1; x ^= x >> 32. */
  #avalanche(low: number, high: number): void {
    const mixed = (low ^ (high >>> 5)) >>> 0;
    const outHigh =
      productHigh(mixed, PRIME_MX1_LOW) +
      (Math.imul(mixed, PRIME_MX1_HIGH) >>> 0) +
      (Math.imul(high, PRIME_MX1_LOW) >>> 0);
    this.resultHigh = outHigh >>> 0;
    this.resultLow = (Math.imul(mixed, PRIME_MX1_LOW) ^ outHigh) >>> 0;
  }
}

/** Upper half of the product of two unsigned 32-bit numbers; the float trick of #accumulate(). */
function productHigh(a: number, b: number): number {
  return nearest((a * b - (Math.imul(a, b) >>> 0)) * TWO_POW_MINUS_32);
}

/** The integer nearest to a number above -0.5, modulo 2^32. Cheaper than Math.round(). */
function nearest(value: number): number {
  return (value + 0.5) >>> 0;
}
