/**
 * Any decoded value as indented text, every field of it: what `inspect --verbose` prints below a
 * record. Knows no record; lines are wrapped, nothing is left out.
 */
import type { Style } from "./style.js";
import { hanging } from "./text.js";

type Fields = Readonly<Record<string, unknown>>;

/** Lines of a value, each indented by `indent` spaces. */
export function decodedLines(value: unknown, indent: number, style: Style): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => itemLines(item, indent, style));
  if (!isFields(value)) return hanging(" ".repeat(indent), scalarText(value), style);
  return fieldLines(value, indent, style);
}

/** Small fields together on a line, lists and long ones on their own. */
function fieldLines(fields: Fields, indent: number, style: Style): string[] {
  const lines: string[] = [];
  const small: string[] = [];
  const flush = () => {
    if (small.length > 0) lines.push(...wrapped(small.splice(0), indent, style));
  };
  for (const [name, value] of Object.entries(fields)) {
    if (isInline(value)) {
      small.push(`${name} ${inlineText(value)}`);
      continue;
    }
    flush();
    lines.push(`${" ".repeat(indent)}${style.paint.dim(`${name}:`)}`);
    lines.push(...decodedLines(value, indent + 2, style));
  }
  flush();
  return lines;
}

/** An item of a list: a dash, then its fields. */
function itemLines(item: unknown, indent: number, style: Style): string[] {
  const lines = decodedLines(item, indent + 2, style);
  const [first = "", ...more] = lines;
  return [`${" ".repeat(indent)}- ${first.trimStart()}`, ...more];
}

/** Pieces with commas between, broken between pieces; a piece too long for a line is wrapped. */
function wrapped(pieces: readonly string[], indent: number, style: Style): string[] {
  const margin = " ".repeat(indent);
  const lines: string[] = [];
  let line = "";
  for (const piece of pieces) {
    const longer = line === "" ? piece : `${line}, ${piece}`;
    if (margin.length + longer.length < style.columns) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(...hanging(margin, `${line},`, style));
    line = piece;
  }
  return [...lines, ...hanging(margin, line, style)];
}

function isInline(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((item) => !isStructure(item)) && value.length <= 16;
  return !isStructure(value) || (isFields(value) && Object.keys(value).length === 0);
}

function inlineText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(scalarText).join(" ")}]`;
  return isStructure(value) ? "{}" : scalarText(value);
}

function scalarText(value: unknown): string {
  if (value === null) return "none";
  return value === "" ? '""' : String(value);
}

function isStructure(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isFields(value: unknown): value is Fields {
  return isStructure(value) && !Array.isArray(value);
}
