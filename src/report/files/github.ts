/**
 * A batch for GitHub Actions: annotations as workflow commands, and a summary of the step in
 * Markdown. Source: GitHub's documentation of workflow commands (escaping; annotations of a step
 * that are shown) and of job summaries (bytes of a step). What is beyond is told in a line.
 */
import { RULES } from "../../findings/index.js";
import { plural } from "../text.js";
import {
  GITHUB_ANNOTATION_CHARACTERS,
  GITHUB_ANNOTATIONS,
  GITHUB_ANNOTATIONS_PER_IMAGE,
  GITHUB_SUMMARY_IMAGES,
} from "./limits.js";
import {
  type ImageOutcome,
  type ReportFormat,
  type ReportHead,
  type ReportWriter,
  stateOf,
  wasJudged,
} from "./port.js";
import { RuleTally, WorstImages } from "./tally.js";
import {
  countsOf,
  findingText,
  headline,
  imageName,
  plainText,
  shortened,
  totalsText,
} from "./words.js";

type Level = "error" | "warning";

interface Annotation {
  readonly file: string;
  readonly title: string;
  readonly message: string;
}

/** Annotations, a line each: every image's first rule before any image's second. */
export function githubAnnotations(_head: ReportHead): ReportWriter {
  const levels = { error: new Annotations("error"), warning: new Annotations("warning") };
  return {
    begin: () => "",
    file: (outcome) => {
      levels.error.add(outcome);
      levels.warning.add(outcome);
      return "";
    },
    end: () => levels.error.text() + levels.warning.text(),
  };
}

/** Those of one level. */
class Annotations {
  readonly #level: Level;
  /** By place among an image's own: as many as could be shown, of each. */
  readonly #byPlace: Annotation[][] = [];
  #count = 0;

  constructor(level: Level) {
    this.#level = level;
  }

