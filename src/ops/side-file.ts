/**
 * Files that stand beside an image and are read whole: a config, a list. No device that never ends
 * makes them endless. Images are read by input/.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { namesOfList } from "../batch/index.js";
import { InputError, UsageError } from "../findings/index.js";

const STANDARD_INPUT = "-";
const STANDARD_INPUT_FD = 0;
const FIRST_BYTES = 64 * 1024;
/** Paths of a million images and more. */
const LIST_BYTES_MAX = 256 * 1024 ** 2;

/**
 * The bytes of the file that an option names.
 *
 * @param path  "-" is taken as a name
 * @throws {InputError} code as the option's name, if it cannot be read
 * @throws {UsageError} if it is longer than `maxBytes`
 */
export function sideFile(path: string, option: string, maxBytes: number): Uint8Array {
  return withCause(path, option, () => {
    const fd = openSync(path, "r");
    try {
      return wholeOf(fd, path, option, maxBytes);
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * The names in a list: one a line, or with a zero byte behind each (`find -print0`).
 *
 * @param path  of the list, "-" for standard input
 * @throws {InputError} code "files-from" if it cannot be read
 * @throws {UsageError} if it is no list, but something that does not end
 */
export function namesInList(path: string): string[] {
  const option = "--files-from";
  const bytes =
    path === STANDARD_INPUT
      ? withCause("standard input", option, () =>
          wholeOf(STANDARD_INPUT_FD, path, option, LIST_BYTES_MAX),
        )
      : sideFile(path, option, LIST_BYTES_MAX);
  return namesOfList(bytes);
}

function wholeOf(fd: number, path: string, option: string, maxBytes: number): Uint8Array {
  let into = new Uint8Array(Math.min(FIRST_BYTES, maxBytes + 1));
  let present = 0;
  for (;;) {
    const got = readSync(fd, into, present, into.length - present, null);
    present += got;
    if (got === 0) return into.subarray(0, present);
    if (present > maxBytes) {
      throw new UsageError(`${path} is too long to be one`, {
        option,
        allowed: `at most ${maxBytes} bytes`,
      });
    }
    if (present === into.length) {
      const larger = new Uint8Array(Math.min(2 * present, maxBytes + 1));
      larger.set(into);
      into = larger;
    }
  }
}

function withCause<R>(path: string, option: string, work: () => R): R {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const code = option.replace(/^--/, "");
    throw new InputError(`cannot read ${path}: ${reason}`, { code, source: path, cause });
  }
}
