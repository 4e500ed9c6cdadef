/** Batches for tests of report files, made by hand: their outcomes, their head, their text. */
import { join } from "node:path";
import type { BatchFailureLine, BatchFileLine, FileResult } from "../../../src/findings/index.js";
import {
  type ImageOutcome,
  type ReportFormat,
  type ReportHead,
  reportText,
} from "../../../src/report/files/index.js";
import { ROOT } from "../../harness.js";
import { bad, finding, GOOD } from "../documents.js";

/** Names that break whatever does not escape them. */
export const HOSTILE_NAMES: readonly string[] = [
  "line\nbreak.save",
  "carriage\rreturn.save",
  "tab\there.save",
  `quotes"and'apostrophes.save`,
  "<script>alert(1)</script>&amp;.save",
  "cdata]]>end.save",
  "comment--><!--.save",
  "percent%20%0A%.save",
  "comma,colon:semi;.save",
  "\u0000\u0001\u001b[31m\u007f\u0085\u009f.save",
  "\u202egnp.evas\u202c\u2066\u2069.save",
  "\ud800lone\udfff.save",
  "\ufffd\ufffe\uffff.save",
  "emoji\u{1f600}and\u{10ffff}.save",
  "::error file=x::injected",
  "##[error]injected",
  "pipe|and`tick`and*star*_under_[link](http://x).save",
  'brace{0}{label="x"}.save',
  "back\\slash\\n.save",
  "-->",
  "../up/./and//double.save",
  "/abso lute/path.save",
  "https://example.org/a b.save?x=1&y=2#z",
  "C:\\windows\\vm.save",
  " leading and trailing ",
  "#hash?query.save",
  "javascript:alert(1)",
  "é中文.save",
];

/** A judged image as a batch tells of it. */
export function judged(result: FileResult, file = result.file): BatchFileLine {
  return { v: 1, type: "file", ...result, file };
}

/** An image without a verdict. */
export function failed(file: string, message = `${file}: no such file`): BatchFailureLine {
  return { v: 1, type: "file", file, error: { code: "not-found", message, exitCode: 2 } };
}

/** A rejected image that has so many errors. */
export function rotten(file: string, errors: number): BatchFileLine {
  const findings = Array.from({ length: errors }, (_, index) =>
    finding({ byteOffset: 168 + 8 * index, entryIndex: index }),
  );
  return judged(bad(...findings), file);
}

/** An accepted image that is warned of. */
export function warned(file: string, warnings = 1): BatchFileLine {
  const findings = Array.from({ length: warnings }, (_, index) =>
    finding({ rule: "HC-20", severity: "warning", message: "cr0 is odd.", entryIndex: index }),
  );
  return judged({ ...GOOD, findings }, file);
}

/** One of each: accepted, warned of, rejected, not read. */
export const MIXED: readonly ImageOutcome[] = [
  judged(GOOD, "good.save"),
  warned("warned.save"),
  judged(
    bad(
      finding(),
      finding({ byteOffset: 4231, entryIndex: 7 }),
      finding({ rule: "LC-ORD-6", severity: "note", message: "Out of order.", byteOffset: 9000 }),
    ),
    "dir/bad.save",
  ),
  failed("gone.save"),
];

/** Each hostile name thrice: accepted, rejected with the name in what is found, not read. */
export const HOSTILE: readonly ImageOutcome[] = HOSTILE_NAMES.flatMap((name) => [
  judged(GOOD, name),
  judged(bad(finding({ message: name, expected: name, actual: name, hint: name })), `${name}2`),
  failed(`${name}3`, `${name}: cannot be read`),
]);

/** The head that belongs to these outcomes. */
export function headOf(outcomes: readonly ImageOutcome[]): ReportHead {
  const results = outcomes.filter((outcome) => "verdict" in outcome);
  const rejected = results.filter(({ verdict }) => verdict === "reject").length;
  const failures = outcomes.length - results.length;
  return {
    begin: {
      v: 1,
      type: "begin",
      tool: { name: "xenstream", version: "1.2.3" },
      operation: "verify",
      profile: "restore",
      files: outcomes.length,
    },
    summary: {
      v: 1,
      type: "summary",
      files: outcomes.length,
      accepted: results.length - rejected,
      rejected,
      failed: failures,
      bytes: results.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
      elapsedMs: 1234.5,
    },
    states: { accept: results.length - rejected, reject: rejected, error: failures },
    startedMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    exitCode: failures > 0 ? 2 : Math.min(1, rejected),
  };
}

/** The whole text of a report. */
export function textOf(format: ReportFormat, outcomes: readonly ImageOutcome[]): string {
  return [...reportText(format, headOf(outcomes), outcomes)].join("");
}

/** Path of a file that a report is known to be. */
export function golden(name: string): string {
  return join(ROOT, "test/fixtures/reports", name);
}
