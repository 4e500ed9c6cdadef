/**
 * Results as text for a person: verdict first, then what was found. Plain text, no colours, no
 * terminal: those are cli/'s. What a finding means is findings/'s.
 */
import type {
  FileResult,
  Finding,
  InspectResult,
  RestoreFileResult,
  StreamResult,
} from "../findings/index.js";

import { genidLines, salvageLines } from "./memory.js";

export interface TextOptions {
  readonly verbose: boolean;
  /** Findings printed; the rest is counted. */
  readonly maxFindings?: number;
}

/** One image's verdict, its stream in a line, its findings. */
export function renderVerify(result: FileResult, options: TextOptions): string {
  const lines = [`${result.verdict.toUpperCase()}  ${result.file}`, ...summary(result)];
  lines.push(...findingLines(result, options));
  return `${lines.join("\n")}\n`;
}

/** As verify, and the memory that results. */
export function renderRestore(result: RestoreFileResult, options: TextOptions): string {
  const lines = [`${result.verdict.toUpperCase()}  ${result.file}`, ...summary(result)];
  const { memory } = result;
  if (memory !== undefined) {
    lines.push(
      `  memory      ${memory.populatedPages} pages populated, highest pfn ${memory.maxPfn}`,
    );
    if (memory.residentBytes !== undefined) {
      const held = `${memory.zeroPages} zero, ${memory.distinctPages} distinct`;
      lines.push(`  held        ${bytesText(memory.residentBytes)} (${held})`);
    }
    if (memory.streamSha256 !== undefined)
      lines.push(`  stream      sha256 ${memory.streamSha256}`);
    if (memory.restoredSha256 !== undefined) {
      lines.push(`  restored    sha256 ${memory.restoredSha256}`);
    }
    if (memory.pageDigest !== undefined) lines.push(`  restored    xxh3 ${memory.pageDigest}`);
  }
  lines.push(...genidLines(result.genid), ...salvageLines(result.salvage));
  for (const step of result.completion ?? []) {
    const pfn = step.pfn === undefined ? "" : `pfn 0x${step.pfn.toString(16)}: `;
    lines.push(`  did         ${pfn}${step.what} (${step.step})`);
  }
  lines.push(...findingLines(result, options));
  return `${lines.join("\n")}\n`;
}

/** What an image holds: the chain, headers, records. */
export function renderInspect(result: InspectResult, options: TextOptions): string {
  const lines = [result.file, `  formats     ${result.container.join(" > ") || "unknown"}`];
  for (const header of result.headers) {
    lines.push(`  ${header.layer} ${header.name}: ${fieldsText(header.fields)}`);
  }
  if (result.stream !== undefined) lines.push(...streamLines(result.stream));
  lines.push(`  records     ${result.records.length}`);
  for (const record of result.records) {
    const at = record.byteOffset.toString().padStart(12);
    lines.push(`  ${at}  ${record.layer.padEnd(6)} ${record.name} (${record.length} bytes)`);
    if (options.verbose && record.decoded !== undefined) {
      lines.push(indent(JSON.stringify(record.decoded, null, 2), 16));
    }
  }
  return `${lines.join("\n")}\n`;
}

function summary(result: FileResult): string[] {
  const size = result.bytes === undefined ? "" : `, ${bytesText(result.bytes)}`;
  const lines = [`  formats     ${result.container.join(" > ") || "unknown"}${size}`];
  if (result.stream !== undefined) lines.push(...streamLines(result.stream));
  return lines;
}

function streamLines(stream: StreamResult): string[] {
  const guest = stream.guest === undefined ? "guest of unknown kind" : `${stream.guest} guest`;
  const saved = stream.xen === "" ? "" : `, saved by Xen ${stream.xen}`;
  const types = Object.entries(stream.pageTypes).map(([name, count]) => `${name} ${count}`);
  return [
    `  stream      version ${stream.version}, ${guest}${saved}, ${stream.records} records`,
    `  pages       ${stream.entries} entries, ${stream.dataPages} with data (${types.join(", ")})`,
  ];
}

/** Findings by rule, in order of the first of each; errors before the others. */
function findingLines(result: FileResult, options: TextOptions): string[] {
  const groups = new Map<string, Finding[]>();
  const order = ["error", "warning", "note"];
  const sorted = [...result.findings].sort(
    (a, b) => order.indexOf(a.severity) - order.indexOf(b.severity),
  );
  const shown = sorted.slice(0, options.maxFindings ?? 100);
  for (const finding of shown) {
    const key = `${finding.severity} ${finding.rule}`;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  const lines: string[] = [];
  for (const [key, findings] of groups) {
    lines.push(`  ${key}: ${findings[0]?.message}`);
    for (const finding of findings) lines.push(`    ${placeText(finding)}`);
    if (findings[0]?.hint !== undefined) lines.push(`    hint: ${findings[0].hint}`);
  }
  const hidden = sorted.length - shown.length;
  if (hidden > 0) lines.push(`  ${hidden} more findings; --max-findings prints more, --json all`);
  if (result.suppressed > 0) {
    lines.push(`  ${result.suppressed} rules left out: what they build on was refused`);
  }
  return lines;
}

function placeText(finding: Finding): string {
  const record = finding.recordIndex === undefined ? "" : `, record ${finding.recordIndex}`;
  const type = finding.recordType === undefined ? "" : ` ${finding.recordType}`;
  const entry = finding.entryIndex === undefined ? "" : `, entry ${finding.entryIndex}`;
  const expected = finding.expected === undefined ? "" : `: expected ${finding.expected}`;
  const actual = finding.actual === undefined ? "" : `, found ${finding.actual}`;
  return `byte ${finding.byteOffset} (${finding.layer}${record}${type}${entry})${expected}${actual}`;
}

function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
}

function indent(text: string, spaces: number): string {
  return text.replaceAll(/^/gm, " ".repeat(spaces));
}

/** Bytes with a unit, as 92.4 KiB. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit]}`;
}
