/**
 * Files that are written at any place and keep their holes, and appear under their name once they
 * are whole: as output.ts, which is for bytes in order. Standard output and pipes get zeros where
 * a file has a hole. Source: INTERFACE, exit codes 2, 130, 143.
 */
import { closeSync, fsyncSync, ftruncateSync, renameSync, unlinkSync, writeSync } from "node:fs";
import {
  followed,
  isFilePath,
  type Output,
  openOutput,
  openTemporary,
  outputError,
} from "./output.js";

const ZEROS = new Uint8Array(64 * 1024);

/** An output that takes bytes at ascending places. Either close() or abort() ends it. */
export interface PlacedOutput {
  /** Whether what is not written stays zero without being written. */
  readonly sparse: boolean;
  /** The reader of standard output has gone: nothing more needs to be made. */
  readonly readerGone: boolean;
  /** Write at a place at or behind the end of the write before. The bytes are not kept. */
  writeAt(fileOffset: number, bytes: Uint8Array): void;
  /** Make it `sizeBytes` long and let it appear under its name. */
  close(sizeBytes: number): void;
  /** Give up and remove what is there. Does nothing after close(). */
  abort(): void;
}

/**
 * Open an output by its path, "-" for standard output.
 *
 * @throws {InputError} code "output": it cannot be made; the same comes from writeAt() and close()
 */
export function openPlacedOutput(path: string): PlacedOutput {
  if (!isFilePath(path)) return new SequentialPlaced(openOutput(path));
  try {
    return new SparseFile(path);
  } catch (cause) {
    throw outputError(path, cause);
  }
}

/** A new file beside the final name, renamed at the end. */
class SparseFile implements PlacedOutput {
  readonly sparse = true;
  readonly readerGone = false;
  readonly #path: string;
  readonly #temporary: string;
  #fd: number | null;

  constructor(path: string) {
    this.#path = followed(path);
    const { fd, temporary } = openTemporary(this.#path);
    this.#fd = fd;
    this.#temporary = temporary;
  }

  writeAt(fileOffset: number, bytes: Uint8Array): void {
    this.#guarded((fd) => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(fd, bytes, done, bytes.length - done, fileOffset + done);
      }
    });
  }

  close(sizeBytes: number): void {
    this.#guarded((fd) => {
      ftruncateSync(fd, sizeBytes);
      fsyncSync(fd);
      closeSync(fd);
      this.#fd = null;
      renameSync(this.#temporary, this.#path);
    });
  }

  abort(): void {
    const fd = this.#fd;
    if (fd === null) return;
    this.#fd = null;
    try {
      closeSync(fd);
    } finally {
      unlinkSync(this.#temporary);
    }
  }

  #guarded(work: (fd: number) => void): void {
    if (this.#fd === null) return;
    try {
      work(this.#fd);
    } catch (cause) {
      throw outputError(this.#path, cause);
    }
  }
}

/** Bytes in order: what lies between two writes is filled with zeros. */
class SequentialPlaced implements PlacedOutput {
  readonly sparse = false;
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  get readerGone(): boolean {
    return this.#output.readerGone;
  }

  writeAt(fileOffset: number, bytes: Uint8Array): void {
    this.#fillTo(fileOffset);
    this.#output.write(bytes);
  }

  close(sizeBytes: number): void {
    this.#fillTo(sizeBytes);
    this.#output.close();
  }

  abort(): void {
    this.#output.abort();
  }

  #fillTo(fileOffset: number): void {
    const output = this.#output;
    while (output.byteCount < fileOffset && !output.readerGone) {
      output.write(ZEROS.subarray(0, Math.min(ZEROS.length, fileOffset - output.byteCount)));
    }
  }
}
