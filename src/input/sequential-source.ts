/**
 * A synchronous source that can only be read forwards: a pipe, or what a decompressor gives. What
 * pulls the bytes is passed in; keeping those that are still wanted is ByteQueue's work.
 */
import { closeSync } from "node:fs";
import { ByteQueue } from "./byte-queue.js";
import type { FdIo } from "./fd.js";
import { NODE_FD_IO, readSome } from "./fd.js";
import type { Source } from "./source.js";

/** Reads of this size or more go straight into the reader's memory, smaller ones are read ahead. */
const DIRECT_BYTES = 16 * 1024;

/** Where the bytes of a sequential source come from. */
export interface Puller {
  /**
   * Put the next bytes at the start of `into`, which has room for one.
   *
   * @param byteOffset  of those bytes, for errors
   * @returns bytes put, at least one; 0 only at the end, and from then on always
   */
  pull(into: Uint8Array, byteOffset: number): number;
  close(): void;
}

/** A forward-only source with read-ahead and holds. */
export class SequentialSource implements Source {
  readonly name: string;
  readonly seekable = false;
  readonly immediate = true;
  readonly #puller: Puller;
  readonly #queue: ByteQueue;
  #ended = false;
  #open = true;

  /**
   * @param maxHeldBytes  what a hold may keep (`--max-memory`)
   */
  constructor(name: string, puller: Puller, maxHeldBytes: number) {
    this.name = name;
    this.#puller = puller;
    this.#queue = new ByteQueue(name, maxHeldBytes);
  }

  /** Known once the end was seen. */
  get size(): number | null {
    return this.#ended ? this.#queue.endOffset : null;
  }

  read(into: Uint8Array, byteOffset: number): number {
    const queue = this.#queue;
    queue.require(byteOffset);
    if (byteOffset > queue.endOffset) this.#advance(byteOffset);
    let got = queue.copy(byteOffset, into);
    while (got < into.length && !this.#ended && byteOffset + got === queue.endOffset) {
      const direct = queue.unkept(into.length - got);
      if (direct >= DIRECT_BYTES) {
        got += this.#past(into.subarray(got, got + direct));
      } else if (this.#fill(into.length - got)) {
        got += queue.copy(byteOffset + got, into.subarray(got));
      }
    }
    queue.consumed(byteOffset + got);
    return got;
  }

  skip(byteOffset: number, bytes: number): number {
    const queue = this.#queue;
    queue.require(byteOffset);
    this.#advance(byteOffset + bytes);
    const present = Math.max(0, Math.min(bytes, queue.endOffset - byteOffset));
    queue.consumed(byteOffset + present);
    return present;
  }

  hold(byteOffset: number): void {
    this.#queue.hold(byteOffset);
  }

  release(byteOffset: number): void {
    this.#queue.release(byteOffset);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#puller.close();
  }

  /** Bring the input to `byteOffset` or its end; what no hold wants is dropped on the way. */
  #advance(byteOffset: number): void {
    const queue = this.#queue;
    while (queue.endOffset < byteOffset && !this.#ended) {
      const unkept = queue.unkept(byteOffset - queue.endOffset);
      if (unkept === 0) this.#fill(byteOffset - queue.endOffset);
      else {
        queue.consumed(queue.endOffset);
        const scratch = queue.room(0);
        this.#past(unkept < scratch.length ? scratch.subarray(0, unkept) : scratch);
      }
    }
  }

  /** Pull into memory that the queue does not keep. */
  #past(into: Uint8Array): number {
    const got = this.#puller.pull(into, this.#queue.endOffset);
    if (got === 0) this.#ended = true;
    else this.#queue.passed(got);
    return got;
  }

  /** Pull into the queue, what is wanted or a little more. @returns false at the end of input */
  #fill(wantedBytes: number): boolean {
    const got = this.#puller.pull(this.#queue.room(wantedBytes), this.#queue.endOffset);
    if (got === 0) this.#ended = true;
    else this.#queue.filled(got);
    return got > 0;
  }
}

/**
 * A source over a descriptor that cannot be read by position: a pipe, FIFO, terminal, device.
 *
 * @param options  `ownsFd` false leaves the descriptor open, as standard input must be
 */
export function pipeSource(
  fd: number,
  name: string,
  maxHeldBytes: number,
  options: { readonly ownsFd?: boolean; readonly io?: FdIo } = {},
): SequentialSource {
  const from = { fd, name, io: options.io ?? NODE_FD_IO };
  const puller: Puller = {
    pull: (into, byteOffset) => readSome(from, into, 0, null, byteOffset),
    close() {
      if (options.ownsFd ?? true) closeSync(fd);
    },
  };
  return new SequentialSource(name, puller, maxHeldBytes);
}
