/**
 * Finds the frame that already holds a page's contents, so that equal pages of a bank share one.
 * Exact: a hit is confirmed by comparing bytes, and no equal frame is missed.
 *
 * Hashing every page whole would cost more than copying it, so there are two stages. 32 words of
 * the page choose a bucket; a page whose bucket is empty is new, and nothing more is hashed. Only
 * when a bucket has more than one frame are its frames hashed whole and chained:
 *
 *   bucket    0 empty | n > 0: frame n - 1, alone, not chained | n < 0: -n frames, all chained
 *   chain     heads[whole hash] -> frame -> next -> ...
 *
 * The whole hash is keyed with random words drawn per engine: an image made to collide would need
 * them, so a hostile image costs the second stage but never long chains. No result depends on it.
 */
import { PAGE_BYTES } from "../../format/index.js";
import { doubled, type FrameArena } from "./arena.js";
import type { PageComparer } from "./compare.js";

const PAGE_WORDS = PAGE_BYTES / 4;
const INITIAL_FRAMES = 4096;
/** Buckets per frame: sparse, for a bucket shared by chance costs a whole hash. */
const BUCKETS_PER_FRAME = 8;
/** Multipliers of the sample, odd and without pattern (primes of XXH32). */
const MIX_1 = 0x9e3779b1;
const MIX_2 = 0x85ebca77;
const MIX_3 = 0xc2b2ae3d;
const MIX_4 = 0x27d4eb2f;

/** Index of the contents of a guest's frames. */
export class ContentIndex {
  readonly #arena: FrameArena;
  readonly #compare: PageComparer;
  readonly #key = Uint32Array.from({ length: PAGE_WORDS }, () => Math.random() * 0x1_0000_0000);
  readonly #float = new Float64Array(1);
  readonly #floatWords = new Uint32Array(this.#float.buffer);
  #buckets = new Int32Array(INITIAL_FRAMES * BUCKETS_PER_FRAME);
  /** Frame + 1 that a chain begins with, by whole hash; 0 = empty. */
  #heads = new Uint32Array(INITIAL_FRAMES);
  // By frame: sample, whole hash (0 = not made yet), bank, and frame + 1 that follows in its chain.
  #samples = new Uint32Array(INITIAL_FRAMES);
  #hashes = new Uint32Array(INITIAL_FRAMES);
  #banks = new Uint32Array(INITIAL_FRAMES);
  #nexts = new Uint32Array(INITIAL_FRAMES);
  #used = false;
  /** Of the page that find() looked for last; the hash is 0 if it was not needed. */
  #sample = 0;
  #hash = 0;

  constructor(arena: FrameArena, compare: PageComparer) {
    this.#arena = arena;
    this.#compare = compare;
  }

