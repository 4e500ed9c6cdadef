/**
 * `restore` as text: the verdict, the memory that results, what the restorer did to it, and the
 * findings.
 */
import type { MemoryResult, RestoreFileResult } from "../findings/index.js";
import { findingLines } from "./findings.js";
import { genidTexts, salvageLines } from "./memory.js";
import { printableDocument } from "./printable.js";
import { PLAIN, type Style, type TextOptions } from "./style.js";
import { findingsFact, formatsFact, streamFacts, verdictLine } from "./summary.js";
import { bytesText, fact, factLines, plural } from "./text.js";

const PAGE_BYTES = 4096;
/** Completion steps shown unless `verbose`: a PV guest has one for each p2m page. */
const SHOWN_STEPS = 10;

/** What renderRestore() needs beyond the shared options. */
export interface RestoreTextOptions extends TextOptions {
  /** Name of an HVM parameter by its index; null where it has none. */
  readonly paramName?: (index: number) => string | null;
}

/** One image's verdict and the guest that results; ends with a newline. */
export function renderRestore(document: RestoreFileResult, options: RestoreTextOptions): string {
  const result = printableDocument(document);
  const { style = PLAIN } = options;
  const lines = [
    verdictLine(result, style),
    ...formatsFact(result, style),
    ...(result.stream === undefined ? [] : streamFacts(result.stream, style)),
    ...(result.memory === undefined ? [] : memoryFacts(result.memory, style)),
    ...factLines("parameters", paramLines(result, options), style),
    ...deviceFacts(result, style),
    ...salvageLines(result.salvage),
    ...completionFacts(result, options),
    ...findingsFact(result, options),
    ...findingLines(result, options),
  ];
  return `${lines.join("\n")}\n`;
}

function memoryFacts(memory: MemoryResult, style: Style): string[] {
  const { populatedPages, maxPfn, zeroPages, distinctPages, residentBytes } = memory;
  const size = bytesText(populatedPages * PAGE_BYTES);
  const highest = maxPfn < 0 ? "" : `, highest pfn 0x${maxPfn.toString(16)}`;
  const held = [
    memory.model,
    ...(residentBytes === undefined ? [] : [`${bytesText(residentBytes)} held`]),
    ...(zeroPages === undefined ? [] : [plural(zeroPages, "zero page")]),
    ...(distinctPages === undefined ? [] : [`${distinctPages} distinct`]),
  ];
  const digests: readonly (readonly [string, string | undefined])[] = [
    ["as sent", memory.streamSha256],
    ["restored", memory.restoredSha256],
    ["restored", memory.pageDigest],
  ];
  return [
    ...fact("memory", `${plural(populatedPages, "page")} populated (${size})${highest}`, style),
    ...fact("model", held.join(", "), style),
    ...digests.flatMap(([label, digest]) =>
      // SHA-256 in hex fits behind the label; its name would not, and its length says what it is.
      digest === undefined ? [] : fact(label, digest, style),
    ),
  ];
}

function paramLines(result: RestoreFileResult, options: RestoreTextOptions): string[] {
  return Object.entries(result.hvmParams ?? {}).map(([index, value]) => {
    const name = options.paramName?.(Number(index)) ?? `parameter ${index}`;
    return `${name.padEnd(22)} ${value}`;
  });
}

function deviceFacts(result: RestoreFileResult, style: Style): string[] {
  const { emulator = [], xenstore = [] } = result;
  return [
    ...emulator.flatMap(({ id, bytes }) =>
      fact("emulator", `${EMULATORS[id] ?? `id ${id}`}, ${bytesText(bytes)} of state`, style),
    ),
    ...(xenstore.length === 0
      ? []
      : fact("xenstore", `${plural(xenstore.length, "key")} for the device model`, style)),
    ...genidTexts(result, ({ old, address, new: id }) => `${old} at ${address}, new ${id}`).flatMap(
      (text) => fact("genid", text, style),
    ),
  ];
}

/** Emulators by id. Source: libxl stream document, emulator records. */
const EMULATORS: Readonly<Record<number, string>> = { 1: "qemu-traditional", 2: "qemu" };

function completionFacts(result: RestoreFileResult, options: TextOptions): string[] {
  const { style = PLAIN } = options;
  const steps = result.completion ?? [];
  const shown = options.verbose ? steps : steps.slice(0, SHOWN_STEPS);
  const lines = shown.flatMap(({ step, pfn, what }, index) => {
    const place = pfn === undefined ? "" : `pfn 0x${pfn.toString(16)}: `;
    return fact(index === 0 ? "completion" : "", `${place}${what} (${step})`, style);
  });
  if (steps.length === shown.length) return lines;
  const more = `and ${plural(steps.length - shown.length, "more step")} (--verbose)`;
  return [...lines, ...fact("", more, style)];
}
