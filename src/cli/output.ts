/**
 * Where a command writes: documents and reports to standard output, errors to standard error. A
 * reader that closes the pipe is no error.
 */
import { writeSync } from "node:fs";
import { InternalError, UsageError, XenstreamError } from "../findings/index.js";

const STDOUT = 1;

/** Write a text to standard output, whole; a closed pipe ends the writing quietly. */
export function writeOut(text: string): void {
  const bytes = Buffer.from(text, "utf8");
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(STDOUT, bytes, done);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** Write a document as --json prints it. */
export function writeJson(document: unknown): void {
  writeOut(`${JSON.stringify(document, null, 2)}\n`);
}

/** Say on standard error what went wrong, in one line; a bug with all that a report needs. */
export function printError(error: unknown): void {
  if (error instanceof XenstreamError && !(error instanceof InternalError)) {
    process.stderr.write(`xenstream: ${error.message}${advice(error)}\n`);
    return;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`xenstream: this is a bug of xenstream, please report it:\n${text}\n`);
}

function advice(error: XenstreamError): string {
  if (error instanceof UsageError && error.allowed !== undefined) {
    return ` (${error.option}: ${error.allowed})`;
  }
  return "";
}
