/**
 * Bundled into the command: compiles the commands, which stand behind a mark at the end of the same
 * file as comments, so that help and completions do not pay for them. The code that V8 made of them
 * at build time is used if it stands beside and fits this Node.js: V8 rejects code of another
 * version by itself; the stamp keeps code of other sources and machines away from it.
 */
const { readFileSync } = require("node:fs");
const { createRequire, wrap } = require("node:module");
const { dirname, join } = require("node:path");
const { Script } = require("node:vm");

const FILE = join(__dirname, "xenstream.cjs");
/** What stands before the first line of the commands; each of their lines begins with "//". */
const MARK = "\n//xenstream:commands\n//";

/** The commands as comments, to be put behind the rest of the bundle. @param {string} source */
function hide(source) {
  return MARK + source.replaceAll("\n", "\n//");
}

/** What hide() was given. The bundler writes ASCII alone. */
function reveal() {
  const bundle = readFileSync(FILE, "latin1");
  return bundle.slice(bundle.lastIndexOf(MARK) + MARK.length).replaceAll("\n//", "\n");
}

/** What code must have been made by and of. @param {string} source */
function stampOf(source) {
  const build = source.slice(source.lastIndexOf("//")).trim();
  return `${process.version} ${process.platform} ${process.arch} ${build}\n`;
}

/** The code of an earlier run, if it fits. @param {string} source */
function cachedCode(source) {
  try {
    const bytes = readFileSync(`${FILE}.cache`);
    const stamp = Buffer.from(stampOf(source));
    return bytes.subarray(0, stamp.length).equals(stamp) ? bytes.subarray(stamp.length) : undefined;
  } catch {
    return undefined; // none was made
  }
}

/**
 * Compile and run the commands.
 *
 * @returns {{ exports: Record<string, any>, script: Script, stamp: string }}
 */
function load() {
  const source = reveal();
  const script = new Script(wrap(source), { filename: FILE, cachedData: cachedCode(source) });
  const module = { exports: {} };
  const run = script.runInThisContext();
  run(module.exports, createRequire(FILE), module, FILE, dirname(FILE));
  return { exports: module.exports, script, stamp: stampOf(source) };
}

module.exports = { FILE, hide, load };
