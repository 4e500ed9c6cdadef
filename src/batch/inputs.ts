/**
 * From what a caller names to the images of a batch: files as they are, folders with all that is
 * in them, patterns, lists, URLs. Does not look into files: what is no image is told by its job.
 * A name in a folder or a list need not be UTF-8; what stands for its bytes is findings/path-text.ts.
 */
import { readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { pathText, platformPath } from "../findings/index.js";
import type { BatchJob } from "./port.js";

/** Files that are made, or looked for, beside images. */
export interface SideFiles {
  readonly folder: string;
  /** Their names end so. */
  readonly suffix: string;
}

/** Whether a name is a URL rather than a path. */
export function isUrl(name: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(name);
}

/**
 * The names in a list: one a line, or with a zero byte behind each. Lines that are empty are passed
 * over.
 */
export function namesOfList(list: Uint8Array): string[] {
  const bytes = Buffer.from(list.buffer, list.byteOffset, list.length);
  // Split as bytes: a name that is no UTF-8 must not take the next one with it.
  const text = bytes.toString("latin1");
  const lines = text.includes("\0") ? text.split("\0") : text.split(/\r?\n/);
  return lines.filter((line) => line !== "").map((line) => pathText(Buffer.from(line, "latin1")));
}

/**
 * The images that `names` stand for, each once, in order of the names; those of a folder or a
 * pattern in order of their paths.
 *
 * A folder stands for every regular file below it, links followed, but for names that begin with a
 * dot. What does not exist is taken as a pattern if it can be one; if that finds nothing, it stays
 * a name, so that its job tells that there is no such file.
 *
 * @param leaveOut  files of our own making, which are not found in folders or by patterns
 * @param side      nor are files of such names in this folder, which may be one of images
 */
export async function batchJobs(
  names: readonly string[],
  leaveOut: readonly string[] = [],
  side: SideFiles | null = null,
): Promise<BatchJob[]> {
  const jobs: BatchJob[] = [];
  const seen = new Set<string>();
  const isOurs = ownPaths(leaveOut, side);
  const add = (file: string, stats: Stats | undefined) => {
    const identity = stats === undefined ? file : realPath(file);
    if (seen.has(identity)) return;
    seen.add(identity);
    jobs.push({ index: jobs.length, file, bytes: stats?.isFile() ? stats.size : null });
  };
  const addFound = (paths: Iterable<string>) => {
    for (const path of paths) {
      if (!isOurs(realPath(path))) add(path, statOf(path));
    }
  };
  for (const name of names) {
    const stats = isUrl(name) ? undefined : statOf(name);
    if (stats?.isDirectory()) addFound(filesBelow(name));
    else if (stats !== undefined || isUrl(name)) add(name, stats);
    else {
      const { filesMatching } = await import("./patterns.js");
      const found = await filesMatching(name);
      if (found.length === 0) add(name, undefined);
      addFound(found);
    }
  }
  return jobs;
}

/** Larger images first, so that none is left over at the end; those of unknown size last. */
export function largestFirst(jobs: readonly BatchJob[]): BatchJob[] {
  return jobs.toSorted((a, b) => (b.bytes ?? -1) - (a.bytes ?? -1) || a.index - b.index);
}

/** Regular files below a folder, in order of their paths; each folder is entered once. */
function* filesBelow(folder: string, entered = new Set<string>()): Generator<string> {
  const real = realPath(folder);
  if (entered.has(real)) return;
  entered.add(real);
  const names = namesIn(folder);
  // One that cannot be read is given as it is: its job fails and says why.
  if (names === null) yield folder;
  for (const name of names?.filter((name) => !name.startsWith(".")).sort() ?? []) {
    const path = join(folder, name);
    const stats = statOf(path);
    if (stats?.isDirectory()) yield* filesBelow(path, entered);
    else if (stats?.isFile()) yield path;
  }
}

function namesIn(folder: string): string[] | null {
  try {
    return readdirSync(platformPath(folder), "buffer").map(pathText);
  } catch {
    return null;
  }
}

/** Tells by its real path whether a file is one of our own. */
function ownPaths(files: readonly string[], side: SideFiles | null): (real: string) => boolean {
  const own = new Set(files.map(realPath));
  const suffix = side?.suffix ?? "";
  const beneath = side === null ? "" : join(realPath(side.folder), sep);
  return (real) =>
    own.has(real) || (side !== null && real.startsWith(beneath) && real.endsWith(suffix));
}

function realPath(path: string): string {
  try {
    return pathText(realpathSync.native(platformPath(path), "buffer"));
  } catch {
    return resolve(path); // not there, or not to be looked at: its name has to do
  }
}

/** Undefined for what is not there or cannot be looked at: its job says why. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(platformPath(path), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
