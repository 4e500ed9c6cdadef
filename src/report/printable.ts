/**
 * Makes foreign characters harmless: names of files, and whatever an image says. Used for every text
 * that a terminal may get, errors among them. Not the escapes of a document's format: those are its
 * writer's. Loads nothing, because each command may have an error to tell.
 */

/**
 * Control characters, separators of lines, marks and overrides of the direction of writing, and what
 * stands for a byte of a name that is no UTF-8.
 */
const STEERING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\udc80-\udcff]/gu;
/** Of that byte, as findings/path-text.ts has it. */
const BYTE_BASE = 0xdc00;

/** A text without characters that could steer a terminal: they are shown as escapes. */
export function printable(text: string): string {
  return text.replace(STEERING, escaped);
}

/** A text of lines, each of them printable. */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

function escaped(character: string): string {
  const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  const code = character.charCodeAt(0);
  const digits = (code > BYTE_BASE ? code - BYTE_BASE : code).toString(16);
  const long =
    digits.length <= 2 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
  return short[character] ?? long;
}

/** A copy of a document whose strings, and the keys of its objects, are all printable. */
export function printableDocument<T>(value: T): T {
  return cleaned(value) as T;
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return printable(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [printable(key), cleaned(item)]),
  );
}
