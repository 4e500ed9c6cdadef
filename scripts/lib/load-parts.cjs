/**
 * The beginning of the bundled command: loads its parts, which stand behind this code in the same
 * file as comments, so that no run pays for the parts that it does not need. The code that V8 made
 * of a part at build time is used if it stands beside and fits this Node.js: V8 rejects code of
 * another version by itself; the stamp keeps code of another build or machine away from it.
 */
const { openSync, readSync } = require("node:fs");
const { dirname } = require("node:path");
const { Script } = require("node:vm");

/** A stamp, offsets and lengths fit in it. */
const HEAD_BYTES = 8192;

function bytesAt(fd, offset, bytes) {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  return buffer.subarray(0, readSync(fd, buffer, 0, bytes, offset));
}

/** Reads the code of parts from the file beside; gives undefined where there is none that fits. */
function codeReader(file, stamp) {
  try {
    const fd = openSync(`${file}.cache`);
    const head = bytesAt(fd, 0, HEAD_BYTES).latin1Slice();
    const { stamp: made, codes } = JSON.parse(head);
    if (made === stamp) return (name) => codes[name] && bytesAt(fd, ...codes[name]);
  } catch {
    // none was made
  }
  return () => undefined;
}

/**
 * @param {string} file  the bundle
 * @param {NodeRequire} outside  for what is no part
 * @param {{ id: string, offset: number, table: Record<string, [number, number]> }} parts
 *   what tells builds apart, where the first part stands, and the offset behind that and the bytes
 *   of each, its comment marks included
 */
function loadParts(file, outside, { id, offset, table }) {
  const stamp = `${process.version} ${process.platform} ${process.arch} ${id}`;
  const fd = openSync(file);
  const codeOf = codeReader(file, stamp);
  const scripts = {};
  const loaded = {};
  const part = (name) => {
    if (loaded[name] !== undefined) return loaded[name].exports;
    const [at, bytes] = table[name];
    // The bundler writes ASCII alone.
    const hidden = bytesAt(fd, offset + at, bytes).latin1Slice();
    const source = `(function(exports,require,module,__filename,__dirname){${hidden
      .slice(2)
      .replaceAll("\n//", "\n")}\n})`;
    const script = new Script(source, { filename: file, cachedData: codeOf(name) });
    const module = { exports: {} };
    loaded[name] = module;
    scripts[name] = script;
    script.runInThisContext()(module.exports, require, module, file, dirname(file));
    return module.exports;
  };
  const require = Object.assign((name) => (name in table ? part(name) : outside(name)), outside);
  return { part, scripts, stamp };
}

module.exports = { HEAD_BYTES, loadParts };
