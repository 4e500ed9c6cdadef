/**
 * Words that all report files share: names made harmless, an image's findings in counts and lines,
 * text escaped for XML and HTML. File names and messages are hostile: they hold whatever bytes.
 */
import type { FileResult, Finding, Severity } from "../../findings/index.js";
import { bareMessage, findingCounts, placeText } from "../findings.js";
import { printable } from "../printable.js";
import { plural } from "../text.js";
import type { ImageOutcome, ReportHead } from "./port.js";
import { wasJudged } from "./port.js";

/** Halves of surrogate pairs, and what XML 1.0 has no way to write. */
const UNWRITABLE = /[\ud800-\udfff\ufffe\uffff]/gu;
const MARKUP: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text on one line that any format can carry: what steers or cannot be written is escaped. */
export function plainText(text: string): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16)}`;
  return printable(text).replace(UNWRITABLE, escaped);
}

/** A text for the contents and the attributes of XML and HTML elements. */
export function markup(text: string): string {
  return plainText(text).replace(/[&<>"']/g, (character) => MARKUP[character] ?? "");
}

/** A text of at most so many characters; that something is gone shows. */
export function shortened(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const cut = text.slice(0, characters - 3);
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}...`;
}

/** How an image is called in a report. */
export function imageName(file: string): string {
  return file === "-" ? "(standard input)" : plainText(file);
}

/** `4 images: 2 accepted, 1 rejected, 1 failed`. */
export function totalsText(states: ReportHead["states"]): string {
  const { accept, reject, error } = states;
  const parts = [
    `${accept} accepted`,
    ...(reject === 0 ? [] : [`${reject} rejected`]),
    ...(error === 0 ? [] : [`${error} failed`]),
  ];
  return `${plural(accept + reject + error, "image")}: ${parts.join(", ")}`;
}

/** How many findings of each severity an image has. */
export function countsOf(result: FileResult): Record<Severity, number> {
  const counts = { error: 0, warning: 0, note: 0 };
  for (const { severity } of result.findings) counts[severity] += 1;
  return counts;
}

/** `LC-PG-5 at byte 4231 (0x1087), libxc record 3 PAGE_DATA, entry 7: message; expected; found`. */
export function findingText(finding: Finding): string {
  const { rule, expected, actual } = finding;
  const parts = [
    `${rule} at ${placeText(finding)}: ${bareMessage(finding).replace(/\.$/, "")}`,
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(actual === undefined ? [] : [`found ${actual}`]),
  ];
  return plainText(parts.join("; "));
}

/** What is wrong with an image in one line: its counts and the first error. */
export function headline(outcome: ImageOutcome): string {
  if (!wasJudged(outcome)) return plainText(outcome.error.message);
  const first = firstError(outcome);
  const counts = findingCounts(outcome.findings);
  return first === undefined ? counts : `${counts}; first ${findingText(first)}`;
}

/** The first finding that rejects. */
export function firstError(result: FileResult): Finding | undefined {
  return result.findings.find(({ severity }) => severity === "error");
}

/** Findings with the worst severity first, else as they stand. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };
  return [...findings].sort((a, b) => rank[a.severity] - rank[b.severity]);
}

/** Milliseconds as seconds with three decimals. */
export function secondsText(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}

/** A time as XML and SARIF write it, in UTC. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
