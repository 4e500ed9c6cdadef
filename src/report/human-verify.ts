/**
 * `verify` as text: verdict first, the stream in a few lines, then every fault by rule.
 */
import type { FileResult } from "../findings/index.js";
import { findingLines } from "./findings.js";
import { hostLines } from "./human-host.js";
import { printableDocument } from "./printable.js";
import { PLAIN, type TextOptions } from "./style.js";
import { findingsFact, formatsFact, streamFacts, verdictLine } from "./summary.js";
import { plural } from "./text.js";

/** What came of several images; `failed` counts those without a verdict. */
export interface Totals {
  readonly accepted: number;
  readonly rejected: number;
  readonly failed: number;
}

/** One line over several images; ends with a newline. */
export function renderTotals(totals: Totals, options: Pick<TextOptions, "style">): string {
  const { paint } = options.style ?? PLAIN;
  const { accepted, rejected, failed } = totals;
  const parts = [
    `${accepted} accepted`,
    rejected === 0 ? "" : paint.red(`${rejected} rejected`),
    failed === 0 ? "" : paint.red(`${failed} not read`),
  ].filter((part) => part !== "");
  return `${plural(accepted + rejected + failed, "file")}: ${parts.join(", ")}\n`;
}

/** One image's verdict, its stream, its findings; ends with a newline. */
export function renderVerify(document: FileResult, options: TextOptions): string {
  const result = printableDocument(document);
  const { style = PLAIN } = options;
  const lines = [
    verdictLine(result, style),
    ...formatsFact(result, style),
    ...(result.stream === undefined ? [] : streamFacts(result.stream, style)),
    ...findingsFact(result, options),
    ...findingLines(result, options),
    ...(result.host === undefined ? [] : hostLines(result.host, options)),
  ];
  return `${lines.join("\n")}\n`;
}
