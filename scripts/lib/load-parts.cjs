/**
 * The beginning of the bundled command: loads its parts from the scripts in the file beside, so
 * that no run pays for the parts that it does not need. The code that V8 made of a script at build
 * time is used if it stands beside too and fits this Node.js: V8 rejects code of another version by
 * itself; the stamp keeps code of another build or machine away from it.
 */
const { openSync, readSync } = require("node:fs");
const { dirname } = require("node:path");
const { Script } = require("node:vm");

/** A stamp, offsets and lengths fit in it. */
const HEAD_BYTES = 4096;

function bytesAt(fd, offset, bytes) {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  return buffer.subarray(0, readSync(fd, buffer, 0, bytes, offset));
}

/** Reads the code of scripts from the file beside; gives undefined where there is none that fits. */
function codeReader(file, stamp) {
  try {
    const fd = openSync(`${file}.cache`);
    const head = bytesAt(fd, 0, HEAD_BYTES).latin1Slice();
    const { stamp: made, codes } = JSON.parse(head);
    if (made === stamp) return (index) => codes[index] && bytesAt(fd, ...codes[index]);
  } catch {
    // none was made
  }
  return () => undefined;
}

/**
 * @param {string} file  the bundle
 * @param {NodeRequire} outside  for what is no part
 * @param {{ id: string, table: [number, string[]][] }} parts
 *   what tells builds apart; the bytes of each script, in their order, and the parts it makes
 */
function loadParts(file, outside, { id, table }) {
  const stamp = `${process.version} ${process.platform} ${process.arch} ${id}`;
  const filename = file.replace(/cjs$/, "parts.cjs");
  const fd = openSync(filename);
  const codeOf = codeReader(file, stamp);
  const scripts = {};
  const makers = {};
  const loaded = {};
  const places = {};
  let end = 0;
  table.forEach(([bytes, names], index) => {
    for (const name of names) places[name] = { index, names, offset: end, bytes };
    end += bytes;
  });
  const compile = ({ index, names, offset, bytes }) => {
    // The bundler writes ASCII alone.
    const source = bytesAt(fd, offset, bytes).latin1Slice();
    scripts[index] = new Script(source, { filename, cachedData: codeOf(index) });
    scripts[index].runInThisContext().forEach((maker, at) => {
      makers[names[at]] = maker;
    });
  };
  const part = (name) => {
    if (loaded[name] !== undefined) return loaded[name].exports;
    if (makers[name] === undefined) compile(places[name]);
    const module = { exports: {} };
    loaded[name] = module;
    makers[name](module.exports, require, module, file, dirname(file));
    return module.exports;
  };
  const require = Object.assign((name) => {
    const own = name.replace("./", "");
    return own in places ? part(own) : outside(name);
  }, outside);
  return { part, scripts, stamp };
}

module.exports = { HEAD_BYTES, loadParts };
