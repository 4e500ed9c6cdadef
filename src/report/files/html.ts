/**
 * A batch as a page to read: totals, rules that were breached, all images with the worst first, and
 * the findings of the worst of them. The frame is html-page.ts.
 */
import { type BatchFileLine, type Finding, RULES } from "../../findings/index.js";
import { bareMessage, placeText } from "../findings.js";
import { bytesText, durationText, plural } from "../text.js";
import { type Cell, PAGE_END, pageHead, table, tableRow } from "./html-page.js";
import { HTML_DETAILS, HTML_IMAGE_FINDINGS, HTML_IMAGES } from "./limits.js";
import {
  type ImageOutcome,
  type ReportHead,
  type ReportWriter,
  stateOf,
  wasJudged,
} from "./port.js";
import { RuleTally, WorstImages } from "./tally.js";
import { countsOf, imageName, markup, timeText, totalsText, worstFirst } from "./words.js";

const IMAGE_COLUMNS = [
  "Image",
  "Verdict",
  "Errors",
  "Warnings",
  "Notes",
  "Formats",
  "Size",
  "Time",
];
const RULE_COLUMNS = ["Rule", "Severity", "Findings", "Images", "What it says"];
const FINDING_COLUMNS = ["Rule", "Severity", "Where", "What"];

/** A row of the table of images; `id` is where its findings stand, if they do. */
type Row = (id: string | null) => string;

/** `--html`. */
export function htmlReport(head: ReportHead): ReportWriter {
  const rules = new RuleTally();
  const rows = new WorstImages<{ readonly ordinal: number; readonly row: Row }>(HTML_IMAGES);
  const details = new WorstImages<{ readonly ordinal: number; readonly text: string }>(
    HTML_DETAILS,
  );
  let ordinal = 0;
  return {
    begin: () => pageBegin(head),
    file: (outcome) => {
      ordinal += 1;
      rules.add(outcome);
      rows.add(outcome, { ordinal, row: imageRow(outcome) });
      const hasDetails = !wasJudged(outcome) || outcome.findings.length > 0;
      if (hasDetails) details.add(outcome, { ordinal, text: detailsOf(outcome, idOf(ordinal)) });
      return "";
    },
    end: () => {
      const shown = details.worstFirst();
      const withDetails = new Set(shown.map((item) => item.ordinal));
      const listed = rows
        .worstFirst()
        .map((item) => item.row(withDetails.has(item.ordinal) ? idOf(item.ordinal) : null));
      return [
        rulesTable(rules),
        listed.length === 0 ? "" : table("Images, the worst first", IMAGE_COLUMNS, listed),
        leftOut(rows.seen - listed.length, "image", "not listed"),
        ...shown.map(({ text }) => text),
        leftOut(details.seen - shown.length, "image", "listed without findings"),
        PAGE_END,
      ].join("");
    },
  };
}

function idOf(ordinal: number): string {
  return `image-${ordinal}`;
}

function pageBegin({ begin, summary, states, startedMs }: ReportHead): string {
  const { operation, profile, tool } = begin;
  const title = markup(`xenstream ${operation}: ${totalsText(states)}`);
  const facts = [
    timeText(startedMs),
    `${bytesText(summary.bytes)} in ${durationText(summary.elapsedMs)}`,
    `profile ${profile}`,
    `${tool.name} ${tool.version}`,
  ];
  return `${pageHead(title)}<h1>${title}</h1>\n<p class="dim">${markup(facts.join(", "))}</p>\n`;
}

function rulesTable(rules: RuleTally): string {
  const rows = rules.counts().map(({ rule, severity, findings, images }) => {
    const sentence = markup(RULES.get(rule)?.sentence ?? "");
    return tableRow([markup(rule), worded(severity), findings, images, sentence]);
  });
  return rows.length === 0 ? "" : table("Rules that were breached", RULE_COLUMNS, rows);
}

function imageRow(outcome: ImageOutcome): Row {
  const name = markup(imageName(outcome.file));
  const state = stateOf(outcome);
  const cells: Cell[] = wasJudged(outcome)
    ? judgedCells(outcome)
    : ["", "", "", markup(outcome.error.code), "", ""];
  return (id) =>
    tableRow([id === null ? name : `<a href="#${id}">${name}</a>`, worded(state), ...cells]);
}

function judgedCells(result: BatchFileLine): Cell[] {
  const { error, warning, note } = countsOf(result);
  const formats = result.container.join(" &gt; ") || "not recognised";
  const size = result.bytes === undefined ? "" : bytesText(result.bytes);
  return [error, warning, note, formats, size, durationText(result.elapsedMs)];
}

/** The image's own part of the page. */
function detailsOf(outcome: ImageOutcome, id: string): string {
  const name = markup(imageName(outcome.file));
  const title = `<section id="${id}">\n<h2>${name}</h2>\n`;
  if (!wasJudged(outcome)) {
    return `${title}<p class="error">Failed: ${markup(outcome.error.message)}</p>\n</section>\n`;
  }
  const shown = worstFirst(outcome.findings).slice(0, HTML_IMAGE_FINDINGS);
  const more = outcome.findings.length - shown.length + (outcome.findingsDropped ?? 0);
  return [
    title,
    table(`Findings in ${name}`, FINDING_COLUMNS, shown.map(findingRow)),
    leftOut(more, "finding", "not listed"),
    leftOut(outcome.suppressed, "check", "left out: what they rest on stood in a refused record"),
    "</section>\n",
  ].join("");
}

function findingRow(finding: Finding): string {
  const { rule, severity, expected, actual, hint } = finding;
  const lines = [
    markup(bareMessage(finding)),
    ...(expected === undefined ? [] : [`Expected: ${markup(expected)}`]),
    ...(actual === undefined ? [] : [`Found: ${markup(actual)}`]),
    ...(hint === undefined ? [] : [`<span class="dim">${markup(hint)}</span>`]),
  ];
  const where = markup(placeText(finding));
  return tableRow([markup(rule), worded(severity), where, lines.join("<br>")]);
}

/** A word that also has a colour. */
function worded(word: string): string {
  return `<span class="${word}">${word}</span>`;
}

function leftOut(count: number, noun: string, how: string): string {
  return count > 0 ? `<p class="dim">${plural(count, `more ${noun}`)} ${how}.</p>\n` : "";
}
