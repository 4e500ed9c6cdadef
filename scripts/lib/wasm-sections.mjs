/**
 * Reads the sections of a WebAssembly module as far as check-wasm.mjs asks: imports, exports,
 * globals, start, data. Not a validator: the module has been compiled before.
 * Source: WebAssembly core specification, binary format.
 */

const KINDS = ["function", "table", "memory", "global", "tag"];
const SECTION = { import: 2, global: 6, export: 7, start: 8, data: 11 };

/**
 * @param {Uint8Array} bytes of the whole module
 * @returns {{
 *   imports: {module: string, name: string, kind: string, shared: boolean}[],
 *   exports: {name: string, kind: string}[],
 *   mutableGlobals: number, dataSegments: number, hasStart: boolean,
 * }}
 */
export function readModule(bytes) {
  const reader = new Reader(bytes);
  if (reader.bytes(8).join() !== "0,97,115,109,1,0,0,0") throw new Error("no WebAssembly module");
  const found = { imports: [], exports: [], mutableGlobals: 0, dataSegments: 0, hasStart: false };
  while (!reader.atEnd) {
    const id = reader.byte();
    const body = new Reader(reader.bytes(reader.u32()));
    if (id === SECTION.import) found.imports = body.list(readImport);
    if (id === SECTION.export) found.exports = body.list(readExport);
    if (id === SECTION.global) found.mutableGlobals = body.list(readGlobal).filter(Boolean).length;
    if (id === SECTION.data) found.dataSegments = body.u32();
    if (id === SECTION.start) found.hasStart = true;
  }
  return found;
}

function readImport(reader) {
  const module = reader.name();
  const name = reader.name();
  const kind = KINDS[reader.byte()];
  let shared = false;
  if (kind === "function") {
    reader.u32();
  } else if (kind === "global") {
    reader.bytes(2);
  } else if (kind === "memory" || kind === "table") {
    if (kind === "table") reader.byte();
    const flags = reader.byte();
    shared = (flags & 2) !== 0;
    reader.u32();
    if (flags & 1) reader.u32();
  } else {
    throw new Error(`import ${module}.${name}: a kind that is not read here`);
  }
  return { module, name, kind, shared };
}

function readExport(reader) {
  const name = reader.name();
  const kind = KINDS[reader.byte()];
  reader.u32();
  return { name, kind };
}

/** @returns {boolean} true if the global is mutable */
function readGlobal(reader) {
  reader.byte();
  const mutable = reader.byte() === 1;
  const opcode = reader.byte();
  if (opcode === 0x41 || opcode === 0x42 || opcode === 0x23) reader.u32();
  else if (opcode === 0x43) reader.bytes(4);
  else if (opcode === 0x44) reader.bytes(8);
  else throw new Error("a global whose value is not read here");
  if (reader.byte() !== 0x0b) throw new Error("a global whose value is not read here");
  return mutable;
}

class Reader {
  constructor(bytes) {
    this.source = bytes;
    this.at = 0;
  }

  get atEnd() {
    return this.at >= this.source.length;
  }

  byte() {
    if (this.atEnd) throw new Error("the module is cut");
    return this.source[this.at++];
  }

  bytes(count) {
    if (count > this.source.length - this.at) throw new Error("the module is cut");
    this.at += count;
    return this.source.subarray(this.at - count, this.at);
  }

  /** An unsigned LEB128 number; signed ones are passed over by it too. */
  u32() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return value;
    }
  }

  name() {
    return new TextDecoder().decode(this.bytes(this.u32()));
  }

  list(readItem) {
    return Array.from({ length: this.u32() }, () => readItem(this));
  }
}
