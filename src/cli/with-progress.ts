/**
 * Runs one operation with a progress line where somebody would see it. The line itself, and the
 * library that draws it, are loaded only then.
 */
import { statSync } from "node:fs";
import type { ReadingHooks } from "../ops/index.js";
import type { OutputOptions } from "./options.js";
import { factsOf } from "./terminal.js";

/** A regular file below this is read before a line could be drawn. */
const QUIET_BYTES = 1024 * 1024;

/**
 * Do `work` on a file, or on several at once. Its progress is shown on standard error if that is a terminal and no flag
 * forbids it, and is cleared before this returns or throws.
 */
export async function withProgress<R>(
  file: string | readonly string[],
  flags: Pick<OutputOptions, "progress" | "quiet">,
  work: (hooks: ReadingHooks) => R | Promise<R>,
): Promise<R> {
  const files = typeof file === "string" ? [file] : file;
  if (!flags.progress || flags.quiet || files.every(isSmall)) return work({});
  if (!factsOf("stderr").isTTY) return work({});
  const { ProgressLine } = await import("./progress.js");
  const line = new ProgressLine(files);
  try {
    return await work(line.hooks);
  } finally {
    line.end();
  }
}

/** False for whatever is not a small regular file: opening it tells what is wrong with it. */
function isSmall(file: string): boolean {
  if (file === "-") return false;
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size < QUIET_BYTES;
}
