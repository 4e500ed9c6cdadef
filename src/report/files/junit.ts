/**
 * A batch as JUnit XML: one testsuite, a testcase an image. A rejected image is a failure, one
 * without a verdict an error. Source: the schema that Jenkins' xUnit plugin accepts (junit-10.xsd),
 * which wants the totals in the first element; XML 1.0 for what a file name may not hold.
 */
import type { BatchFailureLine, BatchFileLine } from "../../findings/index.js";
import { plural } from "../text.js";
import { JUNIT_IMAGE_FINDINGS } from "./limits.js";
import { type ImageOutcome, type ReportHead, type ReportWriter, wasJudged } from "./port.js";
import {
  findingText,
  firstError,
  headline,
  imageName,
  markup,
  secondsText,
  shortened,
  timeText,
  worstFirst,
} from "./words.js";

const MESSAGE_CHARACTERS = 500;

/** `--junit`. */
export function junitReport(head: ReportHead): ReportWriter {
  const { begin, summary, states, startedMs } = head;
  const suite = `xenstream.${begin.operation}`;
  const totals = attributes({
    name: suite,
    tests: String(states.accept + states.reject + states.error),
    failures: String(states.reject),
    errors: String(states.error),
    time: secondsText(summary.elapsedMs),
  });
  const timestamp = timeText(startedMs).replace(/\.\d+Z$/, "");
  return {
    begin: () =>
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
      `<testsuites${totals}>\n` +
      `<testsuite${totals}${attributes({ skipped: "0", timestamp })}>\n` +
      "  <properties>\n" +
      property("tool", `${begin.tool.name} ${begin.tool.version}`) +
      property("profile", begin.profile) +
      property("bytes", String(summary.bytes)) +
      "  </properties>\n",
    file: (outcome) => testcase(outcome, suite),
    end: () => "</testsuite>\n</testsuites>\n",
  };
}

function testcase(outcome: ImageOutcome, classname: string): string {
  const name = imageName(outcome.file);
  const time = wasJudged(outcome) ? secondsText(outcome.elapsedMs) : "0.000";
  const inside = wasJudged(outcome) ? judged(outcome) : failed(outcome);
  const open = `  <testcase${attributes({ name, classname, time })}`;
  return inside === "" ? `${open}/>\n` : `${open}>\n${inside}  </testcase>\n`;
}

/** A failure for what is rejected; what an accepted image is warned of is its output. */
function judged(result: BatchFileLine): string {
  const lines = findingsText(result);
  if (result.verdict === "reject") {
    const message = shortened(headline(result), MESSAGE_CHARACTERS);
    const type = firstError(result)?.rule ?? "reject";
    return `    <failure${attributes({ type, message })}>${lines}</failure>\n`;
  }
  return lines === "" ? "" : `    <system-out>${lines}</system-out>\n`;
}

function failed({ error }: BatchFailureLine): string {
  const { code: type, message } = error;
  return `    <error${attributes({ type, message })}>${markup(message)}</error>\n`;
}

/** A line for each finding, the worst first. */
function findingsText(result: BatchFileLine): string {
  const shown = worstFirst(result.findings).slice(0, JUNIT_IMAGE_FINDINGS);
  const lines = shown.map((finding) => `${finding.severity} ${findingText(finding)}`);
  const more = result.findings.length - shown.length + (result.findingsDropped ?? 0);
  if (more > 0) lines.push(`${plural(more, "more finding")} left out of this report`);
  if (result.suppressed > 0) {
    lines.push(`${plural(result.suppressed, "check")} left out: they rest on a refused record`);
  }
  return lines.map(markup).join("\n");
}

function property(name: string, value: string): string {
  return `    <property${attributes({ name, value })}/>\n`;
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${markup(value)}"`)
    .join("");
}
