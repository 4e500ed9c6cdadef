/**
 * What a report file is, whatever its format: a writer that is shown a batch image by image, in
 * input order, and gives the text of the file piece by piece. Writers keep what the format forces
 * them to keep, never whole results; where the text goes is the caller's.
 */
import type {
  BatchBeginLine,
  BatchFailureLine,
  BatchFileLine,
  BatchSummaryLine,
} from "../../findings/index.js";

/** What came of one image, as `batch --json` prints it. */
export type ImageOutcome = BatchFileLine | BatchFailureLine;

/** `accept`, `reject`, or `error` for an image without a verdict. */
export type ImageState = "accept" | "reject" | "error";

/** What is known of a batch once it is done: many formats want its totals first. */
export interface ReportHead {
  readonly begin: BatchBeginLine;
  readonly summary: BatchSummaryLine;
  /** How many images came to what: exactly those that the writer is then shown. */
  readonly states: Readonly<Record<ImageState, number>>;
  /** When the batch began, in milliseconds since 1970. */
  readonly startedMs: number;
  /** That the command ends with. */
  readonly exitCode: number;
}

/** Writes one report. begin(), file() for each image, end(): each once, in this order. */
export interface ReportWriter {
  begin(): string;
  file(outcome: ImageOutcome): string;
  end(): string;
}

/** Makes a writer for a batch. */
export type ReportFormat = (head: ReportHead) => ReportWriter;

/** The text of a report in pieces; the images are gone through once. */
export function* reportText(
  format: ReportFormat,
  head: ReportHead,
  outcomes: Iterable<ImageOutcome>,
): Generator<string> {
  const writer = format(head);
  yield writer.begin();
  for (const outcome of outcomes) {
    const text = writer.file(outcome);
    if (text !== "") yield text;
  }
  yield writer.end();
}

/** What came of an image, in a word. */
export function stateOf(outcome: ImageOutcome): ImageState {
  return wasJudged(outcome) ? outcome.verdict : "error";
}

/** Whether there is a verdict. */
export function wasJudged(outcome: ImageOutcome): outcome is BatchFileLine {
  return "verdict" in outcome;
}
