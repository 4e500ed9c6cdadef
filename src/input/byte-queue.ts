/**
 * The bytes that a sequential input has given and that may still be asked for: read ahead of the
 * reader, or kept by a hold. Not the input itself; pipes, streams and decompressors put bytes in.
 */
import { CapacityError, InternalError } from "../findings/index.js";

/** First chunk, also the read-ahead buffer of pipes: what a Linux pipe holds. */
const FIRST_CHUNK_BYTES = 64 * 1024;
/** Chunks of a long hold grow to this, so that few of them cover gigabytes. */
const LARGEST_CHUNK_BYTES = 4 * 1024 * 1024;

interface Chunk {
  /** Of the chunk's first byte in the input. */
  readonly byteOffset: number;
  /** Memory of the chunk; only the first `filledBytes` belong to the input yet. */
  readonly memory: Uint8Array;
  filledBytes: number;
  /** True if the memory is the queue's own: a read-ahead buffer that may be used again. */
  readonly reusable: boolean;
}

/** A window on a sequential input that begins at the first byte still wanted. */
export class ByteQueue {
  readonly #source: string;
  readonly #maxHeldBytes: number;
  readonly #chunks: Chunk[] = [];
  /** The last emptied read-ahead buffer, to be used again. */
  #spare: Uint8Array | null = null;
  #startOffset = 0;
  #endOffset = 0;
  /** For each hold in force the lowest offset that it and those before it keep. */
  readonly #holds: number[] = [];

  /**
   * @param source        named in errors
   * @param maxHeldBytes  bytes that a hold may keep; more is a CapacityError
   */
  constructor(source: string, maxHeldBytes: number) {
    this.#source = source;
    this.#maxHeldBytes = maxHeldBytes;
  }

  /** Offset of the byte that the input gives next. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** How many of the next `bytes` bytes come before the hold, and need not be kept. */
  unkept(bytes: number): number {
    const hold = this.#holdOffset;
    return hold === null ? bytes : Math.max(0, Math.min(bytes, hold - this.#endOffset));
  }

  hold(byteOffset: number): void {
    this.require(byteOffset);
    this.#holds.push(Math.min(byteOffset, this.#holdOffset ?? byteOffset));
  }

  release(byteOffset: number): void {
    this.#holds.pop();
    this.consumed(byteOffset);
  }

  /** Insist that the byte at `byteOffset` is here or still to come. */
  require(byteOffset: number): void {
    if (byteOffset >= this.#startOffset) return;
    throw new InternalError(
      `${this.#source}: byte ${byteOffset} was asked for again without a hold ` +
        `(the input stands at ${this.#startOffset})`,
      { code: "input-rewound" },
    );
  }

  /** Copy what is here from `byteOffset` on. @returns bytes copied, 0 if that is still to come */
  copy(byteOffset: number, into: Uint8Array): number {
    let copied = 0;
    for (let index = this.#find(byteOffset); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!;
      const from = byteOffset + copied - chunk.byteOffset;
      const bytes = Math.min(chunk.filledBytes - from, into.length - copied);
      if (bytes <= 0) break;
      into.set(chunk.memory.subarray(from, from + bytes), copied);
      copied += bytes;
    }
    return copied;
  }

  /**
   * Memory for the bytes that the input gives next, at least one byte; see `filled`. Reading ahead
   * of `wantedBytes` is bounded, by what a hold may still keep too.
   */
  room(wantedBytes: number): Uint8Array {
    const free = this.#free();
    let bytes = Math.max(wantedBytes, FIRST_CHUNK_BYTES);
    if (this.#holdOffset !== null) {
      // One byte beyond the limit tells whether the input goes on: only then it is an error.
      bytes = Math.min(bytes, Math.max(1, this.#maxHeldBytes - this.#heldBytes()));
    }
    return bytes < free.length ? free.subarray(0, bytes) : free;
  }

  /** The input put `bytes` bytes at the start of the last `room`. */
  filled(bytes: number): void {
    const last = this.#chunks[this.#chunks.length - 1];
    if (last === undefined) throw new InternalError("bytes were put into no room");
    last.filledBytes += bytes;
    this.#endOffset += bytes;
    this.#checkHeld();
  }

  /** Take over memory that already holds the next bytes; nobody may write to it any more. */
  append(memory: Uint8Array): void {
    if (memory.length === 0) return;
    this.#dropEmptyTail();
    const filledBytes = memory.length;
    this.#chunks.push({ byteOffset: this.#endOffset, memory, filledBytes, reusable: false });
    this.#endOffset += filledBytes;
    this.#checkHeld();
  }

  /** The next `bytes` bytes went past the queue: to the reader directly, or to nobody. */
  passed(bytes: number): void {
    this.#endOffset += bytes;
    this.#startOffset = this.#endOffset;
    this.#dropChunks();
  }

  /** Bytes before `byteOffset` were read or passed over; they go unless a hold keeps them. */
  consumed(byteOffset: number): void {
    const start = Math.min(byteOffset, this.#holdOffset ?? byteOffset, this.#endOffset);
    if (start <= this.#startOffset) return;
    this.#startOffset = start;
    this.#dropChunks();
  }

  /** The unfilled end of the newest chunk, which is made if there is none. */
  #free(): Uint8Array {
    const last = this.#chunks[this.#chunks.length - 1];
    if (last !== undefined && last.filledBytes < last.memory.length) {
      return last.memory.subarray(last.filledBytes);
    }
    const memory = this.#spare ?? this.#newChunkMemory();
    this.#spare = null;
    const reusable = memory.length === FIRST_CHUNK_BYTES;
    this.#chunks.push({ byteOffset: this.#endOffset, memory, filledBytes: 0, reusable });
    return memory;
  }

  /** A hold's chunks double, so that its memory is never more than twice what it keeps. */
  #newChunkMemory(): Uint8Array {
    const heldBytes = this.#holdOffset === null ? 0 : this.#heldBytes();
    const bytes = Math.min(LARGEST_CHUNK_BYTES, Math.max(FIRST_CHUNK_BYTES, heldBytes));
    return new Uint8Array(bytes);
  }

  #heldBytes(): number {
    return this.#endOffset - this.#startOffset;
  }

  /** The first byte that a hold keeps; null without one. */
  get #holdOffset(): number | null {
    return this.#holds[this.#holds.length - 1] ?? null;
  }

  /** Index of the chunk that `byteOffset` lies in or after; the queue's length if none is left. */
  #find(byteOffset: number): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = this.#chunks[middle]!;
      if (byteOffset >= chunk.byteOffset + chunk.filledBytes) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #dropEmptyTail(): void {
    const last = this.#chunks[this.#chunks.length - 1];
    if (last === undefined) return;
    if (last.filledBytes === 0) this.#chunks.pop();
  }

  #dropChunks(): void {
    let gone = 0;
    for (const chunk of this.#chunks) {
      if (chunk.byteOffset + chunk.filledBytes > this.#startOffset) break;
      if (chunk.reusable) this.#spare = chunk.memory;
      gone++;
    }
    if (gone > 0) this.#chunks.splice(0, gone);
  }

  #checkHeld(): void {
    if (this.#holdOffset === null) return;
    const heldBytes = this.#heldBytes();
    if (heldBytes <= this.#maxHeldBytes) return;
    throw new CapacityError(
      `${this.#source}: more than ${this.#maxHeldBytes} bytes of input would have to be kept ` +
        "until it is known whether they count; raise --max-memory, or give a file, not a pipe",
      { limit: "held-input", asked: heldBytes, option: "--max-memory" },
    );
  }
}
