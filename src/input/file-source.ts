/**
 * A regular file, read by position: the fast path. Small reads are served from a read-ahead window,
 * large ones go straight into the reader's memory, which may be shared WebAssembly memory.
 *
 * The input ends where the file ended when it was opened. Bytes appended later are not seen; where
 * the file has shrunk since, a read ends early and the reader sees an image cut short.
 */
import { closeSync } from "node:fs";
import type { FdIo, NamedFd } from "./fd.js";
import { NODE_FD_IO, readSome } from "./fd.js";
import type { Source } from "./source.js";

/** Small reads are served from a window of this size. */
const WINDOW_BYTES = 16 * 1024;
/** Reads of this size or more go straight into the reader's memory: headers and 1024 entries do. */
const DIRECT_BYTES = 16 + 8 * 1024;

/** How a FileSource is made. */
export interface FileSourceOptions {
  /** Where the image begins in the file; 0 if left out. Offsets of the source count from there. */
  readonly baseOffset?: number;
  /** False if the descriptor belongs to somebody else, as standard input does. */
  readonly ownsFd?: boolean;
  readonly io?: FdIo;
}

/** A seekable source over a descriptor that can be read by position. */
export class FileSource implements Source {
  readonly name: string;
  readonly size: number;
  readonly seekable = true;
  readonly immediate = true;
  readonly #from: NamedFd;
  readonly #baseOffset: number;
  readonly #ownsFd: boolean;
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #windowOffset = 0;
  #windowBytes = 0;
  #open = true;

  /**
   * @param fd     open for reading; closed by `close` unless `ownsFd` is false
   * @param name   for messages
   * @param bytes  of the whole file, as fstat told at opening
   */
  constructor(fd: number, name: string, bytes: number, options: FileSourceOptions = {}) {
    this.name = name;
    this.#baseOffset = options.baseOffset ?? 0;
    this.size = Math.max(0, bytes - this.#baseOffset);
    this.#ownsFd = options.ownsFd ?? true;
    this.#from = { fd, name, io: options.io ?? NODE_FD_IO };
  }

  /** The descriptor, for threads that read by position beside this source. */
  get fd(): number {
    return this.#from.fd;
  }

  /** Where the image begins in the file. */
  get baseOffset(): number {
    return this.#baseOffset;
  }

  read(into: Uint8Array, byteOffset: number): number {
    const bytes = Math.min(into.length, this.size - byteOffset);
    if (bytes <= 0) return 0;
    if (bytes >= DIRECT_BYTES) return this.#fill(into, bytes, byteOffset);
    let at = byteOffset - this.#windowOffset;
    if (at < 0 || at + bytes > this.#windowBytes) {
      const ahead = Math.min(WINDOW_BYTES, this.size - byteOffset);
      this.#windowBytes = 0; // stays so if the read fails
      const got = this.#fill(this.#window, ahead, byteOffset);
      this.#windowOffset = byteOffset;
      this.#windowBytes = got;
      at = 0;
    }
    const got = Math.min(bytes, this.#windowBytes - at);
    into.set(this.#window.subarray(at, at + got));
    return got;
  }

  /** Costs nothing: what lies within the size at opening counts as present. */
  skip(byteOffset: number, bytes: number): number {
    return Math.max(0, Math.min(bytes, this.size - byteOffset));
  }

  hold(): void {}

  release(): void {}

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#windowBytes = 0;
    if (this.#ownsFd) closeSync(this.#from.fd);
  }

  /** Read until `bytes` bytes are there or the file ends; a short read is no end. */
  #fill(into: Uint8Array, bytes: number, byteOffset: number): number {
    const target = bytes === into.length ? into : into.subarray(0, bytes);
    let got = 0;
    while (got < bytes) {
      const at = byteOffset + got;
      const more = readSome(this.#from, target, got, this.#baseOffset + at, at);
      if (more === 0) break;
      got += more;
    }
    return got;
  }
}
