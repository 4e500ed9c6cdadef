/**
 * The bytes around a finding as lines of a hex dump, the faulty field marked below. Which bytes
 * those are is ops/'s choice; which of them are the field, the finding says: without that, no mark.
 */
import type { Excerpt, Finding } from "../findings/index.js";
import type { Style } from "./style.js";

const LINE_BYTES = 16;
const INDENT = "    ";

/** Lines of the dump; none if the finding has no bytes. */
export function hexDump(finding: Finding, style: Style): string[] {
  const { excerpt } = finding;
  if (excerpt === undefined) return [];
  const bytes = bytesOf(excerpt);
  const { first, last } = markedBytes(finding, excerpt, bytes.length);
  const digits = Math.max(8, (excerpt.byteOffset + bytes.length).toString(16).length);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    if (at > 0 && at > Math.max(first, last)) break;
    const line = bytes.slice(at, at + LINE_BYTES);
    const address = (excerpt.byteOffset + at).toString(16).padStart(digits, "0");
    const head = `${INDENT}${address}  `;
    const text = `${hexText(line)}  ${asciiText(line)}`;
    lines.push(fitted(`${head}${text}`, head.length + 3 * LINE_BYTES - 1, style));
    const ended = first >= bytes.length && at + LINE_BYTES >= bytes.length;
    const mark = ended ? endText(line.length) : markText(first - at, last - at);
    if (mark !== "") lines.push(`${" ".repeat(head.length)}${style.paint.red(mark)}`);
  }
  return lines;
}

/** The faulty field, in bytes of the input, which may end before it does; else the place alone. */
export function faultyField(finding: Finding): { byteOffset: number; byteLength: number } {
  const { byteOffset, field } = finding;
  return field === undefined
    ? { byteOffset, byteLength: 1 }
    : { byteOffset: field.byteOffset, byteLength: field.bytes };
}

/**
 * First and last byte to mark, counted from the excerpt. The last is before the first where none
 * is; the first is behind the bytes where the input ended too soon.
 */
function markedBytes(
  { byteOffset, field }: Finding,
  excerpt: Excerpt,
  presentBytes: number,
): { first: number; last: number } {
  const at = byteOffset - excerpt.byteOffset;
  if (at >= presentBytes) return { first: at, last: at };
  if (field === undefined) return { first: 0, last: -1 };
  const first = field.byteOffset - excerpt.byteOffset;
  return { first, last: Math.max(first, Math.min(first + field.bytes, presentBytes) - 1) };
}

/** Without its characters where the line would be too long. */
function fitted(line: string, hexEnd: number, style: Style): string {
  return line.length > style.columns ? line.slice(0, hexEnd).trimEnd() : line;
}

/** Carets below bytes `from` to `to`, counted from this line's first, as far as it has them. */
function markText(from: number, to: number): string {
  const first = Math.max(from, 0);
  const last = Math.min(to, LINE_BYTES - 1);
  return last < first ? "" : " ".repeat(3 * first) + "^".repeat(3 * (last - first) + 2);
}

/** Behind the last line's bytes, where the field would begin or go on. */
function endText(lineBytes: number): string {
  return `${" ".repeat(3 * Math.min(lineBytes, LINE_BYTES - 1))}^ the input ends here`;
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
