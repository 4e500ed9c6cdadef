/**
 * How decompressors speak: generators that ask for compressed bytes, as jobs do, and yield decoded
 * ones. They do no I/O, so that one decoder serves files, pipes and HTTP. The formats are beside.
 */
import type { InputError, Limits } from "../../findings/index.js";
import { CapacityError } from "../../findings/index.js";
import type { InputReadRequest } from "../request.js";
import type { InputErrorCode } from "../source.js";
import { inputError } from "../source.js";

/**
 * Yields requests for the compressed input (resumed with the byte count), and decoded bytes, which
 * belong to the decoder again when it is resumed. Returns at the end of a whole, sound input.
 *
 * Throws an InputError: "compressed-truncated", "compressed-checksum", "compressed-invalid" or
 * "compressed-unsupported", its byteOffset counting in the compressed input; or a CapacityError.
 */
export type Decoder = Generator<InputReadRequest | Uint8Array, void, number>;

/** A part of a decoder that needs input and yields nothing decoded. */
export type Feeding<T> = Generator<InputReadRequest, T, number>;

/** What bounds a decoder. */
export type DecoderLimits = Pick<Limits, "maxWindowBytes" | "maxDecompressRatio">;

/** Compressed bytes read at a time, at first and then: small inputs are many. */
const FIRST_FEED_BYTES = 16 * 1024;
const FEED_BYTES = 256 * 1024;
/** Bytes of zeros that follow the last frame are looked at in steps of this. */
const PADDING_STEP_BYTES = 4096;

/** The compressed input as a decoder sees it: contiguous pieces, taken one after another. */
export class Feed {
  /** Of the input, in errors. */
  readonly name: string;
  readonly #limits: DecoderLimits;
  #memory = new Uint8Array(FIRST_FEED_BYTES);
  #at = 0;
  #end = 0;
  /** Offset in the compressed input of `#memory[0]`. */
  #base = 0;
  #ended = false;

  constructor(name: string, limits: DecoderLimits) {
    this.name = name;
    this.#limits = limits;
  }

  /** Offset of the next byte to take, in the compressed input. */
  get byteOffset(): number {
    return this.#base + this.#at;
  }

  /**
   * Take exactly `bytes` bytes.
   *
   * @param bytes  bounded by the format, not by a claim of the input: so much memory may be made
   * @param what   for the error if the input ends before
   * @returns a view that is good until the next take
   */
  *take(bytes: number, what: string): Feeding<Uint8Array> {
    const piece = yield* this.peek(bytes);
    if (piece.length < bytes) {
      this.#at = this.#end;
      throw this.fault("compressed-truncated", `the input ends within ${what}`);
    }
    this.#at += bytes;
    return piece;
  }

  /** As take, but without taking, and shorter where the input ends. */
  *peek(bytes: number): Feeding<Uint8Array> {
    while (this.#end - this.#at < bytes && !this.#ended) {
      if (this.#memory.length - this.#at < bytes) this.#makeRoom(bytes);
      const into = this.#memory.subarray(this.#end);
      const got = yield { request: "read", byteOffset: this.#base + this.#end, into };
      this.#end += got;
      if (got < into.length) this.#ended = true;
    }
    return this.#memory.subarray(this.#at, Math.min(this.#end, this.#at + bytes));
  }

  /** Take what is there, at most `bytes` bytes; empty only at the end of the input. */
  *takeSome(bytes: number): Feeding<Uint8Array> {
    const piece = yield* this.peek(bytes);
    this.#at += piece.length;
    return piece;
  }

  /** Take zeros as long as they come: padding after a frame. @returns true at the end of input */
  *takePadding(): Feeding<boolean> {
    for (;;) {
      const piece = yield* this.peek(PADDING_STEP_BYTES);
      if (piece.length === 0) return true;
      const zeros = piece.findIndex((byte) => byte !== 0);
      this.#at += zeros < 0 ? piece.length : zeros;
      if (zeros >= 0) return false;
    }
  }

  /** An error at the place that the feed has come to. */
  fault(code: InputErrorCode, message: string, cause?: unknown): InputError {
    return inputError(code, this.name, message, { byteOffset: this.byteOffset, cause });
  }

  /** Insist that a window that a frame asks for is within the limit. */
  checkWindow(windowBytes: number): void {
    const { maxWindowBytes } = this.#limits;
    if (windowBytes <= maxWindowBytes) return;
    throw new CapacityError(
      `${this.name}: decompressing needs a window of ${windowBytes} bytes, more than the ` +
        `${maxWindowBytes} allowed; raise --max-window`,
      { limit: "decompress-window", asked: windowBytes, option: "--max-window" },
    );
  }

  #makeRoom(bytes: number): void {
    const wanted = Math.max(bytes, FEED_BYTES);
    const memory = this.#memory.length < wanted ? new Uint8Array(wanted) : this.#memory;
    memory.set(this.#memory.subarray(this.#at, this.#end));
    this.#memory = memory;
    this.#base += this.#at;
    this.#end -= this.#at;
    this.#at = 0;
  }
}

/** Below this the ratio says nothing: a small image of zeros may well be tiny. */
const RATIO_FREE_BYTES = 256 * 1024 * 1024;

/** Counts both sides of a decoder and ends it when they are too far apart. */
export class RatioGuard {
  readonly #name: string;
  readonly #maxRatio: number;
  #decodedBytes = 0;
  #compressedBytes = 0;

  constructor(name: string, limits: DecoderLimits) {
    this.#name = name;
    this.#maxRatio = limits.maxDecompressRatio;
  }

  compressed(bytes: number): void {
    this.#compressedBytes += bytes;
  }

  decoded(bytes: number): void {
    this.#decodedBytes += bytes;
    if (this.#decodedBytes <= RATIO_FREE_BYTES) return;
    const asked = this.#decodedBytes / this.#compressedBytes;
    if (asked <= this.#maxRatio) return;
    throw new CapacityError(
      `${this.#name}: decompresses to more than ${this.#maxRatio} times its size; ` +
        "raise --max-ratio if that is meant to be",
      { limit: "decompress-ratio", asked: Math.ceil(asked), option: "--max-ratio" },
    );
  }
}
