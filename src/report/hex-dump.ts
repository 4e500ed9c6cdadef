/**
 * The bytes around a finding as lines of a hex dump, the faulty field marked below. Which bytes
 * those are is ops/'s choice; how long the field is, is found by looking for the value in them.
 */
import type { Excerpt, Finding } from "../findings/index.js";
import type { Style } from "./style.js";

const LINE_BYTES = 16;
const ENTRY_BYTES = 8;
const FIELD_BYTES = [1, 2, 4, 8];
/** A field that is not at the offset itself begins within this many bytes of it. */
const SEARCHED_BYTES = 8;
const INDENT = "    ";

/** Lines of the dump; none if the finding has no bytes. */
export function hexDump(finding: Finding, style: Style): string[] {
  const { excerpt } = finding;
  if (excerpt === undefined) return [];
  const bytes = bytesOf(excerpt);
  const field = fieldOf(finding, bytes.slice(finding.byteOffset - excerpt.byteOffset));
  const first = finding.byteOffset - excerpt.byteOffset + field.at;
  const last = Math.min(first + field.count, bytes.length) - 1;
  const digits = Math.max(8, (excerpt.byteOffset + LINE_BYTES).toString(16).length);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    if (at > Math.max(first, last)) break;
    const line = bytes.slice(at, at + LINE_BYTES);
    const address = (excerpt.byteOffset + at).toString(16).padStart(digits, "0");
    const head = `${INDENT}${address}  `;
    const text = `${hexText(line)}  ${asciiText(line)}`;
    lines.push(fitted(`${head}${text}`, head.length + 3 * LINE_BYTES - 1, style));
    const mark = markText(
      Math.max(first - at, 0),
      Math.min(last - at, LINE_BYTES - 1),
      line.length,
    );
    if (mark !== "") lines.push(`${" ".repeat(head.length)}${style.paint.red(mark)}`);
  }
  return lines;
}

/**
 * The faulty field, in bytes of the input: told by the bytes that stand there if the finding has
 * them; the image may end before the field does.
 */
export function faultyField(finding: Finding): { byteOffset: number; byteLength: number } {
  const { byteOffset, excerpt } = finding;
  const bytes =
    excerpt === undefined ? [] : bytesOf(excerpt).slice(byteOffset - excerpt.byteOffset);
  const { at, count } = fieldOf(finding, bytes);
  return { byteOffset: byteOffset + at, byteLength: count };
}

/** Without its characters where the line would be too long. */
function fitted(line: string, hexEnd: number, style: Style): string {
  return line.length > style.columns ? line.slice(0, hexEnd).trimEnd() : line;
}

/** Carets below bytes `from` to `to` of a line; a word if the input ended before them. */
function markText(from: number, to: number, lineBytes: number): string {
  if (from >= lineBytes)
    return `${" ".repeat(3 * Math.min(lineBytes, LINE_BYTES - 1))}^ the input ends here`;
  if (to < from) return "";
  return " ".repeat(3 * from) + "^".repeat(3 * (to - from) + 2);
}

/**
 * Where the faulty field is, from the offset of the finding on: an entry's eight bytes; else the
 * fewest bytes that hold the number that was found, in either byte order, at the offset or (a
 * number of two bytes and more) shortly behind it, as where a record's length is at fault; else
 * the byte at the offset.
 */
function fieldOf(finding: Finding, bytes: readonly number[]): { at: number; count: number } {
  if (finding.entryIndex !== undefined && finding.recordType === "PAGE_DATA") {
    return { at: 0, count: ENTRY_BYTES };
  }
  const actual = /0x[0-9a-f]+|\d+/i.exec(finding.actual ?? "");
  if (actual !== null) {
    const value = BigInt(actual[0]);
    for (let at = 0; at <= (value > 0xffn ? SEARCHED_BYTES : 0); at += 1) {
      for (const count of at === 0 ? FIELD_BYTES : FIELD_BYTES.slice(1)) {
        const field = bytes.slice(at, at + count);
        if (field.length < count) break;
        if (numberOf(field) === value || numberOf(field.reverse()) === value) return { at, count };
      }
    }
  }
  return { at: 0, count: 1 };
}

/** Of little-endian bytes. */
function numberOf(bytes: readonly number[]): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}

function bytesOf(excerpt: Excerpt): number[] {
  return (excerpt.hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}

function hexText(line: readonly number[]): string {
  const pairs = line.map((byte) => byte.toString(16).padStart(2, "0"));
  return pairs.join(" ").padEnd(3 * LINE_BYTES - 1);
}

function asciiText(line: readonly number[]): string {
  return line.map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : ".")).join("");
}
