/**
 * From a path or "-" to a synchronous source of the right kind. Does not look at the bytes:
 * compressed input is recognised by decompress/, formats by the readers.
 */
import type { Stats } from "node:fs";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { DEFAULT_LIMITS, platformPath } from "../findings/index.js";
import type { FdIo } from "./fd.js";
import { errnoOf, NODE_FD_IO, readSome } from "./fd.js";
import { FileSource } from "./file-source.js";
import { pipeSource } from "./sequential-source.js";
import type { InputErrorCode, Source } from "./source.js";
import { inputError } from "./source.js";

/** What stands for standard input among paths. */
export const STANDARD_INPUT = "-";
/** Its descriptor. */
export const STANDARD_INPUT_FD = 0;
/** What errors call it. */
export const STANDARD_INPUT_NAME = "(standard input)";

/** How an input is opened. */
export interface OpenOptions {
  /** What a hold on a pipe may keep (`--max-memory`); the default limit if left out. */
  readonly maxMemoryBytes?: number;
  readonly io?: FdIo;
}

/**
 * Open a file, FIFO, device or, for "-", standard input. A FIFO waits here for its writer. An empty
 * file opens well: that it holds no image is for the readers to say.
 *
 * @returns a source that the caller closes; standard input itself stays open
 * @throws {InputError} codes "not-found", "permission-denied", "is-directory", "open-failed"
 */
export function openSource(path: string, options: OpenOptions = {}): Source {
  if (path === STANDARD_INPUT) {
    return sourceOf(STANDARD_INPUT_FD, STANDARD_INPUT_NAME, false, options);
  }
  const fd = tryToOpen(path, () => openSync(platformPath(path), "r"));
  try {
    return sourceOf(fd, path, true, options);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Choose by what the descriptor is. */
function sourceOf(fd: number, name: string, ownsFd: boolean, options: OpenOptions): Source {
  const io = options.io ?? NODE_FD_IO;
  const stats = tryToOpen(name, () => fstatSync(fd));
  if (stats.isDirectory()) throw inputError("is-directory", name, "is a directory");
  const baseOffset = ownsFd ? 0 : standingOffset(fd);
  if (baseOffset !== null && hasPositions(stats, { fd, name, io })) {
    return new FileSource(fd, name, stats.size, { baseOffset, ownsFd, io });
  }
  return pipeSource(fd, name, options.maxMemoryBytes ?? DEFAULT_LIMITS.maxMemoryBytes, {
    ownsFd,
    io,
  });
}

/**
 * True for what can be read by position up to a known size. Block devices tell no size, and some
 * files of /proc and /sys claim to be empty but are not: both are read like a pipe.
 */
function hasPositions(stats: Stats, from: { fd: number; name: string; io: FdIo }): boolean {
  if (!stats.isFile()) return false;
  return stats.size > 0 || readSome(from, new Uint8Array(1), 0, 0, 0) === 0;
}

/**
 * Where an inherited descriptor stands: a shell may have read part of the file. Node has no call
 * for it, Linux tells it in /proc. Null, and so read like a pipe, where it cannot be known.
 */
function standingOffset(fd: number): number | null {
  try {
    const found = /^pos:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"));
    return found === null ? null : Number(found[1]);
  } catch {
    return null; // no Linux, no /proc: the slow way is right too
  }
}

/**
 * Do it, and tell its failure as an InputError with the platform's error as cause.
 *
 * @throws {InputError} as openSource
 */
export function tryToOpen<T>(name: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const errno = errnoOf(error);
    const [code, reason] = OPEN_FAILURES[errno] ?? ["open-failed", "cannot be opened"];
    const detail = errno === "" ? String(error) : errno;
    const why = code === "not-found" && name.includes(REPLACEMENT) ? NOT_UTF8 : "";
    throw inputError(code, name, `${reason} (${detail})${why}`, { cause: error });
  }
}

/** What a byte of a name that is no UTF-8 has become where the platform made a text of it. */
const REPLACEMENT = "\ufffd";
const NOT_UTF8 =
  "; if its name is not UTF-8, it can only be reached by a folder or a list: batch, --files-from";
const OPEN_FAILURES: Readonly<Record<string, readonly [InputErrorCode, string]>> = {
  ENOENT: ["not-found", "no such file"],
  ENOTDIR: ["not-found", "no such file"],
  EACCES: ["permission-denied", "permission denied"],
  EPERM: ["permission-denied", "permission denied"],
  EISDIR: ["is-directory", "is a directory"],
};
