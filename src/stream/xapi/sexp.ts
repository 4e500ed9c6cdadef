/**
 * Whether the Xenops record of a suspend image is what xenopsd parses: one S-expression, a list of
 * (key value) pairs. It walks the bytes once and without recursion; values are not interpreted.
 * Source: sexplib's syntax (facts); XA-10.
 */
import { XAPI_XENOPS_KEYS_REQUIRED } from "../../format/index.js";
import { type SexpToken, SexpTokens, UnreadableSexp } from "./sexp-tokens.js";

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

/** Judge a Xenops record (XA-10). */
export function readXenops(bytes: Uint8Array): XenopsRead {
  try {
    const atoms = readPairs(new SexpTokens(bytes), bytes.length);
    return { atoms };
  } catch (cause) {
    if (!(cause instanceof UnreadableSexp)) throw cause;
    return { breach: { byteIndex: cause.byteIndex, message: cause.message } };
  }
}

function readPairs(tokens: SexpTokens, endIndex: number): ReadonlyMap<string, string> {
  const atoms = new Map<string, string>();
  const first = tokens.next();
  if (first?.kind !== "left") throw new UnreadableSexp(first?.at ?? 0, "The record is not a list.");
  for (;;) {
    const token = tokens.next();
    if (token === null) throw new UnreadableSexp(endIndex, "A parenthesis is not closed.");
    if (token.kind === "right") break;
    if (token.kind === "atom")
      throw new UnreadableSexp(token.at, "An element is not a (key value) pair.");
    const key = atomOf(tokens.next(), token.at, "A pair does not begin with a key.");
    const value = readValue(tokens, token.at, endIndex);
    if (tokens.next()?.kind !== "right") {
      throw new UnreadableSexp(token.at, `The pair of ${key} is not a key and one value.`);
    }
    if (value !== null) atoms.set(key, value);
  }
  const rest = tokens.next();
  if (rest !== null) throw new UnreadableSexp(rest.at, "More follows behind the one S-expression.");
  for (const key of XAPI_XENOPS_KEYS_REQUIRED) {
    if (!atoms.has(key)) throw new UnreadableSexp(0, `The key ${key} is missing, or has a list.`);
  }
  return atoms;
}

function atomOf(token: SexpToken | null, at: number, message: string): string {
  if (token?.kind !== "atom") throw new UnreadableSexp(token?.at ?? at, message);
  return token.text;
}

/** One value: the text of an atom, null for a list (passed over, however deep). */
function readValue(tokens: SexpTokens, pairAt: number, endIndex: number): string | null {
  const first = tokens.next();
  if (first === null) throw new UnreadableSexp(endIndex, "A parenthesis is not closed.");
  if (first.kind === "atom") return first.text;
  if (first.kind === "right") throw new UnreadableSexp(pairAt, "A pair has no value.");
  for (let depth = 1; depth > 0; ) {
    const token = tokens.next();
    if (token === null) throw new UnreadableSexp(endIndex, "A parenthesis is not closed.");
    if (token.kind === "left") depth += 1;
    if (token.kind === "right") depth -= 1;
  }
  return null;
}
