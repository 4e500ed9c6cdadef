/** `batch` as text: the worst images first, then what all of them come to. */
import type {
  BatchBadImage,
  BatchFailureLine,
  BatchFileLine,
  BatchSummaryLine,
  ManifestCheck,
  WorkerDocument,
} from "../findings/index.js";
import { placeText } from "./findings.js";
import { printable } from "./printable.js";
import { PLAIN, type Style, type TextOptions } from "./style.js";
import { bytesText, cutMiddle, durationText, plural, wrap } from "./text.js";

const INDENT = "  ";

/** One line on an image whose outcome has come: `ACCEPT  vm.save`; without a newline. */
export function batchLine(
  outcome: BatchFileLine | BatchFailureLine,
  options: Pick<TextOptions, "style">,
): string {
  const style = options.style ?? PLAIN;
  if ("error" in outcome) {
    return `${headLine("FAILED", outcome.file, style)}: ${reasonOf(outcome.file, outcome.error.message)}`;
  }
  const mismatch = outcome.check?.matches === false ? ", not as its manifest says" : "";
  return `${headLine(outcome.verdict.toUpperCase(), outcome.file, style)}${mismatch}`;
}

/** The worst images, as many as `maxFindings`, and the totals; ends with a newline. */
export function renderBatch(
  summary: BatchSummaryLine,
  worst: readonly BatchBadImage[],
  options: TextOptions,
): string {
  const { style = PLAIN, maxFindings = worst.length } = options;
  const shown = worst.slice(0, maxFindings);
  const bad = summary.rejected + summary.failed + onlyMismatched(worst);
  const more = Math.max(0, bad - shown.length);
  const lines = [
    ...shown.flatMap((image) => badLines(image, style)),
    ...(more === 0 ? [] : [`and ${more} more (--verbose names them, --json has all)`]),
    ...(shown.length === 0 ? [] : [""]),
    totalLine(summary, style),
    rateLine(summary),
  ];
  return `${lines.join("\n")}\n`;
}

/** What a worker has done: `12 images done: 10 accepted, 1 rejected, 1 failed`; ends with a newline. */
export function renderWorker({ images, accepted, rejected, failed }: WorkerDocument): string {
  const counts = `${accepted} accepted, ${rejected} rejected, ${failed} failed`;
  return `${plural(images, "image")} done: ${counts}\n`;
}

function headLine(word: string, file: string, style: Style): string {
  const { bold, green, red } = style.paint;
  const name = printable(file);
  const path = style.cutPaths ? cutMiddle(name, style.columns - word.length - 2) : name;
  return `${bold(word === "ACCEPT" ? green(word) : red(word))}  ${path}`;
}

/** A message that begins with the name of the file need not say it again. */
function reasonOf(file: string, message: string): string {
  const named = `${file}: `;
  return printable(message.startsWith(named) ? message.slice(named.length) : message);
}

function badLines(image: BatchBadImage, style: Style): string[] {
  const { file, error, errorCount, firstError, check } = image;
  const why: string[] = [];
  if (error !== null) {
    why.push(reasonOf(file, error.message));
    if (error.exitCode === 3) why.push(`a bug of xenstream (${error.code}): please report it`);
  }
  if (firstError !== null) {
    const { rule, message } = firstError;
    why.push(`${rule} at ${placeText(firstError)}: ${printable(message)}`);
    if (errorCount > 1) why.push(`and ${plural(errorCount - 1, "more error")}`);
  }
  if (check !== null) why.push(`not as its manifest says: ${checkText(check)}`);
  const word = error !== null ? "FAILED" : errorCount > 0 ? "REJECT" : "ROT";
  const room = style.columns - INDENT.length;
  const texts = why.flatMap((text) => wrap(text, room).map((line) => `${INDENT}${line}`));
  return [headLine(word, file, style), ...texts];
}

/** Why an image does not match its manifest: `1 page rotten, 2 pages missing`. */
export function checkText({ rottenPages, missing, extra, rest }: ManifestCheck): string {
  const parts = [
    rottenPages === 0 ? "" : `${plural(rottenPages, "page")} rotten`,
    missing.pages === 0 ? "" : `${plural(missing.pages, "page")} missing`,
    extra.pages === 0 ? "" : `${plural(extra.pages, "page")} too many`,
    rest === "differs" ? "bytes around the pages differ" : "",
  ].filter((part) => part !== "");
  return parts.join(", ") || "the image is rejected";
}

/** Accepted images that are bad all the same. */
function onlyMismatched(worst: readonly BatchBadImage[]): number {
  return worst.filter(({ error, errorCount }) => error === null && errorCount === 0).length;
}

/** `1000 images: 940 accepted, 58 rejected, 2 not read`. */
function totalLine(summary: BatchSummaryLine, style: Style): string {
  const { files, accepted, rejected, failed, mismatched = 0, notDone = 0, earlier = 0 } = summary;
  const { red } = style.paint;
  const parts = [
    `${accepted} accepted`,
    rejected === 0 ? "" : red(`${rejected} rejected`),
    failed === 0 ? "" : red(`${failed} failed`),
    mismatched === 0 ? "" : red(`${mismatched} not as their manifests say`),
    notDone === 0 ? "" : `${notDone} not looked at`,
  ].filter((part) => part !== "");
  const known = earlier === 0 ? "" : ` (${earlier} from the journal)`;
  return `${plural(files, "image")}: ${parts.join(", ")}${known}`;
}

/** `10.0 GiB in 12 s, 853.3 MiB/s`; the rate only where all of it was done in that time. */
function rateLine({ bytes, elapsedMs, earlier = 0 }: BatchSummaryLine): string {
  const rate = earlier > 0 || elapsedMs <= 0 ? "" : `, ${bytesText((bytes * 1000) / elapsedMs)}/s`;
  return `${bytesText(bytes)} in ${durationText(elapsedMs)}${rate}`;
}
