/**
 * XXH3-64, seed 0 and default secret: the digest of one page, and the streaming hash of the port.
 * The arithmetic lies in xxh3-lanes.ts and xxh3-short.ts. Source: xxHash specification.
 */
import { PAGE_BYTES } from "../../format/index.js";
import type { Xxh3 } from "../port.js";
import { BLOCK_BYTES, BLOCK_WORDS, STRIPE_BYTES, STRIPE_WORDS, Xxh3Lanes } from "./xxh3-lanes.js";
import { SHORT_INPUT_BYTES, xxh3Short } from "./xxh3-short.js";

const PAGE_WORDS = PAGE_BYTES / 4;
/** Bytes gathered before they are hashed: whole blocks, so that small updates cost little. */
const GATHERED_BYTES = 16 * BLOCK_BYTES;

/**
 * Hash one page.
 *
 * @param lanes  scratch; its `resultLow` and `resultHigh` are the digest afterwards
 * @param words  memory that holds the page from word `at` on
 */
export function digestPage(lanes: Xxh3Lanes, words: Uint32Array, at: number): void {
  lanes.start();
  const lastBlock = at + PAGE_WORDS - BLOCK_WORDS;
  for (let block = at; block < lastBlock; block += BLOCK_WORDS) lanes.takeBlock(words, block);
  lanes.takeStripes(words, lastBlock, BLOCK_BYTES / STRIPE_BYTES - 1);
  lanes.finish(words, at + PAGE_WORDS - STRIPE_WORDS, PAGE_BYTES);
}

/**
 * The streaming hash. Up to GATHERED_BYTES wait in a buffer behind the 64 bytes that went before
 * them, because the last 64 bytes of the input are hashed once more, wherever a block ends:
 *
 *   buffer   0..63 last bytes hashed so far | 64.. gathered bytes, not yet hashed
 */
export class ReferenceXxh3 implements Xxh3 {
  readonly #lanes = new Xxh3Lanes();
  readonly #finishing = new Xxh3Lanes();
  readonly #buffer = new Uint8Array(STRIPE_BYTES + GATHERED_BYTES);
  readonly #words = new Uint32Array(this.#buffer.buffer);
  readonly #lastStripe = new Uint8Array(STRIPE_BYTES);
  readonly #lastWords = new Uint32Array(this.#lastStripe.buffer);
  #gathered = 0;
  #inputBytes = 0;

  constructor() {
    this.reset();
  }

  reset(): void {
    this.#lanes.start();
    this.#gathered = 0;
    this.#inputBytes = 0;
  }

  update(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#gathered === GATHERED_BYTES) this.#hashGathered();
      const step = Math.min(GATHERED_BYTES - this.#gathered, bytes.length - at);
      this.#buffer.set(bytes.subarray(at, at + step), STRIPE_BYTES + this.#gathered);
      this.#gathered += step;
      at += step;
    }
    this.#inputBytes += bytes.length;
  }

  digest(): bigint {
    const gathered = this.#gathered;
    if (this.#inputBytes <= SHORT_INPUT_BYTES) {
      return xxh3Short(this.#buffer.subarray(STRIPE_BYTES, STRIPE_BYTES + gathered));
    }
    const lanes = this.#finishing;
    lanes.copyFrom(this.#lanes);
    let at = STRIPE_WORDS;
    let left = gathered;
    for (; left > BLOCK_BYTES; left -= BLOCK_BYTES) {
      lanes.takeBlock(this.#words, at);
      at += BLOCK_WORDS;
    }
    lanes.takeStripes(this.#words, at, Math.ceil(left / STRIPE_BYTES) - 1);
    this.#lastStripe.set(this.#buffer.subarray(gathered, gathered + STRIPE_BYTES));
    lanes.finish(this.#lastWords, 0, this.#inputBytes);
    return (BigInt(lanes.resultHigh) << 32n) | BigInt(lanes.resultLow);
  }

  /** Hash the full buffer; only when more input follows, for the last block ends otherwise. */
  #hashGathered(): void {
    for (let at = STRIPE_WORDS; at < this.#words.length; at += BLOCK_WORDS) {
      this.#lanes.takeBlock(this.#words, at);
    }
    this.#buffer.copyWithin(0, GATHERED_BYTES);
    this.#gathered = 0;
  }
}
