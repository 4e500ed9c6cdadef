/**
 * What was built from which inputs: a hash of contents per build step, kept in dist/.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./root.mjs";

const STAMPS = join(ROOT, "dist/.stamps.json");

/**
 * @param {string[]} paths files and folders, from the root of the project
 * @returns {string} a hash of the names and contents of all files in them
 */
export function fingerprint(paths) {
  const hash = createHash("sha256");
  for (const path of paths.flatMap(filesIn).sort()) {
    const bytes = readFileSync(join(ROOT, path));
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

/** True if the step last succeeded with inputs of this fingerprint. */
export function isFresh(step, print) {
  return read()[step] === print;
}

/** Note that the step succeeded with inputs of this fingerprint. */
export function remember(step, print) {
  writeFileSync(STAMPS, `${JSON.stringify({ ...read(), [step]: print }, null, 2)}\n`);
}

function filesIn(path) {
  if (statSync(join(ROOT, path)).isFile()) return [path];
  return readdirSync(join(ROOT, path)).flatMap((name) => filesIn(`${path}/${name}`));
}

function read() {
  try {
    return JSON.parse(readFileSync(STAMPS, "utf8"));
  } catch {
    // Absent before the first build, and not worth more than a rebuild if broken.
    return {};
  }
}
