/**
 * An asynchronous source over chunks that come one after another: a Node Readable, a web stream, an
 * async generator. Read forwards only; keeping what is still wanted is ByteQueue's work.
 */
import { XenstreamError } from "../findings/index.js";
import { ByteQueue } from "./byte-queue.js";
import type { AsyncSource, MaybePromise } from "./source.js";
import { inputError, readFailed } from "./source.js";

/** What chunks come from. A Node Readable is one; it is destroyed when the source is closed. */
export interface ByteChunks extends AsyncIterable<Uint8Array> {
  /** Stops what makes the chunks; called when the source is closed. */
  destroy?: () => unknown;
}

/** A forward-only asynchronous source with holds. */
export class StreamSource implements AsyncSource {
  readonly name: string;
  readonly seekable = false;
  readonly #chunks: ByteChunks;
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #queue: ByteQueue;
  #ended = false;
  #open = true;

  /**
   * @param chunks        each chunk is taken over: its memory must not change any more
   * @param maxHeldBytes  what a hold may keep (`--max-memory`)
   */
  constructor(name: string, chunks: ByteChunks, maxHeldBytes: number) {
    this.name = name;
    this.#chunks = chunks;
    this.#iterator = chunks[Symbol.asyncIterator]();
    this.#queue = new ByteQueue(name, maxHeldBytes);
  }

  /** Known once the end was seen. */
  get size(): number | null {
    return this.#ended ? this.#queue.endOffset : null;
  }

  read(into: Uint8Array, byteOffset: number, signal?: AbortSignal): MaybePromise<number> {
    const queue = this.#queue;
    queue.require(byteOffset);
    const got = queue.copy(byteOffset, into);
    if (got < into.length && !this.#ended) return this.#readOn(into, got, byteOffset, signal);
    queue.consumed(byteOffset + got);
    return got;
  }

  skip(byteOffset: number, bytes: number, signal?: AbortSignal): MaybePromise<number> {
    const queue = this.#queue;
    queue.require(byteOffset);
    if (queue.endOffset < byteOffset + bytes && !this.#ended) {
      return this.#advance(byteOffset + bytes, signal).then(() => this.#skipped(byteOffset, bytes));
    }
    return this.#skipped(byteOffset, bytes);
  }

  hold(byteOffset: number): void {
    this.#queue.hold(byteOffset);
  }

  release(byteOffset: number): void {
    this.#queue.release(byteOffset);
  }

  /** Does not wait for a chunk that is under way: it may never come. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#ended = true;
    this.#chunks.destroy?.();
    // A failure to stop what nobody reads any more is nobody's concern.
    this.#iterator.return?.().catch(() => {});
  }

  async #readOn(
    into: Uint8Array,
    already: number,
    byteOffset: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const queue = this.#queue;
    let got = already;
    if (byteOffset > queue.endOffset) {
      await this.#advance(byteOffset, signal);
      got = queue.copy(byteOffset, into);
    }
    while (got < into.length && (await this.#next(signal))) {
      got += queue.copy(byteOffset + got, into.subarray(got));
      queue.consumed(byteOffset + got);
    }
    queue.consumed(byteOffset + got);
    return got;
  }

  /** Bring the input to `byteOffset` or its end. */
  async #advance(byteOffset: number, signal: AbortSignal | undefined): Promise<void> {
    const queue = this.#queue;
    queue.consumed(Math.min(byteOffset, queue.endOffset));
    while (queue.endOffset < byteOffset && (await this.#next(signal))) {
      queue.consumed(Math.min(byteOffset, queue.endOffset));
    }
  }

  #skipped(byteOffset: number, bytes: number): number {
    const present = Math.max(0, Math.min(bytes, this.#queue.endOffset - byteOffset));
    this.#queue.consumed(byteOffset + present);
    return present;
  }

  /** Take the next chunk in. @returns false at the end of the input */
  async #next(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#ended) return false;
    const byteOffset = this.#queue.endOffset;
    const result = await orAborted(this.#iterator.next(), signal).catch((error: unknown) => {
      if (signal?.aborted === true && error === signal.reason) throw error;
      throw error instanceof XenstreamError ? error : readFailed(this.name, byteOffset, error);
    });
    if (result.done === true) {
      this.#ended = true;
      return false;
    }
    if (!(result.value instanceof Uint8Array)) {
      const message = `gave a chunk at byte ${byteOffset} that is no bytes`;
      throw inputError("read-failed", this.name, message, { byteOffset });
    }
    this.#queue.append(result.value);
    return true;
  }
}

/** The promise's outcome, or a rejection with the signal's reason if that comes first. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
