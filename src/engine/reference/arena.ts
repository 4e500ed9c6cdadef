/**
 * The frames of a resident guest: 4 KiB each, packed in chunks that are kept from image to image,
 * with a use count for each. Which frames are equal is contents.ts, whose they are is banks.ts.
 */
import { CapacityError } from "../../findings/index.js";
import { PAGE_BYTES } from "../../format/index.js";

const PAGE_WORDS = PAGE_BYTES / 4;
/** Frames in a chunk: 16 MiB, which cost no memory until they are written. */
const CHUNK_FRAME_SHIFT = 12;
const CHUNK_FRAMES = 1 << CHUNK_FRAME_SHIFT;
const CHUNK_FRAME_MASK = CHUNK_FRAMES - 1;

/** Frames by number from 0; numbers are handed out densely, freed ones first. */
export class FrameArena {
  readonly #bytes: Uint8Array[] = [];
  readonly #words: Uint32Array[] = [];
  /** Users of each frame handed out; 0 = free. */
  #uses: Uint32Array = new Uint32Array(CHUNK_FRAMES);
  /** Stack of freed frames. */
  #freed = new Uint32Array(CHUNK_FRAMES);
  #freedCount = 0;
  /** Frames ever handed out since reset(). */
  #handedOut = 0;
  #maxBytes = 0;

  /** Free every frame; keep the memory, as far as the new limit allows it. */
  reset(maxBytes: number): void {
    const chunks = Math.ceil(maxBytes / (CHUNK_FRAMES * PAGE_BYTES));
    if (this.#bytes.length > chunks) {
      this.#bytes.length = chunks;
      this.#words.length = chunks;
    }
    this.#freedCount = 0;
    this.#handedOut = 0;
    this.#maxBytes = maxBytes;
  }

  /** Frames in use. */
  get held(): number {
    return this.#handedOut - this.#freedCount;
  }

  usesOf(frame: number): number {
    return this.#uses[frame]!;
  }

  /** A frame with one user and undefined contents. @throws {CapacityError} "max-memory" */
  allocate(): number {
    if ((this.held + 1) * PAGE_BYTES > this.#maxBytes) throw this.#outOfMemory(this.#maxBytes);
    const frame =
      this.#freedCount > 0 ? this.#freed[--this.#freedCount]! : this.#handOut(this.#handedOut);
    this.#uses[frame] = 1;
    return frame;
  }

  addUser(frame: number): void {
    this.#uses[frame] = this.#uses[frame]! + 1;
  }

  /** Take one user away. Returns true if it was the last one: the frame is free then. */
  dropUser(frame: number): boolean {
    const uses = this.#uses[frame]! - 1;
    this.#uses[frame] = uses;
    if (uses > 0) return false;
    if (this.#freedCount === this.#freed.length) this.#freed = doubled(this.#freed);
    this.#freed[this.#freedCount++] = frame;
    return true;
  }

  /** Overwrite a frame with a page. */
  write(frame: number, page: Uint8Array): void {
    this.#bytes[frame >>> CHUNK_FRAME_SHIFT]!.set(page, (frame & CHUNK_FRAME_MASK) * PAGE_BYTES);
  }

  /** A view of a frame's bytes. */
  bytesOf(frame: number): Uint8Array {
    return this.run(frame, 1);
  }

  /** A view of `count` frames from `frame` on, all in one chunk: adjoinsPrevious(). */
  run(frame: number, count: number): Uint8Array {
    const at = (frame & CHUNK_FRAME_MASK) * PAGE_BYTES;
    return this.#bytes[frame >>> CHUNK_FRAME_SHIFT]!.subarray(at, at + count * PAGE_BYTES);
  }

  /** True if `frame` and the frame before it stand side by side in memory. */
  adjoinsPrevious(frame: number): boolean {
    return (frame & CHUNK_FRAME_MASK) !== 0;
  }

  /** The words of the chunk that holds a frame; the frame begins at wordOffset(). */
  wordsOf(frame: number): Uint32Array {
    return this.#words[frame >>> CHUNK_FRAME_SHIFT]!;
  }

  wordOffset(frame: number): number {
    return (frame & CHUNK_FRAME_MASK) * PAGE_WORDS;
  }

  #handOut(frame: number): number {
    if (frame >>> CHUNK_FRAME_SHIFT === this.#bytes.length) {
      const chunk = this.#newChunk();
      this.#bytes.push(chunk);
      this.#words.push(new Uint32Array(chunk.buffer));
    }
    if (frame === this.#uses.length) this.#uses = doubled(this.#uses);
    this.#handedOut = frame + 1;
    return frame;
  }

  #newChunk(): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(CHUNK_FRAMES * PAGE_BYTES);
    } catch {
      // A RangeError: the platform has no more memory, though the limit would allow it.
      throw this.#outOfMemory(this.held * PAGE_BYTES);
    }
  }

  #outOfMemory(bytes: number): CapacityError {
    return new CapacityError(
      `the guest's pages need more than the ${bytes} bytes of memory that can be had for them`,
      { limit: "max-memory", asked: (this.held + 1) * PAGE_BYTES, option: "--max-memory" },
    );
  }
}

/** The array with twice its length. */
export function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(array.length * 2);
  grown.set(array);
  return grown;
}
