/**
 * A Blob, or a File that a user picked in a browser, as an asynchronous source: any slice can be
 * read at any time. Small reads are served from a read-ahead window.
 */
import type { AsyncSource, MaybePromise } from "./source.js";
import { readFailed } from "./source.js";
import { orAborted } from "./stream-source.js";

/** A slice costs a trip to another process in a browser: read ahead more than of a file. */
const WINDOW_BYTES = 64 * 1024;
/** Bytes of a large read that are in memory twice at a time. */
const SLICE_BYTES = 4 * 1024 * 1024;

/** A slice of a Blob. */
export interface BlobSlice {
  /** All its bytes; the caller's own. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The part of a Blob that is needed here. */
export interface BlobLike {
  /** In bytes. */
  readonly size: number;
  /** The bytes from `start` up to `end`, which is not among them. */
  slice(start: number, end: number): BlobSlice;
}

/** A seekable asynchronous source over a Blob. */
export class BlobSource implements AsyncSource {
  readonly name: string;
  readonly seekable = true;
  readonly #blob: BlobLike;
  #window = new Uint8Array(0);
  #windowOffset = 0;

  /** @param name  for messages; a File's own name does well */
  constructor(blob: BlobLike, name = "(blob)") {
    this.name = name;
    this.#blob = blob;
  }

  get size(): number {
    return this.#blob.size;
  }

  read(into: Uint8Array, byteOffset: number, signal?: AbortSignal): MaybePromise<number> {
    const bytes = this.skip(byteOffset, into.length);
    const at = byteOffset - this.#windowOffset;
    if (at >= 0 && at + bytes <= this.#window.length) {
      into.set(this.#window.subarray(at, at + bytes));
      return bytes;
    }
    if (bytes === 0) return 0;
    return this.#fetch(into, bytes, byteOffset, signal);
  }

  skip(byteOffset: number, bytes: number): number {
    return Math.max(0, Math.min(bytes, this.#blob.size - byteOffset));
  }

  hold(): void {}

  release(): void {}

  close(): void {
    this.#window = new Uint8Array(0);
  }

  async #fetch(
    into: Uint8Array,
    bytes: number,
    byteOffset: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    if (bytes < WINDOW_BYTES) {
      this.#window = await this.#slice(byteOffset, WINDOW_BYTES, signal);
      this.#windowOffset = byteOffset;
      const got = Math.min(bytes, this.#window.length);
      into.set(this.#window.subarray(0, got));
      return got;
    }
    let got = 0;
    while (got < bytes) {
      const slice = await this.#slice(byteOffset + got, Math.min(SLICE_BYTES, bytes - got), signal);
      if (slice.length === 0) break;
      into.set(slice, got);
      got += slice.length;
    }
    return got;
  }

  async #slice(
    byteOffset: number,
    bytes: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const slice = this.#blob.slice(byteOffset, byteOffset + bytes);
    try {
      return new Uint8Array(await orAborted(slice.arrayBuffer(), signal));
    } catch (error) {
      if (signal?.aborted === true && error === signal.reason) throw error;
      throw readFailed(this.name, byteOffset, error);
    }
  }
}
