/**
 * Whether two names mean one file, by their paths or by device and inode: an output must not
 * replace what it is made of. Not how outputs are written; that is output.ts.
 */
import { type BigIntStats, statSync } from "node:fs";
import { resolve } from "node:path";
import { UsageError } from "../findings/index.js";
import { isRemote } from "../input/index.js";
import { isFilePath, STANDARD_OUTPUT } from "./output.js";

/** What names of one file have in common: the path they resolve to, or device and inode. */
export function identitiesOf(path: string): string[] {
  const stats = statsOf(path);
  return [resolve(path), ...(stats?.isFile() === true ? [`${stats.dev}:${stats.ino}`] : [])];
}

/**
 * Refuse an output that would replace a file that is read, or made, by the same command.
 *
 * @param kept    path, URL or "-"
 * @param option  what named the output, for the message
 * @throws {UsageError}
 */
export function mustSpare(kept: string, output: string, option = "--output"): void {
  if (!isFilePath(output) || kept === STANDARD_OUTPUT || isRemote(kept)) return;
  const ids = new Set(identitiesOf(kept));
  if (!identitiesOf(output).some((id) => ids.has(id))) return;
  const allowed = "the path of another file";
  throw new UsageError(`${output} would replace ${kept}`, { option, allowed });
}

/** Null for what cannot be looked at: opening it will tell why. */
function statsOf(path: string): BigIntStats | null {
  try {
    return statSync(path, { throwIfNoEntry: false, bigint: true }) ?? null;
  } catch {
    return null;
  }
}
