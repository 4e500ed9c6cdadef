/**
 * Compressed input is recognised by its first bytes, whatever the file is called, and decoded on
 * the way. One layer of compression is taken off; what is inside is for the readers.
 */
import { statSync } from "node:fs";
import type { Limits } from "../../findings/index.js";
import { DEFAULT_LIMITS, platformPath } from "../../findings/index.js";
import type { OpenOptions } from "../open.js";
import { openSource, STANDARD_INPUT } from "../open.js";
import { isRemote, shownName } from "../remote/address.js";
import type { AsyncSource, Source } from "../source.js";
import type { DecoderMaker } from "./decoded-source.js";
import { decodedAsyncSource, decodedSource } from "./decoded-source.js";

/** The compressions that are taken off. The names are those of the container chain. */
export type InputCompression = "gzip" | "zstd" | "xz" | "lz4";

/** A source of decompressed bytes, and what it took to get them. */
export interface Recognised<S> {
  readonly source: S;
  readonly compression: InputCompression | null;
  /** Size of the input as it is stored; null where that is not known. */
  readonly storedBytes: number | null;
}

/** As many bytes as the longest magic has. */
export const MAGIC_BYTES = 6;

const MAGICS: readonly (readonly [InputCompression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b, 0x08]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["lz4", [0x04, 0x22, 0x4d, 0x18]],
];

/**
 * @param first  the first bytes of an input, MAGIC_BYTES of them or all there are
 * @returns the compression they are the magic of, or null
 */
export function recogniseCompression(first: Uint8Array): InputCompression | null {
  for (const [compression, magic] of MAGICS) {
    if (magic.every((byte, at) => first[at] === byte)) return compression;
  }
  return null;
}

/** How an input is opened by its name. */
export interface OpenInputOptions extends OpenOptions {
  readonly limits?: Limits;
  /**
   * Ends the opening of a URL. Where there is one, pipes are not waited for in the kernel, so that it
   * can be aborted in the meantime.
   */
  readonly signal?: AbortSignal | undefined;
  /** Told, in a sentence, what a user may want to know of how a URL is read. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** An input that was opened by its name. */
export interface OpenedInput extends Recognised<AsyncSource> {
  /** What documents call it: the path as given, a URL without its credentials. */
  readonly file: string;
  /** Of an object at a URL: as objectIdentity() tells it. Null for all else. */
  readonly identity: string | null;
}

/**
 * Open a path, "-" (see openSource) or a URL and take off its compression, if it has one. What a
 * path gives is immediate, but for pipes under a signal: drive() serves it synchronously.
 *
 * @throws {InputError} as openSource, and if the first bytes cannot be read
 */
export async function openInput(
  path: string,
  options: OpenInputOptions = {},
): Promise<OpenedInput> {
  const { limits = DEFAULT_LIMITS, ...opening } = options;
  const file = shownName(path);
  if (isRemote(path)) {
    const { openRemote } = await import("../remote/open.js");
    const { source, identity } = await openRemote(path, { ...opening, limits });
    return { ...(await orClosed(source, decompressedAsync(source, limits))), file, identity };
  }
  const { maxMemoryBytes = limits.maxMemoryBytes, signal } = opening;
  if (signal !== undefined && mayHaveToWait(path)) {
    const { openWaiting } = await import("../waiting-source.js");
    const source = openWaiting(path, maxMemoryBytes);
    if (source !== null) {
      const first = decompressedAsync(source, limits, signal);
      return { ...(await orClosed(source, first)), file, identity: null };
    }
  }
  const source = openSource(path, { ...opening, maxMemoryBytes });
  return { ...(await orClosed(source, decompressed(source, limits))), file, identity: null };
}

/**
 * Which object a URL gives now, as one text: another one has another. One small request.
 *
 * @returns null if the server tells too little to know one object from another
 * @throws {InputError} if the object cannot be had
 */
export async function objectIdentity(
  url: string,
  { limits = DEFAULT_LIMITS, signal }: Pick<OpenInputOptions, "limits" | "signal"> = {},
): Promise<string | null> {
  const { remoteIdentity } = await import("../remote/open.js");
  return await remoteIdentity(url, { limits, signal });
}

/** The outcome; the source is closed if that is an error. */
async function orClosed<T>(source: AsyncSource, outcome: Promise<T>): Promise<T> {
  try {
    return await outcome;
  } catch (error) {
    await source.close();
    throw error;
  }
}

/**
 * Take the compression off a source, if it has one. Closing the result closes `source`.
 *
 * @param source  nothing of it was read yet; it is given back as it is where it is not compressed
 */
export async function decompressed(
  source: Source,
  limits: Limits = DEFAULT_LIMITS,
): Promise<Recognised<Source>> {
  const compression = recogniseCompression(await firstBytes(source));
  const storedBytes = source.size;
  if (compression === null) return { source, compression, storedBytes };
  const maker = await loadDecoder(compression);
  return { source: decodedSource(source, maker, limits), compression, storedBytes };
}

/** As decompressed, for a source that may have to wait. */
export async function decompressedAsync(
  source: AsyncSource,
  limits: Limits = DEFAULT_LIMITS,
  signal?: AbortSignal,
): Promise<Recognised<AsyncSource>> {
  const compression = recogniseCompression(await firstBytes(source, signal));
  const storedBytes = source.size;
  if (compression === null) return { source, compression, storedBytes };
  const maker = await loadDecoder(compression);
  return { source: decodedAsyncSource(source, maker, limits), compression, storedBytes };
}

/** Asked before what waits is loaded: a file never has to. */
function mayHaveToWait(path: string): boolean {
  if (path === STANDARD_INPUT) return true;
  try {
    return statSync(platformPath(path)).isFIFO();
  } catch {
    return false; // opening it says why
  }
}

/** Look at the first bytes and leave them to be read again. */
async function firstBytes(source: AsyncSource, signal?: AbortSignal): Promise<Uint8Array> {
  const first = new Uint8Array(MAGIC_BYTES);
  source.hold(0);
  const got = await source.read(first, 0, signal);
  source.release(0);
  return first.subarray(0, got);
}

/** Decoders are loaded when they are needed: most inputs are not compressed. */
async function loadDecoder(compression: InputCompression): Promise<DecoderMaker> {
  switch (compression) {
    case "gzip":
      return (await import("./gzip.js")).decodeGzip;
    case "zstd":
      return (await import("./zstd.js")).loadZstd();
    case "xz":
      return (await import("./xz.js")).decodeXz;
    case "lz4":
      return (await import("./lz4.js")).loadLz4();
  }
}
