/**
 * Writes every generated file of the project: `node scripts/generate.mjs`. With `--check` nothing
 * is written, and the exit code is 1 if a file is not as it would be written.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generateAssembly } from "./generators/assembly.mjs";
import { generateMan } from "./generators/man.mjs";
import { generateRules } from "./generators/rules.mjs";
import { ROOT } from "./lib/root.mjs";

/** Each returns the text of its files by path from the root; add new ones here. */
const GENERATORS = [generateAssembly, generateRules, generateMan];

const check = process.argv.includes("--check");
let stale = 0;
for (const generate of GENERATORS) {
  for (const [path, text] of await generate()) {
    if (read(path) === text) continue;
    if (check) {
      stale++;
      console.error(`${path} is stale: run "npm run generate"`);
    } else {
      mkdirSync(dirname(join(ROOT, path)), { recursive: true });
      writeFileSync(join(ROOT, path), text);
      console.log(`wrote ${path}`);
    }
  }
}
process.exitCode = stale > 0 ? 1 : 0;

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(join(ROOT, path), "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}
