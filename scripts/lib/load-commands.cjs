/**
 * Bundled into the command: loads the file of all commands that stands beside it, with the code
 * that V8 made of it at build time if that fits this Node.js. V8 rejects code of another version by
 * itself; the stamp keeps code of other sources and machines away from it.
 */
const { readFileSync } = require("node:fs");
const { createRequire, wrap } = require("node:module");
const { dirname, join } = require("node:path");
const { Script } = require("node:vm");

const FILE = join(__dirname, "xenstream-commands.cjs");

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
  // The bundler writes ASCII alone.
  const source = readFileSync(FILE, "latin1");
  const script = new Script(wrap(source), { filename: FILE, cachedData: cachedCode(source) });
  const module = { exports: {} };
  const run = script.runInThisContext();
  run(module.exports, createRequire(FILE), module, FILE, dirname(FILE));
  return { exports: module.exports, script, stamp: stampOf(source) };
}

module.exports = { FILE, load };
