/**
 * Where a command writes: documents and reports to standard output, errors to standard error. A
 * reader that closes the pipe is no error.
 */
import { fstatSync, writeSync } from "node:fs";
import type { CapacityError, UsageError } from "../findings/index.js";
import { printable, printableLines } from "../report/index.js";
import { EXIT_BUG, EXIT_USAGE, isTypedError } from "./exit-codes.js";

const STDOUT = 1;
const STDERR = 2;
/** Width of a text that no terminal bounds. */
export const DEFAULT_COLUMNS = 80;
/** How long a full pipe is waited for at a time. */
const WAIT_MS = 1;

/**
 * Write a text to standard output, whole; a closed pipe ends the writing quietly.
 *
 * @throws an error of exit code 2, told by its shape, where it cannot be written: a full disk
 */
export function writeOut(text: string): void {
  try {
    writeWhole(STDOUT, text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const error = new Error(`cannot write standard output: ${reason}`, { cause });
    throw Object.assign(error, { code: "output", exitCode: EXIT_USAGE });
  }
}

/** Write a document as --json prints it. */
export function writeJson(document: unknown): void {
  writeOut(`${JSON.stringify(document, null, 2)}\n`);
}

/**
 * False for what is a file or a pipe. Asked first, because the process's own stream objects load
 * the network stack, which costs a short command a tenth of its time.
 */
export function mayBeTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch {
    return false; // closed
  }
}

/** Columns of the terminal that a stream is; 80 where it is none. */
export function columnsOf(name: "stdout" | "stderr"): number {
  const columns = mayBeTerminal(name === "stdout" ? STDOUT : STDERR) ? process[name].columns : 0;
  return columns || DEFAULT_COLUMNS;
}

/** Say on standard error what went wrong, in one line; a bug with all that a report needs. */
export function printError(error: unknown): void {
  if (isTypedError(error) && error.exitCode !== EXIT_BUG) {
    say(`${error.message}${adviceOf(error)}`);
    return;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const host = `Node.js ${process.version}, ${process.platform} ${process.arch}`;
  writeErr(
    `xenstream: this is a bug of xenstream, please report it with the command and the image:\n` +
      `${host}\n${printableLines(text)}\n`,
  );
}

/** Say something in one line on standard error; names and what an image says may be in it. */
export function say(text: string): void {
  writeErr(`xenstream: ${printable(text)}\n`);
}

/** Write a text to standard error, whole; where that fails there is nowhere left to say so. */
export function writeErr(text: string): void {
  try {
    writeWhole(STDERR, text);
  } catch {
    // the exit code still tells
  }
}

function adviceOf(error: Error): string {
  const { option, allowed } = error as Partial<UsageError>;
  if (option !== undefined && allowed !== undefined) return ` (${option}: ${allowed})`;
  const { limit } = error as Partial<CapacityError>;
  if (option !== undefined && limit !== undefined && !error.message.includes(option)) {
    return ` (${option} raises it)`;
  }
  return "";
}

function writeWhole(fd: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  }
}
