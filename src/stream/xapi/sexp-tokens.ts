/**
 * The tokens of an S-expression with where they stand, read once and without recursion, and the
 * escapes of its quoted atoms. What the lists mean is not known here. Source: sexplib's syntax (facts).
 */

const LEFT = 0x28;
const RIGHT = 0x29;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** One token: a parenthesis, or an atom with its text. */
export interface SexpToken {
  readonly kind: "left" | "right" | "atom";
  /** Index of its first byte, a quote too. */
  readonly at: number;
  /** Of an atom without its quotes; escapes are as they stand. */
  readonly text: string;
  /** Where the text begins and ends in the bytes; of an atom alone. */
  readonly from: number;
  readonly to: number;
}

/** The bytes are no S-expression, or not the one that is asked for. */
export class UnreadableSexp extends Error {
  readonly byteIndex: number;

  constructor(byteIndex: number, message: string) {
    super(message);
    this.byteIndex = byteIndex;
  }
}

/** Reads tokens; knows nothing of lists. */
export class SexpTokens {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /**
   * The next token, null at the end.
   *
   * @throws {UnreadableSexp} for an atom whose quote does not end
   */
  next(): SexpToken | null {
    const bytes = this.#bytes;
    while (this.#at < bytes.length && isSpace(bytes[this.#at] ?? 0)) this.#at += 1;
    const at = this.#at;
    if (at >= bytes.length) return null;
    const byte = bytes[at];
    if (byte === LEFT || byte === RIGHT) {
      this.#at += 1;
      return { kind: byte === LEFT ? "left" : "right", at, text: "", from: at, to: at };
    }
    const [from, to] = byte === QUOTE ? this.#quoted() : this.#bare();
    return { kind: "atom", at, text: new TextDecoder().decode(bytes.subarray(from, to)), from, to };
  }

  #bare(): readonly [from: number, to: number] {
    const start = this.#at;
    for (; this.#at < this.#bytes.length; this.#at += 1) {
      const byte = this.#bytes[this.#at] ?? 0;
      if (isSpace(byte) || byte === LEFT || byte === RIGHT || byte === QUOTE) break;
    }
    return [start, this.#at];
  }

  /** Escapes are skipped, not undone: keys have none, and values are only shown. */
  #quoted(): readonly [from: number, to: number] {
    const start = this.#at;
    for (this.#at += 1; this.#at < this.#bytes.length; this.#at += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === BACKSLASH) this.#at += 1;
      else if (byte === QUOTE) {
        this.#at += 1;
        return [start + 1, this.#at - 1];
      }
    }
    throw new UnreadableSexp(start, "A quoted atom does not end.");
  }
}

/** Bytes with their escapes undone, and where each stood. */
export interface Unescaped {
  readonly bytes: Uint8Array;
  /** By index into `bytes`, one more than there are: index into what they were made of. */
  readonly indexes: Uint32Array;
}

const ESCAPES: ReadonlyMap<string, number> = new Map([
  ["n", 0x0a],
  ["t", 0x09],
  ["b", 0x08],
  ["r", 0x0d],
]);

/** Undo the escapes of a quoted atom; what is no escape is kept, without its backslash. */
export function unescapeAtom(raw: Uint8Array): Unescaped {
  const bytes = new Uint8Array(raw.length);
  const indexes = new Uint32Array(raw.length + 1);
  let count = 0;
  for (let at = 0; at < raw.length; count += 1) {
    indexes[count] = at;
    const [value, length] = raw[at] === BACKSLASH ? escapeAt(raw, at + 1) : [raw[at] ?? 0, 1];
    bytes[count] = value;
    at += length;
  }
  indexes[count] = raw.length;
  return { bytes: bytes.subarray(0, count), indexes };
}

/** The byte that an escape stands for, and how many it takes with its backslash. */
function escapeAt(raw: Uint8Array, at: number): readonly [value: number, length: number] {
  const next = String.fromCharCode(...raw.subarray(at, at + 3));
  if (/^\d{3}/.test(next)) return [Number(next) & 0xff, 4];
  if (/^x[0-9a-f]{2}/i.test(next)) return [Number.parseInt(next.slice(1), 16), 4];
  return [ESCAPES.get(next.slice(0, 1)) ?? raw[at] ?? 0, 2];
}