  add(outcome: ImageOutcome): void {
    for (const [place, annotation] of annotationsOf(outcome, this.#level).entries()) {
      this.#count += 1;
      if (place >= GITHUB_ANNOTATIONS_PER_IMAGE) continue;
      this.#byPlace[place] ??= [];
      const row = this.#byPlace[place];
      if (row !== undefined && row.length < GITHUB_ANNOTATIONS) row.push(annotation);
    }
  }

  text(): string {
    const fits = this.#count <= GITHUB_ANNOTATIONS;
    const shown = this.#byPlace.flat().slice(0, fits ? GITHUB_ANNOTATIONS : GITHUB_ANNOTATIONS - 1);
    const lines = shown.map((annotation) => this.#command(annotation));
    const more = this.#count - shown.length;
    if (more > 0) {
      const message = `${more} more ${this.#level}s by image and rule: see the step's summary`;
      lines.push(`::${this.#level} title=xenstream::${message}\n`);
    }
    return lines.join("");
  }

  #command({ file, title, message }: Annotation): string {
    const properties = [
      ...(file === "-" ? [] : [`file=${propertyText(file)}`]),
      `title=${propertyText(title)}`,
    ];
    return `::${this.#level} ${properties.join(",")}::${dataText(message)}\n`;
  }
}

/** One for each rule that an image breaches; one for an image that was not read. */
function annotationsOf(outcome: ImageOutcome, level: Level): Annotation[] {
  const { file } = outcome;
  const name = imageName(file);
  if (!wasJudged(outcome)) {
    const { code, message } = outcome.error;
    return level === "error" ? [{ file, title: `${name}: ${code}`, message }] : [];
  }
  const rules = new Map<string, { first: string; count: number }>();
  for (const finding of outcome.findings) {
    if (finding.severity !== level) continue;
    const known = rules.get(finding.rule);
    if (known !== undefined) known.count += 1;
    else rules.set(finding.rule, { first: findingText(finding), count: 1 });
  }
  return [...rules].map(([rule, { first, count }]) => ({
    file,
    title: `${name}: ${rule}`,
    message: count === 1 ? first : `${first} (${count} times)`,
  }));
}

function dataText(text: string): string {
  return shortened(plainText(text), GITHUB_ANNOTATION_CHARACTERS).replaceAll("%", "%25");
}

function propertyText(text: string): string {
  const codes: Readonly<Record<string, string>> = { "%": "%25", ":": "%3A", ",": "%2C" };
  return plainText(text).replace(/[%:,]/g, (character) => codes[character] ?? "");
}

/**
 * The step's summary: totals, what was breached, the worst images.
 *
 * @param maxBytes  of UTF-8 that the step's file may still take
 */
export function githubSummary(maxBytes: number): ReportFormat {
  return (head) => {
    const rules = new RuleTally();
    const rows = new WorstImages<string>(GITHUB_SUMMARY_IMAGES);
    return {
      begin: () => "",
      file: (outcome) => {
        rules.add(outcome);
        const blank = wasJudged(outcome) && outcome.findings.length === 0;
        if (!blank) rows.add(outcome, summaryRow(outcome));
        return "";
      },
      end: () => summaryText(head, rules, rows, maxBytes),
    };
  };
}

const RULES_HEAD = "| Severity | Rule | Findings | Images | What it says |\n|-|-|-:|-:|-|\n";
const IMAGES_HEAD = "| Image | Verdict | Errors | Warnings | Notes | |\n|-|-|-:|-:|-:|-|\n";

function summaryText(
  { begin, states }: ReportHead,
  rules: RuleTally,
  rows: WorstImages<string>,
  maxBytes: number,
): string {
  const budget = new Budget(maxBytes);
  budget.take([`### xenstream ${begin.operation}: ${totalsText(states)}\n\n`]);
  const ruleRows = rules.counts().map(({ rule, severity, findings, images }) => {
    const sentence = markdown(RULES.get(rule)?.sentence ?? "");
    return `| ${severity} | ${markdown(rule)} | ${findings} | ${images} | ${sentence} |\n`;
  });
  const imageRows = rows.worstFirst();
  const list = (head: string, tableRows: readonly string[], all: number, noun: string) => {
    if (all === 0) return;
    const more = all - Math.max(0, budget.take([head, ...tableRows]) - 1);
    budget.take([more > 0 ? `\n${plural(more, `more ${noun}`)} not listed here.\n\n` : "\n"], 0);
  };
  list(RULES_HEAD, ruleRows, ruleRows.length, "rule");
  list(IMAGES_HEAD, imageRows, rows.seen, "image");
  return budget.text;
}

/** Bytes kept for the lines that say what is not listed. */
const RESERVED_BYTES = 200;

/** Text that must not grow beyond so many bytes. */
class Budget {
  text = "";
  #left: number;

  constructor(maxBytes: number) {
    this.#left = maxBytes;
  }

  /** Add pieces as long as they fit and leave `reserved` bytes; returns how many did. */
  take(pieces: readonly string[], reserved = RESERVED_BYTES): number {
    for (const [index, piece] of pieces.entries()) {
      const bytes = new TextEncoder().encode(piece).length;
      if (bytes > this.#left - reserved) return index;
      this.#left -= bytes;
      this.text += piece;
    }
    return pieces.length;
  }
}

function summaryRow(outcome: ImageOutcome): string {
  const counts = wasJudged(outcome) ? countsOf(outcome) : null;
  const cells = [
    markdown(imageName(outcome.file)),
    stateOf(outcome),
    ...(counts === null ? ["", "", ""] : [counts.error, counts.warning, counts.note].map(String)),
    markdown(shortened(headline(outcome), 300)),
  ];
  return `| ${cells.join(" | ")} |\n`;
}

/** Any text in a cell, with nothing in it that Markdown, HTML or GitHub gives a meaning. */
function markdown(text: string): string {
  return plainText(text).replace(/[!-+:-@[-`{-~]/g, (character) => `&#${character.charCodeAt(0)};`);
}
