/**
 * `inspect` as text: a summary of the machine, then its records by type; with `verbose` each header
 * and record, decoded. The verdict comes first: nobody should take a broken image for a whole one.
 */
import type { InspectRecord, InspectResult, StreamResult } from "../findings/index.js";
import { decodedLines } from "./decoded.js";
import { findingLines } from "./findings.js";
import { xenstoreLines } from "./human-xenstore.js";
import {
  configFacts,
  contextCounts,
  emulatorKeys,
  emulatorsOf,
  paramsOf,
  policyText,
  pvText,
  tscText,
  vcpusOf,
} from "./machine.js";
import { printableDocument } from "./printable.js";
import { PLAIN, type Style, type TableMaker, type TextOptions } from "./style.js";
import { findingsFact, formatsFact, guestText, pagesText, verdictLine } from "./summary.js";
import { bar, bytesText, fact, factLines, plural } from "./text.js";

const BAR_CHARACTERS = 24;

/** What renderInspect() needs beyond the shared options. */
export interface InspectTextOptions extends TextOptions {
  readonly table: TableMaker;
}

/** What an image holds; ends with a newline. */
export function renderInspect(document: InspectResult, options: InspectTextOptions): string {
  const result = printableDocument(document);
  const { style = PLAIN } = options;
  const lines = [
    verdictLine(result, style),
    ...formatsFact(result, style),
    ...findingsFact(result, options),
    ...configFacts(result.configSummary).flatMap(([name, value]) => fact(name, value, style)),
    ...(result.stream === undefined ? [] : machineFacts(result, result.stream, options)),
    ...emulatorFacts(result, style),
    "",
    ...(result.store === undefined ? [] : xenstoreLines(result.store, options.verbose, style)),
    ...(options.verbose ? everything(result, style) : recordTable(result, options)),
    ...findingLines(result, options, options.verbose ? undefined : ["error"]),
  ];
  return `${lines.join("\n")}\n`;
}

function machineFacts(
  result: InspectResult,
  stream: StreamResult,
  options: InspectTextOptions,
): string[] {
  const { style = PLAIN } = options;
  const vcpus = vcpusOf(result);
  const saved = [
    stream.xen === "" ? "a Xen that is not named" : `Xen ${stream.xen}`,
    `stream version ${stream.version}`,
    ...(stream.checkpoints === 0 ? [] : [plural(stream.checkpoints, "checkpoint")]),
  ];
  const guest = [guestText(stream), pvText(result), vcpus === 0 ? null : plural(vcpus, "vcpu")];
  const optional: readonly (readonly [string, string | null])[] = [
    ["tsc", tscText(result)],
    ["cpu policy", policyText(result)],
    ["context", contextCounts(result) || null],
  ];
  const params = paramsOf(result).map(([name, value]) => `${name.padEnd(22)} ${value}`);
  return [
    ...fact("guest", guest.filter((part) => part !== null).join(", "), style),
    ...fact("saved by", saved.join(", "), style),
    ...fact("pages", pagesText(stream), style),
    ...factLines("", typeBars(stream, options), style),
    ...factLines("parameters", params, style),
    ...optional.flatMap(([label, text]) => (text === null ? [] : fact(label, text, style))),
  ];
}

/** Entries by page type, most first: name, count, bar, share. */
function typeBars(stream: StreamResult, options: InspectTextOptions): readonly string[] {
  const { style = PLAIN, table } = options;
  const types = Object.entries(stream.pageTypes).sort(([, a], [, b]) => b - a);
  const rows = types.map(([name, count]) => {
    const share = count / Math.max(1, stream.entries);
    return [
      name,
      String(count),
      bar(share, BAR_CHARACTERS, style),
      `${(share * 100).toFixed(1)} %`,
    ];
  });
  return rows.length === 0 ? [] : table(rows, ["left", "right", "left", "right"]);
}

function emulatorFacts(result: InspectResult, style: Style): string[] {
  const keys = emulatorKeys(result);
  return [
    ...emulatorsOf(result).flatMap(({ name, bytes }) =>
      fact("emulator", `${name}, ${bytesText(bytes)} of state`, style),
    ),
    ...(keys === 0 ? [] : fact("xenstore", `${plural(keys, "key")} for the device model`, style)),
  ];
}

/** Records by layer and name: how many, how many bytes, where the first one is. */
function recordTable(result: InspectResult, options: InspectTextOptions): string[] {
  const { style = PLAIN, table } = options;
  const { dim } = style.paint;
  const groups = new Map<string, { first: InspectRecord; count: number; bytes: number }>();
  for (const record of result.records) {
    const key = `${record.layer} ${record.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: record, count: 1, bytes: record.length });
    else {
      group.count += 1;
      group.bytes += record.length;
    }
  }
  const rows = [...groups.values()].map(({ first, count, bytes }) => [
    first.layer,
    first.name,
    String(count),
    bytesText(bytes),
    String(first.byteOffset),
  ]);
  if (rows.length === 0) return ["  no records"];
  const head = ["layer", "record", "count", "bodies", "first at byte"].map(dim);
  const lines = table([head, ...rows], ["left", "left", "right", "right", "right"]);
  return [...lines.map((line) => `  ${line}`), ...omitted(result)];
}

/** Every header and record in order of the input, decoded. */
function everything(result: InspectResult, style: Style): string[] {
  const { bold } = style.paint;
  const headers = result.headers.map((header) => ({
    byteOffset: header.byteOffset,
    lines: [
      `  ${header.byteOffset}  ${bold(`${header.layer} ${header.name}`)}, ${header.bytes} bytes`,
      ...decodedLines(header.fields, 6, style),
    ],
  }));
  const batches = new Map(result.batches.map((batch) => [batch.byteOffset, batch]));
  const records = result.records.map((record) => ({
    byteOffset: record.byteOffset,
    lines: recordLines(record, batches.get(record.byteOffset), style),
  }));
  const all = [...headers, ...records].sort((a, b) => a.byteOffset - b.byteOffset);
  return [
    "  byte offset, layer, record",
    ...all.flatMap(({ lines }) => lines),
    ...omitted(result),
    ...part("HVM context, decoded", result.hvmContext, style),
    ...part("CPU policy, decoded", result.cpuPolicy, style),
    ...part("config", result.config, style),
  ];
}

function recordLines(
  record: InspectRecord,
  batch: InspectResult["batches"][number] | undefined,
  style: Style,
): string[] {
  const { byteOffset, layer, index, name, length, decoded } = record;
  const head = `${style.paint.bold(`${layer} ${index} ${name}`)}, ${plural(length, "byte")}`;
  const facts =
    batch === undefined
      ? decoded
      : { entries: batch.entries, dataPages: batch.dataPages, ...batch.pageTypes };
  const empty = facts === undefined || JSON.stringify(facts) === "{}";
  return [`  ${byteOffset}  ${head}`, ...(empty ? [] : decodedLines(facts, 6, style))];
}

function omitted(result: InspectResult): string[] {
  const left = [
    ["more header", result.headersOmitted ?? 0],
    ["more record", result.recordsOmitted ?? 0],
  ] as const;
  return left.flatMap(([what, count]) =>
    count === 0 ? [] : [`  and ${plural(count, what)} that the listing leaves out`],
  );
}

function part(title: string, value: unknown, style: Style): string[] {
  if (value === undefined) return [];
  return ["", `  ${style.paint.bold(title)}`, ...decodedLines(value, 6, style)];
}
