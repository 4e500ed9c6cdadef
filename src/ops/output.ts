/**
 * Where commands write the files they make. A file appears under its name once it is whole: until
 * then it has a temporary name in the same folder, which is removed on an error or an interrupt.
 * Standard output is "-"; a reader that closes the pipe is no error. What is written is not known
 * here. Source: INTERFACE, exit codes 2, 130, 143.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { ByteSink } from "../export/index.js";
import { InputError } from "../findings/index.js";
import { nodeCrypto } from "./builtins.js";

/** The path that stands for standard output. */
export const STANDARD_OUTPUT = "-";

const STDOUT_FD = 1;
const NAME_BYTES = 6;
const BUFFER_BYTES = 1024 * 1024;
const FILE_MODE = 0o666;
/** Pause before a pipe that is full is tried again. */
const RETRY_MS = 1;
/** As openBeside() makes it. */
const PART_NAME = /^\.(.+)\.[0-9a-f]{12}\.part$/s;

/** An output that was opened. Either close() or abort() ends it; abort() may be called at any time. */
export interface Output extends ByteSink {
  /** Bytes taken so far. */
  readonly byteCount: number;
  /** The reader of standard output has gone: nothing more needs to be made. */
  readonly readerGone: boolean;
  /** Write what is buffered and make the file appear under its name. */
  close(): void;
  /** Give up and remove what is there. Does nothing after close(). */
  abort(): void;
}

/**
 * Open an output by its path, "-" for standard output.
 *
 * @throws {InputError} code "output": it cannot be made; the same comes from write() and close()
 */
export function openOutput(path: string): Output {
  return path === STANDARD_OUTPUT ? new StandardOutput() : new FileOutput(path);
}

/**
 * True if a path names a file, present or to be made: no device, no pipe, not "-". Also of a path
 * that cannot be looked at: opening it tells why.
 */
export function isFilePath(path: string): boolean {
  if (path === STANDARD_OUTPUT) return false;
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
  } catch {
    return true;
  }
}

/**
 * Make a whole output: opened, filled, closed, or removed if `fill` throws.
 *
 * @returns what `fill` returns
 */
export function writeOutput<T>(path: string, fill: (output: Output) => T): T {
  const output = openOutput(path);
  try {
    const result = fill(output);
    output.close();
    return result;
  } catch (error) {
    output.abort();
    throw error;
  }
}

/** As writeOutput, where what fills it has to wait for its input. */
export async function writeOutputAsync<T>(
  path: string,
  fill: (output: Output) => Promise<T>,
): Promise<T> {
  const output = openOutput(path);
  try {
    const result = await fill(output);
    output.close();
    return result;
  } catch (error) {
    output.abort();
    throw error;
  }
}

/**
 * Remove what killed processes have left of outputs: the temporary files of these paths. Only for
 * who knows that no other process is making them.
 */
export function removeParts(paths: Iterable<string>): void {
  const byFolder = new Map<string, Set<string>>();
  for (const path of Array.from(paths, followed)) {
    const names = byFolder.get(dirname(path)) ?? new Set();
    byFolder.set(dirname(path), names.add(basename(path)));
  }
  for (const [folder, names] of byFolder) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      const made = PART_NAME.exec(name);
      if (made !== null && names.has(made[1] ?? "")) rmSync(join(folder, name), { force: true });
    }
  }
}

/** Gathers small writes; large ones go through. */
abstract class BufferedOutput implements Output {
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #used = 0;
  #byteCount = 0;

  abstract readonly readerGone: boolean;
  abstract close(): void;
  abstract abort(): void;
  protected abstract put(bytes: Uint8Array): void;

  get byteCount(): number {
    return this.#byteCount;
  }

  write(bytes: Uint8Array): void {
    this.#byteCount += bytes.length;
    if (this.#used + bytes.length > BUFFER_BYTES) this.flush();
    if (bytes.length >= BUFFER_BYTES) {
      this.put(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  protected flush(): void {
    const used = this.#used;
    this.#used = 0;
    if (used > 0) this.put(this.#buffer.subarray(0, used));
  }
}

/** A file, written beside its final name; a device or a named pipe is written to directly. */
class FileOutput extends BufferedOutput {
  readonly readerGone = false;
  readonly #path: string;
  /** What close() renames to #path and abort() removes; null where there is nothing to. */
  #temporary: string | null;
  #fd: number | null;

  constructor(path: string) {
    super();
    try {
      // A pipe under /dev/fd has no path that could be followed.
      this.#path = isFilePath(path) ? followed(path) : path;
      const { fd, temporary } = openBeside(this.#path);
      this.#fd = fd;
      this.#temporary = temporary;
    } catch (cause) {
      throw outputError(path, cause);
    }
  }

  protected put(bytes: Uint8Array): void {
    const fd = this.#fd;
    if (fd === null) return;
    this.#guarded(() => {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    });
  }

  close(): void {
    this.flush();
    const fd = this.#fd;
    if (fd === null) return;
    this.#guarded(() => {
      if (this.#temporary !== null) fsyncSync(fd);
      this.#fd = null;
      closeSync(fd);
      if (this.#temporary !== null) renameSync(this.#temporary, this.#path);
      this.#temporary = null;
    });
  }

  abort(): void {
    const fd = this.#fd;
    const temporary = this.#temporary;
    this.#fd = null;
    this.#temporary = null;
    try {
      if (fd !== null) closeSync(fd);
    } finally {
      if (temporary !== null) unlinkSync(temporary);
    }
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (cause) {
      throw outputError(this.#path, cause);
    }
  }
}

/** Standard output: nothing to rename or remove. */
class StandardOutput extends BufferedOutput {
  #readerGone = false;

  get readerGone(): boolean {
    return this.#readerGone;
  }

  protected put(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length && !this.#readerGone; ) {
      try {
        done += writeSync(STDOUT_FD, bytes, done);
      } catch (cause) {
        const code = (cause as NodeJS.ErrnoException).code;
        if (code === "EPIPE") this.#readerGone = true;
        else if (code === "EAGAIN") pause();
        else throw outputError("standard output", cause);
      }
    }
  }

  close(): void {
    this.flush();
  }

  abort(): void {
    this.#readerGone = true;
  }
}

/** The file that a path means, through links: renaming must not replace the link. */
export function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return path;
    throw cause;
  }
}

/** A new file beside `path`; what is no regular file is opened as it is. */
function openBeside(path: string): { readonly fd: number; readonly temporary: string | null } {
  const present = statSync(path, { throwIfNoEntry: false });
  if (present !== undefined && !present.isFile()) {
    return { fd: openSync(path, "w"), temporary: null };
  }
  return openTemporary(path);
}

/** A new file beside `path`, hidden by its dot, to be renamed once it is whole. */
export function openTemporary(path: string): { readonly fd: number; readonly temporary: string } {
  const suffix = nodeCrypto().randomBytes(NAME_BYTES).toString("hex");
  const temporary = join(dirname(path), `.${basename(path)}.${suffix}.part`);
  return { fd: openSync(temporary, "wx", FILE_MODE), temporary };
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
}

/** What went wrong with an output, as every command tells it. */
export function outputError(path: string, cause: unknown): InputError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new InputError(`cannot write ${path}: ${reason}`, {
    code: "output",
    source: path,
    cause,
  });
}
