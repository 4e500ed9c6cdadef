/**
 * Run by the build in a process of its own: does what users do most, then keeps the code that V8
 * made of the bundle's scripts beside it, so that the next run need not make it again.
 *
 *   node make-code-cache.mjs BUNDLE < what the bundle tells its loader
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { ROOT } from "./root.mjs";

const IMAGES = ["hvm-tiny.xcs", "pv64-tiny.xcs", "hvm-mixed.xcs"]
  .map((name) => join(ROOT, "test/fixtures", name))
  .filter((path) => existsSync(path));
const require = createRequire(import.meta.url);
const { HEAD_BYTES, loadParts } = require("./load-parts.cjs");
const [file] = process.argv.slice(2);
const parts = JSON.parse(readFileSync(0, "utf8"));

// What ran is kept, be it long ago; V8 takes code only from where the same flags are set.
setFlagsFromString("--no-flush-bytecode");
rmSync(`${file}.cache`, { force: true });
const { part, scripts, stamp } = loadParts(file, createRequire(file), parts);
const { run } = part("program.js");
await run([...process.argv.slice(0, 2), "--help"]);
for (const command of ["verify", "inspect", "restore"]) {
  for (const image of IMAGES) await run([...process.argv.slice(0, 2), command, image]);
}

setFlagsFromString("--flush-bytecode");

const codes = {};
const blobs = [];
let offset = HEAD_BYTES;
for (const [index, script] of Object.entries(scripts)) {
  const code = script.createCachedData();
  codes[index] = [offset, code.length];
  offset += code.length;
  blobs.push(code);
}
const head = JSON.stringify({ stamp, codes }).padEnd(HEAD_BYTES);
writeFileSync(`${file}.cache`, Buffer.concat([Buffer.from(head), ...blobs]));
