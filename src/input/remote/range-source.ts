/**
 * A remote object as a seekable asynchronous source: parts of it are fetched as they are asked for,
 * kept for a while, and fetched ahead where the reader's way is plain. Not how a part is got.
 *
 * A walk over records reads 16 KiB, jumps over 4 MiB of pages, reads again: parts are small after a
 * jump, and once jumps of one length follow each other the next ones are fetched beforehand, one
 * more each time that it was right. A reader that goes on without jumps gets parts twice as large
 * each time. So little is fetched in vain, and few reads wait for a whole trip.
 */
import { setMaxListeners } from "node:events";
import type { AsyncSource, MaybePromise } from "../source.js";
import { orAborted } from "../stream-source.js";
import type { RemoteObject } from "./remote-object.js";

/** After a jump; covers a record's header and 1024 entries, as FileSource's window does. */
const FIRST_STEP_BYTES = 16 * 1024;
const LONGEST_STEP_BYTES = 4 * 1024 * 1024;
/** Steps of this size or more are fetched ahead. */
const AHEAD_FROM_BYTES = 512 * 1024;
const AHEAD_PARTS = 2;
/** What is passed over up to here is fetched along: a trip costs more. */
const NEAR_BYTES = 256 * 1024;
/** Jumps that are fetched beforehand at most. */
const MAX_GUESSES = 8;
/** Parts kept, however small they are: they are looked through one by one. */
const MAX_PARTS = 512;

/** A stretch of the object that was asked for. */
interface Part {
  readonly byteOffset: number;
  readonly endOffset: number;
  /** Null until they are there. */
  bytes: Uint8Array | null;
  readonly ready: Promise<Uint8Array>;
}

/** A seekable source over a remote object. */
export class RangeSource implements AsyncSource {
  readonly name: string;
  readonly size: number;
  readonly seekable = true;
  readonly #object: RemoteObject;
  readonly #maxCacheBytes: number;
  readonly #closing = new AbortController();
  /** In order of last use. */
  readonly #parts = new Set<Part>();
  #cachedBytes = 0;
  #current: Part;
  #stepBytes = FIRST_STEP_BYTES;
  /** Where the last jump came down, how long it was, and how often in a row one was as long. */
  #landing = 0;
  #strideBytes = 0;
  #repeats = 0;

  /**
   * @param object  opened; taken over
   * @param first   its first bytes
   */
  constructor(object: RemoteObject, size: number, first: Uint8Array, maxCacheBytes: number) {
    this.name = object.name;
    this.size = size;
    this.#object = object;
    this.#maxCacheBytes = maxCacheBytes;
    // Every request under way listens.
    setMaxListeners(0, this.#closing.signal);
    this.#current = this.#keep(0, first.length, Promise.resolve(first));
    this.#current.bytes = first;
  }

  read(into: Uint8Array, byteOffset: number, signal?: AbortSignal): MaybePromise<number> {
    const bytes = this.skip(byteOffset, into.length);
    const { bytes: here, byteOffset: base, endOffset } = this.#current;
    if (here !== null && byteOffset >= base && byteOffset + bytes <= endOffset) {
      into.set(here.subarray(byteOffset - base, byteOffset - base + bytes));
      return bytes;
    }
    return bytes === 0 ? 0 : this.#gather(into.subarray(0, bytes), byteOffset, signal);
  }

  skip(byteOffset: number, bytes: number): number {
    return Math.max(0, Math.min(bytes, this.size - byteOffset));
  }

  hold(): void {}

  release(): void {}

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort();
    this.#parts.clear();
    this.#cachedBytes = 0;
    this.#object.close();
  }

  async #gather(into: Uint8Array, byteOffset: number, signal?: AbortSignal): Promise<number> {
    let got = 0;
    while (got < into.length) {
      const at = byteOffset + got;
      const part = this.#moveTo(at, into.length - got);
      const bytes = part.bytes ?? (await orAborted(part.ready, signal));
      const from = at - part.byteOffset;
      const some = bytes.subarray(from, Math.min(bytes.length, from + into.length - got));
      into.set(some, got);
      got += some.length;
    }
    return got;
  }

  /** The part that holds a byte, asked for if need be, and those that will be wanted next. */
  #moveTo(at: number, wantedBytes: number): Part {
    const gap = at - this.#current.endOffset;
    const onwards = gap >= 0 && gap <= NEAR_BYTES;
    const jumped = !onwards && (gap > 0 || at < this.#current.byteOffset);
    if (onwards) this.#stepBytes = Math.min(LONGEST_STEP_BYTES, this.#stepBytes * 2);
    if (jumped) this.#jumpedTo(at);
    const bytes = Math.max(this.#stepBytes, Math.min(wantedBytes, LONGEST_STEP_BYTES));
    const part = this.#find(at) ?? this.#fetch(at, bytes);
    this.#use(part);
    this.#current = part;
    if (jumped) this.#guess();
    if (onwards && this.#stepBytes >= AHEAD_FROM_BYTES) this.#fetchAhead(part.endOffset);
    return part;
  }

  #jumpedTo(at: number): void {
    const strideBytes = at - this.#landing;
    this.#repeats = strideBytes === this.#strideBytes ? this.#repeats + 1 : 0;
    this.#strideBytes = strideBytes;
    this.#landing = at;
    this.#stepBytes = FIRST_STEP_BYTES;
  }

  /** Fetch where the next jumps come down if they are as long as the last ones were. */
  #guess(): void {
    const guesses = Math.min(this.#repeats, MAX_GUESSES);
    for (let i = 1; i <= guesses; i += 1) {
      const at = this.#landing + i * this.#strideBytes;
      if (at >= 0 && at < this.size && this.#find(at) === null) this.#fetch(at, FIRST_STEP_BYTES);
    }
  }

  #fetchAhead(from: number): void {
    let at = from;
    for (let i = 0; i < AHEAD_PARTS && at < this.size; i += 1) {
      at = (this.#find(at) ?? this.#fetch(at, this.#stepBytes)).endOffset;
    }
  }

  #find(at: number): Part | null {
    for (const part of this.#parts) {
      if (at >= part.byteOffset && at < part.endOffset) return part;
    }
    return null;
  }

  /** Ask for bytes from `at` on, up to what was asked for already. */
  #fetch(at: number, bytes: number): Part {
    let end = Math.min(at + bytes, this.size);
    for (const { byteOffset } of this.#parts) {
      if (byteOffset > at && byteOffset < end) end = byteOffset;
    }
    const range = { byteOffset: at, bytes: end - at };
    return this.#keep(at, end, this.#object.read(range, this.#closing.signal));
  }

  #keep(byteOffset: number, endOffset: number, ready: Promise<Uint8Array>): Part {
    const part: Part = { byteOffset, endOffset, bytes: null, ready };
    ready.then(
      (bytes) => {
        part.bytes = bytes;
      },
      // Whoever waits for it is told; what was only fetched ahead is asked for again when wanted.
      () => this.#drop(part),
    );
    this.#parts.add(part);
    this.#cachedBytes += endOffset - byteOffset;
    for (const oldest of this.#parts) {
      if (this.#cachedBytes <= this.#maxCacheBytes && this.#parts.size <= MAX_PARTS) break;
      if (oldest !== part) this.#drop(oldest);
    }
    return part;
  }

  #use(part: Part): void {
    this.#parts.delete(part);
    this.#parts.add(part);
  }

  #drop(part: Part): void {
    if (this.#parts.delete(part)) this.#cachedBytes -= part.endOffset - part.byteOffset;
  }
}
