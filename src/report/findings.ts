/**
 * Findings as text: grouped by rule, errors first, the first of each with its bytes, the others in
 * short. What the findings mean is the registry's; which image they are of, the caller's.
 */
import type { FileResult, Finding, Severity } from "../findings/index.js";
import { hexDump } from "./hex-dump.js";
import { PLAIN, type Style, type TextOptions } from "./style.js";
import { hanging, plural } from "./text.js";

const SEVERITIES: readonly Severity[] = ["error", "warning", "note"];
/** Findings of one group that are shown one by one where repetitions are told in short. */
const SHOWN_OF_GROUP = 3;

/** The findings of one rule and severity, in order of the input. */
interface Group {
  readonly rule: string;
  readonly severity: Severity;
  readonly findings: Finding[];
}

/** `1 error, 9 warnings, 2 notes`; empty where there are none. */
export function findingCounts(findings: readonly Finding[]): string {
  return SEVERITIES.map((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? "" : plural(count, severity);
  })
    .filter((part) => part !== "")
    .join(", ");
}

/**
 * All groups, an empty line before each.
 *
 * @param severities those that are shown; the default depends on `verbose`
 */
export function findingLines(
  result: FileResult,
  options: TextOptions,
  severities: readonly Severity[] = options.verbose ? SEVERITIES : ["error", "warning"],
): string[] {
  const { style = PLAIN, collapse = !options.verbose } = options;
  const groups = groupsOf(result.findings).filter(({ severity }) => severities.includes(severity));
  let left = options.maxFindings ?? Number.POSITIVE_INFINITY;
  let unseen = 0;
  const lines: string[] = [];
  for (const group of groups) {
    const wanted = collapse
      ? Math.min(SHOWN_OF_GROUP, group.findings.length)
      : group.findings.length;
    const shown = Math.min(wanted, left);
    left -= shown;
    if (shown === 0) unseen += group.findings.length;
    else lines.push("", ...groupLines(group, shown, style));
  }
  if (unseen > 0) {
    const more = `${plural(unseen, "more finding")}: --max-findings prints more, --json all`;
    lines.push("", ...hanging("  ", more, style));
  }
  return [...lines, ...leftOut(result, style)];
}

/** What is not among the findings, in words. */
function leftOut(result: FileResult, style: Style): string[] {
  const lines: string[] = [];
  if (result.findingsDropped !== undefined && result.findingsDropped > 0) {
    lines.push(`${plural(result.findingsDropped, "further finding")} counted, but not kept`);
  }
  if (result.suppressed > 0) {
    const checks = plural(result.suppressed, "check");
    lines.push(`${checks} left out: what they rest on stood in a refused record`);
  }
  return lines.flatMap((line) => ["", ...hanging("  ", line, style)]);
}

/** By severity, then by the first offset. */
function groupsOf(findings: readonly Finding[]): Group[] {
  const groups = new Map<string, Group>();
  for (const finding of findings) {
    const { rule, severity } = finding;
    const key = `${severity} ${rule}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { rule, severity, findings: [finding] });
    else group.findings.push(finding);
  }
  const rank = ({ severity }: Group) => SEVERITIES.indexOf(severity);
  return [...groups.values()].sort((a, b) => rank(a) - rank(b));
}

function groupLines(group: Group, shown: number, style: Style): string[] {
  const { findings, severity, rule } = group;
  const first = findings[0];
  if (first === undefined) return [];
  const paint = { error: style.paint.red, warning: style.paint.yellow, note: style.paint.cyan };
  const times = findings.length === 1 ? "" : ` (${findings.length} times)`;
  const head = `${severity} ${rule}${times}: `;
  const [title = "", ...more] = hanging("  ", `${head}${bareMessage(first)}`, style);
  const name = `${severity} ${rule}`;
  const lines = [
    title.slice(2).replace(name, style.paint.bold(paint[severity](name))),
    ...more,
    ...occurrence(first, style),
  ];
  for (const finding of findings.slice(1, shown)) {
    lines.push(...repetition(finding, first, style));
  }
  if (findings.length > shown) lines.push(...remainder(findings.slice(shown), style));
  const hints = new Set(findings.slice(0, shown).flatMap(({ hint }) => hint ?? []));
  for (const hint of hints) lines.push(...hanging("  hint: ", hint, style));
  return lines;
}

/** The first of a group, in full. */
function occurrence(finding: Finding, style: Style): string[] {
  const { expected, actual } = finding;
  return [
    ...hanging("  ", placeText(finding), style),
    ...(expected === undefined ? [] : hanging("    expected  ", expected, style)),
    ...(actual === undefined ? [] : hanging("    found     ", actual, style)),
    ...hexDump(finding, style),
  ];
}

/** The message without the values at its end, for those who say them in their own way. */
export function bareMessage({ message, expected, actual }: Finding): string {
  const values = [
    ...(actual === undefined ? [] : [`found ${actual}`]),
    ...(expected === undefined ? [] : [`expected ${expected}`]),
  ];
  const tail = `: ${values.join(", ")}.`;
  return values.length > 0 && message.endsWith(tail)
    ? `${message.slice(0, -tail.length)}.`
    : message;
}

/** A further one: only what differs. */
function repetition(finding: Finding, first: Finding, style: Style): string[] {
  const { expected, actual } = finding;
  const message = bareMessage(finding);
  const place = placeText(finding);
  const parts = [
    place === placeText(first) ? "there too" : place,
    message === bareMessage(first) ? "" : message,
    expected === undefined || expected === first.expected ? "" : `expected ${expected}`,
    actual === undefined || (actual === first.actual && place === placeText(first))
      ? ""
      : `found ${actual}`,
  ].filter((part) => part !== "");
  const text = parts.join("; ");
  const narrow = { ...style, columns: style.columns - 2 };
  return hanging("  ", text, narrow).map((line, index) => (index === 0 ? line : `  ${line}`));
}

/** The rest of a group: how many, and where the last of them is. */
function remainder(findings: readonly Finding[], style: Style): string[] {
  const last = findings.at(-1);
  if (last === undefined) return [];
  const text =
    findings.length === 1
      ? `and 1 more, at ${placeText(last)}`
      : `and ${findings.length} more, the last at ${placeText(last)}`;
  return hanging("  ", text, style, style.paint.dim);
}

/** `byte 4231 (0x1087), libxc record 3 PAGE_DATA, entry 7`. */
export function placeText(finding: Finding): string {
  const { byteOffset, layer, recordIndex, recordType, entryIndex } = finding;
  const record = recordIndex === undefined ? "" : ` record ${recordIndex}`;
  const type = recordType === undefined ? "" : ` ${recordType}`;
  const entry = entryIndex === undefined ? "" : `, entry ${entryIndex}`;
  return `byte ${byteOffset} (0x${byteOffset.toString(16)}), ${layer}${record}${type}${entry}`;
}
