/**
 * The decoded bytes that later matches may refer to, and those not yet given on: one linear buffer
 * that grows with what is decoded, whatever window was claimed, and slides when it is full. What
 * the LZ formats here have in common, and no more.
 */

const FIRST_BYTES = 64 * 1024;
/** Room beyond the window: larger windows slide more rarely, the largest save memory. */
const LEAST_ROOM_BYTES = 1024 * 1024;
const MOST_ROOM_BYTES = 16 * 1024 * 1024;

/** Decoders write at `end` in `memory`, after `makeRoom`; matches reach `windowBytes` back. */
export class History {
  readonly windowBytes: number;
  /** Another one after `makeRoom`, which may have grown it. */
  memory = new Uint8Array(FIRST_BYTES);
  readonly #largestBytes: number;
  /** Where the next decoded byte goes. */
  end = 0;
  /** First byte that was not given on yet. */
  #given = 0;
  /** Bytes decoded since the start of the frame, those that slid away included. */
  #slidBytes = 0;

  /**
   * @param windowBytes  already checked against the limit
   * @param blockBytes   the most that is decoded between two calls of `makeRoom`
   */
  constructor(windowBytes: number, blockBytes: number) {
    this.windowBytes = windowBytes;
    const room = Math.min(MOST_ROOM_BYTES, Math.max(LEAST_ROOM_BYTES, windowBytes));
    this.#largestBytes = windowBytes + Math.max(room, blockBytes);
  }

  /** Bytes decoded in all. */
  get decodedBytes(): number {
    return this.#slidBytes + this.end;
  }

  /** How far back a match may reach now. */
  get reachBytes(): number {
    return Math.min(this.end, this.windowBytes);
  }

  /** Make `bytes` bytes fit behind `end`. All decoded bytes must have been taken. */
  makeRoom(bytes: number): void {
    if (this.end + bytes <= this.memory.length) return;
    if (this.end + bytes > this.#largestBytes) this.#slide();
    if (this.end + bytes <= this.memory.length) return;
    const doubled = Math.min(this.#largestBytes, this.memory.length * 2);
    const grown = new Uint8Array(Math.max(this.end + bytes, doubled));
    grown.set(this.memory.subarray(0, this.end));
    this.memory = grown;
  }

  /** The bytes decoded since the last take; good until the next `makeRoom`. */
  take(): Uint8Array {
    const piece = this.memory.subarray(this.#given, this.end);
    this.#given = this.end;
    return piece;
  }

  /** Forget what matches may refer to, as at the start of a stream or where a format says so. */
  reset(): void {
    this.end = 0;
    this.#given = 0;
    this.#slidBytes = 0;
  }

  /** Move the window to the front. */
  #slide(): void {
    const from = Math.max(0, this.end - this.windowBytes);
    this.memory.copyWithin(0, from, this.end);
    this.#slidBytes += from;
    this.end -= from;
    this.#given = this.end;
  }

  /** Repeat `bytes` bytes from `distance` back; both were checked. */
  repeat(distance: number, bytes: number): void {
    copyMatch(this.memory, this.end, distance, bytes);
    this.end += bytes;
  }
}

/** Runs shorter than this are copied faster byte by byte than by a call. */
const CALL_PAYS_BYTES = 48;

/** Copy a match to `at`; where it overlaps itself it repeats, as LZ77 means it. */
export function copyMatch(memory: Uint8Array, at: number, distance: number, bytes: number): void {
  const from = at - distance;
  if (bytes >= CALL_PAYS_BYTES) {
    if (distance >= bytes) {
      memory.copyWithin(at, from, from + bytes);
      return;
    }
    if (distance === 1) {
      memory.fill(memory[from]!, at, at + bytes);
      return;
    }
    // Double what is there until it is enough.
    let done = distance;
    memory.copyWithin(at, from, at);
    while (done < bytes) {
      const step = Math.min(done, bytes - done);
      memory.copyWithin(at + done, at, at + step);
      done += step;
    }
    return;
  }
  for (let index = 0; index < bytes; index++) memory[at + index] = memory[from + index]!;
}
