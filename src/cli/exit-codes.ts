/**
 * Exit codes, the same for every command; INTERFACE promises them. Loads nothing: help needs it.
 */
import type { XenstreamError } from "../findings/index.js";

export const EXIT_ACCEPTED = 0;
export const EXIT_REJECTED = 1;
export const EXIT_USAGE = 2;
export const EXIT_BUG = 3;
export const EXIT_INTERRUPTED = 130;
export const EXIT_TERMINATED = 143;

/** Each code with what it means, for help, the man page and the topic. */
export const EXIT_CODES: readonly (readonly [code: string, meaning: string])[] = [
  ["0", "accepted, equal, done"],
  ["1", "rejected, damaged or different: the report says where and why"],
  ["2", "usage error, unreadable input, unwritable output, or a limit in the way"],
  ["3", "a bug of xenstream, with what to report"],
  ["130", "interrupted (143: terminated)"],
];

/** What each command's help says about them. */
export const EXIT_CODES_HELP = `
Exit codes:
${EXIT_CODES.map(([code, meaning]) => `  ${code.padEnd(4)} ${meaning}`).join("\n")}`;

/** The exit code that an error asks for: its own if it is one of xenstream's, else a bug's. */
export function exitCodeOf(error: unknown): number {
  return isTypedError(error) ? error.exitCode : EXIT_BUG;
}

/** Whether xenstream threw it on purpose. Told by shape: the classes are loaded with the work. */
export function isTypedError(error: unknown): error is XenstreamError {
  return (
    error instanceof Error &&
    "exitCode" in error &&
    "code" in error &&
    typeof error.exitCode === "number" &&
    typeof error.code === "string"
  );
}
