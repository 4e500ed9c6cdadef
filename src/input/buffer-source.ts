/**
 * Bytes that are in memory already, as a source: for callers of the library, small inputs, tests.
 */
import type { Source } from "./source.js";

/** A seekable source over an array, which must not change while it is read. */
export class BufferSource implements Source {
  readonly name: string;
  readonly seekable = true;
  readonly immediate = true;
  readonly #bytes: Uint8Array;

  /** @param bytes  borrowed, never written to */
  constructor(bytes: Uint8Array, name = "(memory)") {
    this.name = name;
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  read(into: Uint8Array, byteOffset: number): number {
    const bytes = this.skip(byteOffset, into.length);
    into.set(this.#bytes.subarray(byteOffset, byteOffset + bytes));
    return bytes;
  }

  skip(byteOffset: number, bytes: number): number {
    return Math.max(0, Math.min(bytes, this.#bytes.length - byteOffset));
  }

  hold(): void {}

  release(): void {}

  close(): void {}
}
