/**
 * What a source of bytes is, synchronous or not, and the errors every source reports with. Sources
 * know nothing of formats: they answer the requests of a job, which a driver (drive.ts) passes on.
 */
import { InputError } from "../findings/index.js";

/** What can be wrong with an input, for programs; `InputError.code` is one of these. */
export type InputErrorCode =
  | "not-found"
  | "permission-denied"
  | "is-directory"
  | "open-failed"
  | "read-failed"
  | "remote-changed"
  | "remote-failed"
  | "package-missing"
  | "package-broken"
  | "compressed-truncated"
  | "compressed-checksum"
  | "compressed-invalid"
  | "compressed-unsupported";

/** An answer that may be there at once or later. */
export type MaybePromise<T> = T | Promise<T>;

/** What both kinds of source tell of themselves. */
export interface SourceFacts {
  /** For messages: the path as given, "(standard input)", or what the maker chose. */
  readonly name: string;
  /** Bytes in all; null where that is not known (yet). */
  readonly size: number | null;
  /** True if any byte can be read at any time, without a hold. */
  readonly seekable: boolean;
  /**
   * True if every answer is there at once, never a promise: then the synchronous driver will do.
   * Where it is left out nobody relies on it.
   */
  readonly immediate?: boolean;

  /**
   * From now on bytes at and after `byteOffset` stay readable again. Holds nest: one that looks
   * ahead within another does not end it. Means nothing to a seekable source.
   *
   * @throws {InternalError} if the bytes at `byteOffset` are gone already
   */
  hold(byteOffset: number): void;

  /**
   * End the latest hold. With the last one, bytes before `byteOffset` may go at once; those from
   * there on stay until they are read or passed over.
   */
  release(byteOffset: number): void;
}

/**
 * A synchronous source: file, pipe, buffer, or a decompressor over one of them. Every source of
 * this kind serves as an AsyncSource too.
 *
 * A source that is not seekable is read forwards: an offset before the last byte that was read or
 * passed over is an InternalError unless a hold kept it. One reader at a time; not re-entrant.
 */
export interface Source extends SourceFacts {
  /**
   * Fill `into` with the bytes from `byteOffset` on.
   *
   * @returns bytes got; fewer than `into.length` only at the end of the input
   * @throws {InputError} if the bytes cannot be had
   * @throws {CapacityError} limit "held-input", if a hold keeps more than the memory limit
   */
  read(into: Uint8Array, byteOffset: number): number;

  /**
   * Pass over `bytes` bytes from `byteOffset` on.
   *
   * @returns bytes that are present there; fewer than asked only at the end of the input
   */
  skip(byteOffset: number, bytes: number): number;

  /** Give back what the source holds; more than once does no harm. */
  close(): void;
}

/**
 * A source that may have to wait: a Node stream, a Blob, HTTP. As Source in all else. An aborted
 * `signal` rejects the pending call with the signal's reason; after that the source can only be
 * closed.
 */
export interface AsyncSource extends SourceFacts {
  /** As Source.read; a promise where the bytes are not there yet. */
  read(into: Uint8Array, byteOffset: number, signal?: AbortSignal): MaybePromise<number>;
  /** As Source.skip. */
  skip(byteOffset: number, bytes: number, signal?: AbortSignal): MaybePromise<number>;
  /** As Source.close. */
  close(): MaybePromise<void>;
}

/** Whether the synchronous driver can serve from a source. */
export function isImmediate(source: AsyncSource): source is Source {
  return source.immediate === true;
}

/** Make an InputError with one of our codes. The message names the source first. */
export function inputError(
  code: InputErrorCode,
  source: string,
  message: string,
  options: { byteOffset?: number; cause?: unknown } = {},
): InputError {
  return new InputError(`${source}: ${message}`, { code, source, ...options });
}

/** The error of a failed read: `cause` is what the platform threw. */
export function readFailed(source: string, byteOffset: number, cause: unknown): InputError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `cannot read at byte ${byteOffset}: ${reason}`;
  return inputError("read-failed", source, message, { byteOffset, cause });
}
