/**
 * Pairs of pfn and page digest on their way into a hash: 16 bytes each, gathered so that the hash is
 * fed in long pieces. Source: port, foldWindow().
 */
import { TWO_POW_32 } from "../../format/index.js";
import type { Xxh3 } from "../port.js";

const PAIR_WORDS = 4;
const PAIRS_GATHERED = 1024;

/** Gathers pairs for one hash at a time. */
export class PairFold {
  readonly #words = new Uint32Array(PAIRS_GATHERED * PAIR_WORDS);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  #gathered = 0;

  /** Add a pair; the digest comes as halves. */
  add(pfn: number, digestLow: number, digestHigh: number, into: Xxh3): void {
    if (this.#gathered === PAIRS_GATHERED) this.flush(into);
    const at = this.#gathered * PAIR_WORDS;
    this.#words[at] = pfn % TWO_POW_32;
    this.#words[at + 1] = Math.floor(pfn / TWO_POW_32);
    this.#words[at + 2] = digestLow;
    this.#words[at + 3] = digestHigh;
    this.#gathered += 1;
  }

  /** Give the hash what was gathered: nothing may be left for another one. */
  flush(into: Xxh3): void {
    into.update(this.#bytes.subarray(0, this.#gathered * PAIR_WORDS * 4));
    this.#gathered = 0;
  }
}
