/**
 * The smallest parts of a text: sizes and times with units, lines that wrap, paths that are cut,
 * bars. Knows no document.
 */
import type { Style } from "./style.js";

const INDENT = "  ";
/** What stands left of a fact: its label, or nothing. */
const FACT_MARGIN = " ".repeat(13);

/** Bytes with a unit, as 92.4 KiB. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${Math.floor(bytes)} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** A time with a unit, as 3.1 ms, 12 s, 4 min 20 s or 2 h 5 min. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** A count with its noun: 1 record, 24 records. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}

/** A text of at most `characters`, its middle left out: the name at the end of a path stays. */
export function cutMiddle(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const kept = Math.max(2, characters - 3);
  const tail = Math.ceil(kept * 0.6);
  return `${text.slice(0, kept - tail)}...${text.slice(text.length - tail)}`;
}

/** Break a text into lines of at most `characters`, at spaces where there are any. */
export function wrap(text: string, characters: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > characters) {
    const space = rest.lastIndexOf(" ", characters);
    const at = space > characters / 4 ? space : characters;
    lines.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** Wrapped lines, the first after `first`, the others after as many spaces. */
export function hanging(first: string, text: string, style: Style, paint = same): string[] {
  const width = Math.max(16, style.columns - first.length);
  return wrap(text, width).map(
    (line, index) => (index === 0 ? first : " ".repeat(first.length)) + paint(line),
  );
}

const same = (text: string) => text;

/** A fact of a summary: its name in a column of its own, its text wrapped beside it. */
export function fact(label: string, text: string, style: Style): string[] {
  return factLines(label, wrap(text, style.columns - FACT_MARGIN.length), style);
}

/** A fact whose text is made of lines that are not to be wrapped. */
export function factLines(label: string, lines: readonly string[], style: Style): string[] {
  const name = label === "" ? "" : style.paint.dim(label);
  const head = INDENT + name + FACT_MARGIN.slice(INDENT.length + label.length);
  return lines.map((line, index) => (index === 0 ? head : FACT_MARGIN) + line);
}

/** A bar of `characters`, filled to `share` (0 to 1): any share above 0 shows. */
export function bar(share: number, characters: number, style: Style): string {
  const full = share > 0 ? Math.max(1, Math.round(share * characters)) : 0;
  const [done, open] = style.unicode ? ["\u2588", "\u2591"] : ["#", "."];
  return done.repeat(full) + style.paint.dim(open.repeat(characters - full));
}
