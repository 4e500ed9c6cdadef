/**
 * Reading from a file descriptor, whatever it is: short reads, interruptions and non-blocking
 * descriptors are dealt with here. The platform's call can be replaced, for tests.
 */
import { readSync } from "node:fs";
import { readFailed } from "./source.js";

/** The two things that are asked of the platform. */
export interface FdIo {
  /** As `fs.readSync`: fills part of `into`, returns bytes read, 0 at the end; throws `code`. */
  read(fd: number, into: Uint8Array, at: number, bytes: number, position: number | null): number;
  /** Do nothing for that long. */
  wait(waitMs: number): void;
}

/** The platform itself. */
export const NODE_FD_IO: FdIo = {
  read: readSync,
  wait(waitMs) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
  },
};

/** One call reads no more than this: the kernel's own bound is just below 2 GiB. */
const LARGEST_READ_BYTES = 1024 * 1024 * 1024;
/** Wait for a non-blocking descriptor this long at first, then twice as long each time. */
const FIRST_WAIT_MS = 0.125;
const LONGEST_WAIT_MS = 16;

/** A descriptor, and how errors call it. */
export interface NamedFd {
  readonly fd: number;
  readonly name: string;
  readonly io: FdIo;
}

/**
 * Read once: what the descriptor has to give now, at least one byte, waiting for it if need be.
 *
 * @param at          first byte of `into` to fill; there must be room for one
 * @param position    in the file, or null to read on where the descriptor stands
 * @param byteOffset  for errors: the same place as the reader counts it
 * @returns bytes got; 0 only at the end of the file
 * @throws {InputError} code "read-failed"
 */
export function readSome(
  from: NamedFd,
  into: Uint8Array,
  at: number,
  position: number | null,
  byteOffset: number,
): number {
  const bytes = Math.min(into.length - at, LARGEST_READ_BYTES);
  let waitMs = FIRST_WAIT_MS;
  for (;;) {
    try {
      return from.io.read(from.fd, into, at, bytes, position);
    } catch (error) {
      const code = errnoOf(error);
      if (code === "EOF") return 0; // how Windows says that the writer closed its pipe
      if (code === "EAGAIN" || code === "EWOULDBLOCK") {
        from.io.wait(waitMs);
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      } else if (code !== "EINTR") {
        throw readFailed(from.name, byteOffset, error);
      }
    }
  }
}

/** The errno name of a platform error, or "". */
export function errnoOf(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}
