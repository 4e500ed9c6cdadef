/**
 * Whether the Xenops record of a suspend image is what xenopsd parses: one S-expression, a list of
 * (key value) pairs. It walks the bytes once and without recursion; values are not interpreted.
 * Source: sexplib's syntax (facts); XA-10.
 */
import { XAPI_XENOPS_KEYS_REQUIRED } from "../../format/index.js";

/** What is wrong, and where. */
export interface SexpBreach {
  /** Index into the bytes that were judged. */
  readonly byteIndex: number;
  readonly message: string;
}

/** The pairs whose value is an atom, or the first breach. */
export type XenopsRead =
  | { readonly atoms: ReadonlyMap<string, string> }
  | { readonly breach: SexpBreach };

const LEFT = 0x28;
const RIGHT = 0x29;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** One token: a parenthesis, or an atom with its text. */
interface Token {
  readonly kind: "left" | "right" | "atom";
  readonly at: number;
  readonly text: string;
}

class Breach extends Error {
  readonly byteIndex: number;

  constructor(byteIndex: number, message: string) {
    super(message);
    this.byteIndex = byteIndex;
  }
}

/** Reads tokens; knows nothing of lists. */
class Tokens {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next token, null at the end. */
  next(): Token | null {
    const bytes = this.#bytes;
    while (this.#at < bytes.length && isSpace(bytes[this.#at] ?? 0)) this.#at += 1;
    const at = this.#at;
    if (at >= bytes.length) return null;
    const byte = bytes[at];
    if (byte === LEFT || byte === RIGHT) {
      this.#at += 1;
      return { kind: byte === LEFT ? "left" : "right", at, text: "" };
    }
    return { kind: "atom", at, text: byte === QUOTE ? this.#quoted() : this.#bare() };
  }

  #bare(): string {
    const start = this.#at;
    for (; this.#at < this.#bytes.length; this.#at += 1) {
      const byte = this.#bytes[this.#at] ?? 0;
      if (isSpace(byte) || byte === LEFT || byte === RIGHT || byte === QUOTE) break;
    }
    return this.#text(start, this.#at);
  }

  /** Escapes are skipped, not undone: keys have none, and values are only shown. */
  #quoted(): string {
    const start = this.#at;
    for (this.#at += 1; this.#at < this.#bytes.length; this.#at += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === BACKSLASH) this.#at += 1;
      else if (byte === QUOTE) {
        this.#at += 1;
        return this.#text(start + 1, this.#at - 1);
      }
    }
    throw new Breach(start, "A quoted atom does not end.");
  }

  #text(start: number, end: number): string {
    return new TextDecoder().decode(this.#bytes.subarray(start, end));
  }
}

/** Judge a Xenops record (XA-10). */
export function readXenops(bytes: Uint8Array): XenopsRead {
  try {
    const atoms = readPairs(new Tokens(bytes), bytes.length);
    return { atoms };
  } catch (cause) {
    if (!(cause instanceof Breach)) throw cause;
    return { breach: { byteIndex: cause.byteIndex, message: cause.message } };
  }
}

function readPairs(tokens: Tokens, endIndex: number): ReadonlyMap<string, string> {
  const atoms = new Map<string, string>();
  const first = tokens.next();
  if (first?.kind !== "left") throw new Breach(first?.at ?? 0, "The record is not a list.");
  for (;;) {
    const token = tokens.next();
    if (token === null) throw new Breach(endIndex, "A parenthesis is not closed.");
    if (token.kind === "right") break;
    if (token.kind === "atom") throw new Breach(token.at, "An element is not a (key value) pair.");
    const key = atomOf(tokens.next(), token.at, "A pair does not begin with a key.");
    const value = readValue(tokens, token.at, endIndex);
    if (tokens.next()?.kind !== "right") {
      throw new Breach(token.at, `The pair of ${key} is not a key and one value.`);
    }
    if (value !== null) atoms.set(key, value);
  }
  const rest = tokens.next();
  if (rest !== null) throw new Breach(rest.at, "More follows behind the one S-expression.");
  for (const key of XAPI_XENOPS_KEYS_REQUIRED) {
    if (!atoms.has(key)) throw new Breach(0, `The key ${key} is missing, or has a list.`);
  }
  return atoms;
}

function atomOf(token: Token | null, at: number, message: string): string {
  if (token?.kind !== "atom") throw new Breach(token?.at ?? at, message);
  return token.text;
}

/** One value: the text of an atom, null for a list (passed over, however deep). */
function readValue(tokens: Tokens, pairAt: number, endIndex: number): string | null {
  const first = tokens.next();
  if (first === null) throw new Breach(endIndex, "A parenthesis is not closed.");
  if (first.kind === "atom") return first.text;
  if (first.kind === "right") throw new Breach(pairAt, "A pair has no value.");
  for (let depth = 1; depth > 0; ) {
    const token = tokens.next();
    if (token === null) throw new Breach(endIndex, "A parenthesis is not closed.");
    if (token.kind === "left") depth += 1;
    if (token.kind === "right") depth -= 1;
  }
  return null;
}
