/**
 * The range decoder of LZMA: adaptive bits, trees of bits, and bits without a model. Numbers are
 * kept as 32-bit integers with a sign, which V8 holds unboxed; comparisons are unsigned.
 * Source: LZMA specification (Pavlov), "Range Decoder".
 */

/** A probability is of a 0 bit, in 2048ths. */
const MODEL_BITS = 11;
const MODEL_TOTAL = 1 << MODEL_BITS;
/** How fast a probability follows the bits. */
const MOVE_BITS = 5;
/** What every probability starts from. */
export const EVEN = MODEL_TOTAL / 2;

/** Bytes of a chunk that fill the decoder before the first bit. */
export const RANGE_HEAD_BYTES = 5;

/** Reads the bits of one chunk after another. The probabilities belong to the caller. */
export class RangeDecoder {
  #bytes = new Uint8Array(0);
  #at = 0;
  #range = 0;
  #code = 0;

  /**
   * Begin a chunk of RANGE_HEAD_BYTES bytes or more.
   *
   * @returns false if it cannot be one: its first byte is always 0
   */
  begin(bytes: Uint8Array): boolean {
    this.#bytes = bytes as Uint8Array<ArrayBuffer>;
    this.#at = RANGE_HEAD_BYTES;
    this.#range = -1;
    this.#code = (bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!;
    return bytes[0] === 0;
  }

  /** True if a chunk was used up to its last bit, and no further. */
  finished(): boolean {
    this.#normalize();
    return this.#at === this.#bytes.length && this.#code === 0;
  }

  /** One bit under the probability at `index`, which learns from it. */
  bit(probabilities: Uint16Array, index: number): number {
    this.#normalize();
    const probability = probabilities[index]!;
    const bound = Math.imul(this.#range >>> MODEL_BITS, probability);
    if (this.#code >>> 0 < bound >>> 0) {
      this.#range = bound;
      probabilities[index] = probability + ((MODEL_TOTAL - probability) >>> MOVE_BITS);
      return 0;
    }
    this.#range = (this.#range - bound) | 0;
    this.#code = (this.#code - bound) | 0;
    probabilities[index] = probability - (probability >>> MOVE_BITS);
    return 1;
  }

  /** `bits` bits, the highest first; each has a probability for what came before it. */
  tree(probabilities: Uint16Array, index: number, bits: number): number {
    let node = 1;
    for (let bit = 0; bit < bits; bit++) {
      node = (node << 1) | this.bit(probabilities, index + node);
    }
    return node - (1 << bits);
  }

  /** As tree, the lowest bit first. */
  reverseTree(probabilities: Uint16Array, index: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let bit = 0; bit < bits; bit++) {
      const one = this.bit(probabilities, index + node);
      node = (node << 1) | one;
      value |= one << bit;
    }
    return value;
  }

  /** `bits` bits that are as likely 0 as 1. */
  direct(bits: number): number {
    let value = 0;
    for (let bit = 0; bit < bits; bit++) {
      this.#normalize();
      this.#range >>>= 1;
      const one = this.#code >>> 0 < this.#range >>> 0 ? 0 : 1;
      if (one === 1) this.#code = (this.#code - this.#range) | 0;
      value = (value << 1) | one;
    }
    return value;
  }

  /**
   * A literal's 8 bits. While they are those of `expected`, the byte at the last match's distance,
   * they have probabilities of their own; pass 0x100 or more for none.
   */
  literal(probabilities: Uint16Array, index: number, expected: number): number {
    let node = 1;
    if (expected < 0x100) {
      do {
        const likely = (expected >>> 7) & 1;
        expected <<= 1;
        const one = this.bit(probabilities, index + 0x100 + (likely << 8) + node);
        node = (node << 1) | one;
        if (one !== likely) break;
      } while (node < 0x100);
    }
    while (node < 0x100) node = (node << 1) | this.bit(probabilities, index + node);
    return node & 0xff;
  }

  #normalize(): void {
    if (this.#range >>> 24 !== 0) return;
    this.#range <<= 8;
    // Beyond the chunk zeros are read; that it was too short shows when it is finished.
    this.#code = (this.#code << 8) | (this.#bytes[this.#at++] ?? 0);
  }
}
