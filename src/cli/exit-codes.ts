/**
 * Exit codes, the same for every command; INTERFACE promises them.
 */
import { XenstreamError } from "../findings/index.js";

export const EXIT_ACCEPTED = 0;
export const EXIT_REJECTED = 1;
export const EXIT_USAGE = 2;
export const EXIT_BUG = 3;
export const EXIT_INTERRUPTED = 130;
export const EXIT_TERMINATED = 143;

/** What each command's help says about them. */
export const EXIT_CODES_HELP = `
Exit codes:
  0    accepted, equal, done
  1    rejected, damaged or different
  2    usage error, input or output cannot be read or written, or a limit is in the way
  3    a bug of xenstream
  130  interrupted (143: terminated)`;

/** The exit code that an error asks for. */
export function exitCodeOf(error: unknown): number {
  return error instanceof XenstreamError ? error.exitCode : EXIT_BUG;
}
