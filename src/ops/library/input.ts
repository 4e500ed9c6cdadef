/**
 * From what callers hand to the library to a source of decompressed bytes. Knows the kinds of
 * input; the sources themselves are input/'s.
 */
import { fileURLToPath } from "node:url";
import { isUint8Array } from "node:util/types";
import { type Limits, UsageError } from "../../findings/index.js";
import {
  type AsyncSource,
  type BlobLike,
  BlobSource,
  BufferSource,
  type ByteChunks,
  decompressed,
  decompressedAsync,
  type InputCompression,
  isRemote,
  openInput,
  orAborted,
  type Recognised,
  type Source,
  StreamSource,
} from "../../input/index.js";
import { CustomSource } from "./custom-source.js";

/**
 * An image to be read. One layer of gzip, zstd, xz or lz4 around it is taken off.
 *
 * - string, URL: a path, or an https:, http: or s3: URL (s3 wants the package @aws-sdk/client-s3);
 *   opened and closed by the call; "-" is standard input. A FIFO or
 *   standard input keeps the thread waiting while it has no bytes: hand over a Readable instead.
 * - Uint8Array, Buffer: borrowed, never written to; must not change until the call (or the opened
 *   guest) is done.
 * - Blob, File: read by slices, as often as needed.
 * - Node Readable, web ReadableStream, async iterable of Uint8Array: read once, forwards; ended
 *   early where the image ends early. Each chunk is taken over. Strings are no bytes.
 * - Source, AsyncSource: any other place (HTTP ranges, a block device, an object store). It is
 *   taken over and closed once, whatever happens. `into` may be a view of shared memory.
 */
export type ImageInput =
  | string
  | URL
  | Uint8Array
  | BlobLike
  | ByteChunks
  | ReadableStream<Uint8Array>
  | AsyncSource
  | Source;

/** An input that is open: decompressed bytes, and what it is called. */
export interface OpenedInput {
  readonly source: AsyncSource;
  readonly compression: InputCompression | null;
  readonly name: string;
  /** By performance.now(), when it was opened. */
  readonly startMs: number;
}

/** How an input is opened. */
export interface InputOptions {
  readonly name: string | null;
  readonly limits: Limits;
  readonly signal: AbortSignal | undefined;
}

/**
 * Open any input. The caller closes the source.
 *
 * @throws {InputError} if its first bytes cannot be had
 * @throws {UsageError} if it is no input
 */
export async function openImageInput(
  input: ImageInput,
  options: InputOptions,
): Promise<OpenedInput> {
  const startMs = performance.now();
  const { limits, signal } = options;
  if (typeof input === "string" || input instanceof URL) {
    signal?.throwIfAborted();
    const path = typeof input === "string" ? input : pathOf(input);
    const { source, compression, file } = await openInput(path, { limits, signal });
    return { source, compression, name: options.name ?? file, startMs };
  }
  const source = sourceOf(input, options);
  const { name } = source;
  try {
    signal?.throwIfAborted();
    const opened = await recognised(source, options);
    return { ...opened, name: options.name ?? name, startMs };
  } catch (error) {
    // The first error says more than one of closing what failed.
    await Promise.resolve(source.close()).catch(() => {});
    throw error;
  }
}

/** Bytes in memory are decoded without waiting; all else as its chunks come. */
function recognised(
  source: BufferSource | AsyncSource,
  { limits, signal }: InputOptions,
): Promise<Recognised<AsyncSource>> {
  if (source instanceof BufferSource) return decompressed(source, limits);
  return orAborted(decompressedAsync(source, limits), signal);
}

/** The source of anything but a path. */
function sourceOf(input: Exclude<ImageInput, string | URL>, options: InputOptions): AsyncSource {
  const { name, limits } = options;
  if (isUint8Array(input)) return new BufferSource(input, name ?? "(memory)");
  if (isSource(input)) return new CustomSource(input, name);
  if (isChunks(input)) return new StreamSource(name ?? "(stream)", input, limits.maxMemoryBytes);
  if (isBlob(input)) return new BlobSource(input, name ?? "(blob)");
  const allowed = "a path, Uint8Array, Blob, stream of Uint8Array, or Source";
  throw new UsageError(`the input is no ${allowed}`, { option: "input", allowed });
}

function pathOf(url: URL): string {
  if (isRemote(url.href)) return url.href;
  try {
    return fileURLToPath(url);
  } catch (cause) {
    const allowed = "a file:, https:, http: or s3: URL";
    throw new UsageError(`${url.href} is not ${allowed}`, { option: "input", allowed, cause });
  }
}

/** A Node Readable can read() and close too, but neither skip nor hold. */
function isSource(input: object | null): input is AsyncSource {
  return has(input, "read") && has(input, "skip") && has(input, "hold") && has(input, "release");
}

/** A web ReadableStream is one on Node, whatever the DOM's types say. */
function isChunks(input: object | null): input is ByteChunks {
  return has(input, Symbol.asyncIterator);
}

function isBlob(input: object | null): input is BlobLike {
  return has(input, "slice") && typeof (input as { size?: unknown }).size === "number";
}

function has(input: unknown, method: string | symbol): boolean {
  if (typeof input !== "object" || input === null) return false;
  return typeof (input as Record<string | symbol, unknown>)[method] === "function";
}
