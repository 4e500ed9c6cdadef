/**
 * Runs one operation with a progress line where somebody would see it. The line itself, and the
 * library that draws it, are loaded only then.
 */
import { statSync } from "node:fs";
import { type ReadingHooks, shownName } from "../ops/index.js";
import { printable } from "../report/index.js";
import type { OutputOptions } from "./options.js";
import { writeErr } from "./output.js";
import { factsOf } from "./terminal.js";

/** A regular file below this is read before a line could be drawn. */
const QUIET_BYTES = 1024 * 1024;

/**
 * Do `work` on a file, or on several at once. Its progress is shown on standard error if that is a
 * terminal and no flag forbids it, and is cleared before this returns or throws. Notes on the input
 * go there if wanted.
 */
export async function withProgress<R>(
  file: string | readonly string[],
  flags: Pick<OutputOptions, "progress" | "quiet" | "verbose">,
  work: (hooks: ReadingHooks) => R | Promise<R>,
): Promise<R> {
  const files = typeof file === "string" ? [file] : file;
  const hooks = flags.verbose
    ? { onNote: (note: string) => writeErr(`note: ${printable(note)}\n`) }
    : {};
  if (!flags.progress || flags.quiet || files.every(isSmall)) return work(hooks);
  if (!factsOf("stderr").isTTY) return work(hooks);
  const { ProgressLine } = await import("./progress.js");
  const line = new ProgressLine(files.map(shownName));
  try {
    return await work({ ...hooks, ...line.hooks });
  } finally {
    line.end();
  }
}

/** False for whatever is not a small regular file: opening it tells what is wrong with it. */
function isSmall(file: string): boolean {
  if (file === "-") return false;
  try {
    const stats = statSync(file);
    return stats.isFile() && stats.size < QUIET_BYTES;
  } catch {
    return false;
  }
}