  /** Forget every frame. */
  reset(): void {
    if (!this.#used) return;
    this.#buckets.fill(0);
    this.#heads.fill(0);
    this.#used = false;
  }

  /**
   * Look for a frame of `bank` with the contents of a page.
   *
   * @param words  memory that holds the page from word `at` on; `page` is a view of the same page
   * @returns the frame, or -1
   */
  find(words: Uint32Array, at: number, page: Uint8Array, bank: number): number {
    this.#sample = sampleOf(words, at, bank);
    this.#hash = 0;
    const bucket = this.#buckets[this.#sample & (this.#buckets.length - 1)]!;
    if (bucket === 0) return -1;
    if (bucket > 0) return this.#holds(bucket - 1, page, bank) ? bucket - 1 : -1;
    const hash = this.#hashOf(words, at);
    this.#hash = hash;
    let next = this.#heads[hash & (this.#heads.length - 1)]!;
    while (next !== 0) {
      const frame = next - 1;
      if (this.#hashes[frame] === hash && this.#holds(frame, page, bank)) return frame;
      next = this.#nexts[frame]!;
    }
    return -1;
  }

  /** Add a frame that holds the page which find() just looked for in vain. */
  add(frame: number, bank: number): void {
    this.#used = true;
    if (frame >= this.#samples.length) this.#grow();
    this.#samples[frame] = this.#sample;
    this.#hashes[frame] = this.#hash;
    this.#banks[frame] = bank;
    this.#enter(frame);
  }

  /** Take a frame out; its contents must still be those it was added with. */
  remove(frame: number): void {
    const slot = this.#samples[frame]! & (this.#buckets.length - 1);
    const bucket = this.#buckets[slot]!;
    if (bucket > 0) {
      this.#buckets[slot] = 0;
      return;
    }
    this.#buckets[slot] = bucket + 1;
    const head = this.#hashes[frame]! & (this.#heads.length - 1);
    let before = this.#heads[head]! - 1;
    if (before === frame) {
      this.#heads[head] = this.#nexts[frame]!;
      return;
    }
    while (this.#nexts[before] !== frame + 1) before = this.#nexts[before]! - 1;
    this.#nexts[before] = this.#nexts[frame]!;
  }

  #holds(frame: number, page: Uint8Array, bank: number): boolean {
    return this.#banks[frame] === bank && this.#compare(page, this.#arena.bytesOf(frame)) === 0;
  }

  #enter(frame: number): void {
    const slot = this.#samples[frame]! & (this.#buckets.length - 1);
    const bucket = this.#buckets[slot]!;
    if (bucket === 0) {
      this.#buckets[slot] = frame + 1;
      return;
    }
    if (bucket > 0) this.#chain(bucket - 1);
    this.#chain(frame);
    this.#buckets[slot] = bucket > 0 ? -2 : bucket - 1;
  }

  #chain(frame: number): void {
    let hash = this.#hashes[frame]!;
    if (hash === 0) {
      hash = this.#hashOf(this.#arena.wordsOf(frame), this.#arena.wordOffset(frame));
      this.#hashes[frame] = hash;
    }
    const head = hash & (this.#heads.length - 1);
    this.#nexts[frame] = this.#heads[head]!;
    this.#heads[head] = frame + 1;
  }

  /** Make room for twice as many frames and enter those in use again. */
  #grow(): void {
    const frames = this.#samples.length;
    this.#samples = doubled(this.#samples);
    this.#hashes = doubled(this.#hashes);
    this.#banks = doubled(this.#banks);
    this.#nexts = doubled(this.#nexts);
    this.#heads = new Uint32Array(this.#samples.length);
    this.#buckets = new Int32Array(this.#samples.length * BUCKETS_PER_FRAME);
    for (let frame = 0; frame < frames; frame++) {
      if (this.#arena.usesOf(frame) > 0) this.#enter(frame);
    }
  }

  /**
   * Keyed hash of a whole page, never 0: a sum of products of keyed words (a universal family), in
   * floats, which are exact enough for that and have the widest products.
   */
  #hashOf(words: Uint32Array, at: number): number {
    const key = this.#key;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let i = 0; i < PAGE_WORDS; i += 8) {
      const w = at + i;
      sum0 += ((words[w]! ^ key[i]!) >>> 0) * ((words[w + 1]! ^ key[i + 1]!) >>> 0);
      sum1 += ((words[w + 2]! ^ key[i + 2]!) >>> 0) * ((words[w + 3]! ^ key[i + 3]!) >>> 0);
      sum2 += ((words[w + 4]! ^ key[i + 4]!) >>> 0) * ((words[w + 5]! ^ key[i + 5]!) >>> 0);
      sum3 += ((words[w + 6]! ^ key[i + 6]!) >>> 0) * ((words[w + 7]! ^ key[i + 7]!) >>> 0);
    }
    this.#float[0] = sum0 + sum1 + sum2 + sum3;
    const hash = Math.imul(this.#floatWords[0]! ^ this.#floatWords[1]!, MIX_1);
    return (hash ^ (hash >>> 15)) >>> 0 || 1;
  }
}

/** Hash of 32 words, spread over the page, and of the bank. */
function sampleOf(words: Uint32Array, at: number, bank: number): number {
  let a = bank;
  let b = MIX_1;
  let c = MIX_2;
  let d = MIX_3;
  for (let w = at; w < at + PAGE_WORDS; w += 128) {
    a = Math.imul(a ^ words[w]!, MIX_1);
    b = Math.imul(b ^ words[w + 33]!, MIX_2);
    c = Math.imul(c ^ words[w + 66]!, MIX_3);
    d = Math.imul(d ^ words[w + 99]!, MIX_4);
  }
  a = Math.imul(a ^ (a >>> 15) ^ (b >>> 7), MIX_2) ^ Math.imul(c ^ (c >>> 13) ^ (d >>> 11), MIX_3);
  return (a ^ (a >>> 15) ^ b ^ d) >>> 0;
}
