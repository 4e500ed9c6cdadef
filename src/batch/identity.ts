/**
 * Which file it was that an outcome is of, so that one that has changed since is done again.
 */
import { statSync } from "node:fs";
import { platformPath } from "../findings/index.js";
import { isUrl } from "./inputs.js";

/**
 * Device, inode, size and time of change of a regular file, as one text; null for whatever can
 * change without telling, such as a pipe or a URL: its outcome holds for this run alone.
 */
export function fileIdentity(file: string): string | null {
  if (isUrl(file)) return null;
  try {
    const stats = statSync(platformPath(file), { bigint: true, throwIfNoEntry: false });
    if (!stats?.isFile()) return null;
    return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}`;
  } catch {
    return null;
  }
}
