/**
 * A compressed block of Zstandard: its literals, then the sequences that weave literals and matches
 * together, then the literals that are left. Source: RFC 8878, 3.1.1.3.
 */
import type { History } from "./history.js";
import { Damage } from "./zstd-entropy.js";
import { LiteralsDecoder } from "./zstd-literals.js";
import { SequencesDecoder } from "./zstd-sequences.js";

/** Zero bytes on both sides of a block, so that 32 bits can be loaded at any bit of it. */
const MARGIN_BYTES = 8;

/** Decodes the compressed blocks of one frame, in order. */
export class BlockDecoder {
  readonly #history: History;
  readonly #largest: number;
  readonly #bytes: Uint8Array;
  readonly #literals: LiteralsDecoder;
  readonly #sequences: SequencesDecoder;

  /** @param largest  bytes that a block may have, and may decode to */
  constructor(history: History, largest: number) {
    this.#history = history;
    this.#largest = largest;
    this.#bytes = new Uint8Array(largest + 2 * MARGIN_BYTES);
    const block = { bytes: this.#bytes, view: new DataView(this.#bytes.buffer) };
    this.#literals = new LiteralsDecoder(block, largest);
    this.#sequences = new SequencesDecoder(block, this.#literals, history);
  }

  /**
   * Decode one block to the end of the history, where `largest` bytes of room must be.
   *
   * @returns null, or what is wrong with the block; the frame is lost then
   */
  decode(piece: Uint8Array): string | null {
    const end = MARGIN_BYTES + piece.length;
    this.#bytes.set(piece, MARGIN_BYTES);
    this.#bytes.fill(0, end, end + MARGIN_BYTES);
    const outEnd = this.#history.end + this.#largest;
    try {
      const at = this.#literals.read(MARGIN_BYTES, end);
      const used = this.#sequences.run(at, end, outEnd);
      this.#appendLiterals(used, outEnd);
      return null;
    } catch (error) {
      if (error instanceof Damage) return error.message;
      throw error;
    }
  }

  /** The literals behind the last sequence. */
  #appendLiterals(used: number, outEnd: number): void {
    const history = this.#history;
    const rest = this.#literals.bytes.subarray(used, this.#literals.count);
    if (history.end + rest.length > outEnd) throw new Damage("a block that is too long");
    history.memory.set(rest, history.end);
    history.end += rest.length;
  }
}
