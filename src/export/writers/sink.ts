/**
 * Where writers put their bytes. One synchronous call a chunk, so that a file, standard output, a
 * hash and an array in memory are all sinks, and nothing has to be held back. Sinks that touch the
 * platform are in ops/output.ts.
 */

/** Takes bytes in order. */
export interface ByteSink {
  /**
   * Take all of `bytes` before returning.
   *
   * @param bytes the caller's: it may be written over once the call returned, so copy what you keep
   */
  write(bytes: Uint8Array): void;
}

/** A sink that keeps everything, for small streams and tests. */
export class MemorySink implements ByteSink {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  write(bytes: Uint8Array): void {
    this.#chunks.push(bytes.slice());
    this.#length += bytes.length;
  }

  /** All bytes so far, in memory of their own. */
  bytes(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let offset = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, offset);
      offset += chunk.length;
    }
    return whole;
  }
}
