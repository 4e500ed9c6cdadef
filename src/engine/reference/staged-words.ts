/**
 * A list of u32 words that grows by chunks, so that it never holds twice what it contains, and
 * gives back what an exceptional batch made it grow to. What the words mean is batch.ts.
 */

const CHUNK_SHIFT = 18;
const CHUNK_WORDS = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK_WORDS - 1;
/** Chunks kept when the list is cleared: 1 MiB. */
const CHUNKS_KEPT = 1;

export class StagedWords {
  readonly #chunks: Uint32Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
    if (this.#chunks.length > CHUNKS_KEPT) this.#chunks.length = CHUNKS_KEPT;
  }

  /** Append a word. */
  push(word: number): void {
    const at = this.#length;
    let chunk = this.#chunks[at >>> CHUNK_SHIFT];
    if (chunk === undefined) {
      chunk = new Uint32Array(CHUNK_WORDS);
      this.#chunks.push(chunk);
    }
    chunk[at & CHUNK_MASK] = word;
    this.#length = at + 1;
  }

  /** The word at a position below `length`, unsigned. */
  at(position: number): number {
    return this.#chunks[position >>> CHUNK_SHIFT]![position & CHUNK_MASK]!;
  }
}
