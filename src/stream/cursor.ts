/**
 * A position in the input that moves over structures which must be whole. What is missing is always
 * the same fault of one rule, reported where the structure begins. No format knowledge here.
 */
import { StreamError } from "../findings/index.js";
import type { Layer } from "../format/index.js";
import { viewOf } from "./magic.js";
import type { Job } from "./protocol.js";
import { readBytes, readInto, skipBytes } from "./requests.js";

/** What a cut is reported as. */
export interface CutRule {
  readonly layer: Layer;
  /** Rule that a cut structure breaches. */
  readonly rule: string;
}

/** Room for the numbers that are read at once. */
const NUMBERS_BYTES = 64;

/** Reads forward; every method either gives all that was asked or throws a StreamError. */
export class Cursor {
  /** Streams of millions of small structures cost no memory for each number. */
  readonly #numbers = new Uint8Array(NUMBERS_BYTES);
  readonly #view = viewOf(this.#numbers);
  readonly #cutRule: CutRule;
  #byteOffset: number;
  #startByteOffset: number;
  #what: string;

  /** @param what  the structure that begins at `byteOffset`, for the message of a cut */
  constructor(byteOffset: number, what: string, cutRule: CutRule) {
    this.#byteOffset = byteOffset;
    this.#startByteOffset = byteOffset;
    this.#what = what;
    this.#cutRule = cutRule;
  }

  /** Of the next byte. */
  get byteOffset(): number {
    return this.#byteOffset;
  }

  /** Of the structure that is being read. */
  get startByteOffset(): number {
    return this.#startByteOffset;
  }

  /** Begin a structure here. Returns its offset. */
  begin(what: string): number {
    this.#what = what;
    this.#startByteOffset = this.#byteOffset;
    return this.#byteOffset;
  }

  /** Say more exactly what the structure is, once that is known. */
  rename(what: string): void {
    this.#what = what;
  }

  /** Go on elsewhere: a nested reader has read up to there. */
  moveTo(byteOffset: number): void {
    this.#byteOffset = byteOffset;
  }

  /** The next bytes, owned by the caller. Memory grows only as bytes arrive. */
  *bytes(count: number): Job<Uint8Array> {
    const bytes = yield* readBytes(this.#byteOffset, count);
    if (bytes.length < count) throw this.cut();
    this.#byteOffset += count;
    return bytes;
  }

  /**
   * The next bytes as numbers, at the start of a view that may be longer.
   *
   * @param count  1..64
   * @returns a view that is valid until the next call
   */
  *view(count: number): Job<DataView> {
    const into = this.#numbers.subarray(0, count);
    const got = yield { request: "read", byteOffset: this.#byteOffset, into };
    if (got < count) throw this.cut();
    this.#byteOffset += count;
    return this.#view;
  }

  /** Fill `into`. */
  *fill(into: Uint8Array): Job<void> {
    if ((yield* readInto(this.#byteOffset, into)) < into.length) throw this.cut();
    this.#byteOffset += into.length;
  }

  /** Pass over bytes. */
  *pass(count: number): Job<void> {
    if ((yield* skipBytes(this.#byteOffset, count)) < count) throw this.cut();
    this.#byteOffset += count;
  }

  /** The input ends inside the structure that is being read. */
  cut(): StreamError {
    return new StreamError({
      ...this.#cutRule,
      byteOffset: this.#startByteOffset,
      message: `The input ends inside ${this.#what}.`,
    });
  }
}
