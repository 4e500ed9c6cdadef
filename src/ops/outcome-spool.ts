/**
 * Outcomes kept on disk until reports are written: they come in any order, may be large and many,
 * and reports want them in input order, once each. Not a journal: nothing of it outlives the
 * process, for its file has no name.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobOutcome } from "../batch/index.js";
import { InputError } from "../findings/index.js";
import { nodeCrypto } from "./builtins.js";

const NAME_BYTES = 6;
/** Of the owner alone: results tell of a guest's memory. */
const FILE_MODE = 0o600;

interface Piece {
  readonly position: number;
  readonly bytes: number;
}

/** Outcomes by the index of their job. */
export class OutcomeSpool {
  readonly #path = join(
    tmpdir(),
    `xenstream-${nodeCrypto().randomBytes(NAME_BYTES).toString("hex")}`,
  );
  readonly #fd: number;
  readonly #pieces: (Piece | undefined)[] = [];
  #end = 0;

  /** @throws {InputError} code "output", as put(): there is no place for it */
  constructor() {
    this.#fd = this.#guarded(() => openSync(this.#path, "wx+", FILE_MODE));
    this.#guarded(() => unlinkSync(this.#path));
  }

  /** Keep an outcome; of two with one index the later counts. */
  put(index: number, outcome: JobOutcome): void {
    const bytes = Buffer.from(JSON.stringify(outcome));
    this.#guarded(() => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#fd, bytes, done, bytes.length - done, this.#end + done);
      }
    });
    this.#pieces[index] = { position: this.#end, bytes: bytes.length };
    this.#end += bytes.length;
  }

  /** All outcomes by index, one in memory at a time; may be gone through again. */
  *outcomes(): Generator<JobOutcome> {
    for (const piece of this.#pieces) {
      if (piece !== undefined) yield this.#read(piece);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #read({ position, bytes }: Piece): JobOutcome {
    const buffer = Buffer.alloc(bytes);
    this.#guarded(() => {
      for (let done = 0; done < bytes; ) {
        const count = readSync(this.#fd, buffer, done, bytes - done, position + done);
        if (count === 0) throw new Error("the file was cut");
        done += count;
      }
    });
    return JSON.parse(buffer.toString()) as JobOutcome;
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new InputError(`cannot keep results in ${this.#path}: ${reason}`, {
        code: "output",
        source: this.#path,
        cause,
      });
    }
  }
}
