/**
 * What the texts of verify, restore and inspect begin with: the verdict, the file, what it is.
 */
import type { FileResult, StreamResult } from "../findings/index.js";
import { findingCounts } from "./findings.js";
import { PLAIN, type Style, type TextOptions } from "./style.js";
import { bytesText, cutMiddle, durationText, fact, plural } from "./text.js";

const PAGE_BYTES = 4096;

/** `ACCEPT  vm.save`. */
export function verdictLine(result: FileResult, style: Style): string {
  const { verdict, file } = result;
  const { bold, green, red } = style.paint;
  const word = verdict.toUpperCase();
  const name = file === "-" ? "(standard input)" : file;
  const path = style.cutPaths ? cutMiddle(name, style.columns - word.length - 2) : name;
  return `${bold(verdict === "accept" ? green(word) : red(word))}  ${path}`;
}

/** Formats, size and time; a profile that is not the default. */
export function formatsFact(result: FileResult, style: Style): string[] {
  const parts = [
    result.container.join(" > ") || "not recognised",
    ...(result.bytes === undefined ? [] : [bytesText(result.bytes)]),
    durationText(result.elapsedMs),
    ...(result.profile === "restore" ? [] : [`profile ${result.profile}`]),
  ];
  return fact("formats", parts.join(", "), style);
}

/** Guest, stream and pages of a stream, a line each. */
export function streamFacts(stream: StreamResult, style: Style): string[] {
  const saved = stream.xen === "" ? "" : `, saved by Xen ${stream.xen}`;
  const parts = [
    `version ${stream.version}`,
    plural(stream.records, "record"),
    ...(stream.checkpoints === 0 ? [] : [plural(stream.checkpoints, "checkpoint")]),
    ...(stream.trailingBytes === 0
      ? []
      : [`${plural(stream.trailingBytes, "byte")} behind the end`]),
  ];
  return [
    ...fact("guest", `${guestText(stream)}${saved}`, style),
    ...fact("stream", parts.join(", "), style),
    ...fact("pages", pagesText(stream), style),
  ];
}

/** `HVM`, `PV`, or that nothing tells. */
export function guestText(stream: StreamResult): string {
  return stream.guest === undefined ? "of unknown kind" : stream.guest.toUpperCase();
}

/** `24 entries, 22 with data (88.0 KiB)`. */
export function pagesText(stream: StreamResult): string {
  const data = `${stream.dataPages} with data (${bytesText(stream.dataPages * PAGE_BYTES)})`;
  return `${plural(stream.entries, "entry", "entries")}, ${data}`;
}

/** How many findings there are; nothing where there are none. */
export function findingsFact(result: FileResult, options: TextOptions): string[] {
  const counts = findingCounts(result.findings);
  if (counts === "") return [];
  const notes = result.findings.some(({ severity }) => severity === "note");
  const more = notes && !options.verbose ? " (--verbose shows notes)" : "";
  return fact("findings", `${counts}${more}`, options.style ?? PLAIN);
}
