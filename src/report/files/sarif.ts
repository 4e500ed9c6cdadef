/**
 * A batch as SARIF 2.1.0: a run whose results are the findings, written as they come; what depends
 * on all of them (rules, artifacts, notifications) stands behind. Source: the OASIS standard, its
 * schema; GitHub's limits for uploads, kept by leaving out what would go beyond, errors last.
 */
import type { Artifact, Notification, PropertyBag, Result } from "sarif";
import type { BatchFailureLine, BatchFileLine, Finding } from "../../findings/index.js";
import { bareMessage, placeText } from "../findings.js";
import { plural } from "../text.js";
import {
  SARIF_ERRORS,
  SARIF_IMAGE_ERRORS,
  SARIF_IMAGE_OTHERS,
  SARIF_NOTIFICATIONS,
  SARIF_OTHERS,
  SARIF_TEXT_CHARACTERS,
} from "./limits.js";
import { type ImageOutcome, type ReportHead, type ReportWriter, wasJudged } from "./port.js";
import { artifactOf, fingerprintOf, regionOf, uriOf } from "./sarif-places.js";
import { UsedRules } from "./sarif-rules.js";
import { plainText, shortened, timeText } from "./words.js";

const SCHEMA =
  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** `--sarif`. */
export function sarifReport(head: ReportHead): ReportWriter {
  return new SarifReport(head);
}

/** Results of one kind that may still be written, over all images and for each of them. */
interface Quota {
  left: number;
  readonly perImage: number;
}

class SarifReport implements ReportWriter {
  readonly #head: ReportHead;
  readonly #rules: UsedRules;
  readonly #errors: Quota;
  readonly #others: Quota;
  /** By URI: one artifact each, whatever it was called and however often. */
  readonly #artifacts = new Map<string, { readonly index: number; readonly artifact: Artifact }>();
  readonly #notifications: Notification[] = [];
  #results = 0;
  #omitted = 0;
  #failuresOmitted = 0;

  constructor(head: ReportHead) {
    const { begin, states } = head;
    this.#head = head;
    this.#rules = new UsedRules(begin.profile);
    const share = (all: number, images: number) => Math.floor(all / Math.max(1, images));
    this.#errors = {
      left: SARIF_ERRORS,
      perImage: Math.max(SARIF_IMAGE_ERRORS, share(SARIF_ERRORS, states.reject)),
    };
    this.#others = {
      left: SARIF_OTHERS,
      perImage: Math.max(SARIF_IMAGE_OTHERS, share(SARIF_OTHERS, states.accept + states.reject)),
    };
  }

  begin(): string {
    return `{"version":"2.1.0","$schema":${json(SCHEMA)},"runs":[{\n"results":[`;
  }

  file(outcome: ImageOutcome): string {
    const uri = uriOf(outcome.file);
    const known = this.#artifacts.get(uri);
    const index = known?.index ?? this.#artifacts.size;
    if (known === undefined) this.#artifacts.set(uri, { index, artifact: artifactOf(outcome) });
    if (wasJudged(outcome)) return this.#resultsOf(outcome, index);
    this.#fail(outcome, index);
    return "";
  }

  end(): string {
    const { begin, startedMs, summary, states, exitCode } = this.#head;
    const { name, version } = begin.tool;
    const driver = { name, version, semanticVersion: version, rules: this.#rules.descriptors() };
    const invocation = {
      executionSuccessful: states.error === 0,
      exitCode,
      startTimeUtc: timeText(startedMs),
      endTimeUtc: timeText(startedMs + summary.elapsedMs),
      toolExecutionNotifications: [...this.#omissions(), ...this.#notifications],
    };
    const properties = { profile: begin.profile, images: states, bytes: summary.bytes };
    return [
      "\n],",
      `"tool":${json({ driver })},`,
      `"artifacts":[${rows([...this.#artifacts.values()].map(({ artifact }) => artifact))}],`,
      `"invocations":[${json(invocation)}],`,
      `"automationDetails":${json({ id: `xenstream/${begin.operation}/` })},`,
      `"properties":${json(properties)}\n}]}\n`,
    ].join("\n");
  }

  #resultsOf(result: BatchFileLine, artifactIndex: number): string {
    const taken = new Map([
      [this.#errors, 0],
      [this.#others, 0],
    ]);
    const ordinals = new Map<string, number>();
    let text = "";
    for (const finding of result.findings) {
      const quota = finding.severity === "error" ? this.#errors : this.#others;
      const count = taken.get(quota) ?? 0;
      if (quota.left === 0 || count === quota.perImage) {
        this.#omitted += 1;
        continue;
      }
      quota.left -= 1;
      taken.set(quota, count + 1);
      const print = fingerprintOf(finding, 0);
      const ordinal = ordinals.get(print) ?? 0;
      ordinals.set(print, ordinal + 1);
      const fingerprint = fingerprintOf(finding, ordinal);
      text += `${this.#results === 0 ? "" : ","}\n${json(
        resultOf(result, finding, artifactIndex, this.#rules.indexOf(finding.rule), fingerprint),
      )}`;
      this.#results += 1;
    }
    this.#omitted += result.findingsDropped ?? 0;
    return text;
  }

  #fail({ file, error }: BatchFailureLine, index: number): void {
    if (this.#notifications.length === SARIF_NOTIFICATIONS) {
      this.#failuresOmitted += 1;
      return;
    }
    const artifactLocation = { uri: uriOf(file), index };
    this.#notifications.push({
      descriptor: { id: error.code },
      level: "error",
      message: { text: messageText(error.message) },
      locations: [{ physicalLocation: { artifactLocation } }],
      properties: { exitCode: error.exitCode },
    });
  }

  /** What this file does not hold is said in it. */
  #omissions(): Notification[] {
    const say = (id: string, text: string): Notification => ({
      descriptor: { id },
      level: "warning",
      message: { text: `${text}; xenstream's --json has all` },
    });
    const { perImage } = this.#errors;
    const bounds = `${SARIF_ERRORS} errors, ${SARIF_OTHERS} others, ${perImage} errors an image`;
    return [
      ...(this.#omitted === 0
        ? []
        : [say("findings-omitted", `${plural(this.#omitted, "finding")} left out (${bounds})`)]),
      ...(this.#failuresOmitted === 0
        ? []
        : [
            say(
              "failures-omitted",
              `${plural(this.#failuresOmitted, "image")} without a verdict left out`,
            ),
          ]),
    ];
  }
}

function resultOf(
  result: BatchFileLine,
  finding: Finding,
  index: number,
  ruleIndex: number,
  fingerprint: string,
): Result {
  const region = regionOf(result, finding);
  return {
    ruleId: finding.rule,
    ruleIndex,
    level: finding.severity,
    message: { text: messageText(sentencesOf(finding)) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(result.file), index },
          ...(region === undefined ? {} : { region }),
        },
      },
    ],
    partialFingerprints: { primaryLocationLineHash: fingerprint },
    properties: propertiesOf(finding),
  };
}

function sentencesOf(finding: Finding): string {
  const { expected, actual } = finding;
  return [
    bareMessage(finding),
    ...(expected === undefined ? [] : [`Expected: ${expected}.`]),
    ...(actual === undefined ? [] : [`Found: ${actual}.`]),
    `At ${placeText(finding)}.`,
  ].join(" ");
}

/** All that the finding tells, as it stands; its bytes are in the image, the field is the region. */
function propertiesOf(finding: Finding): PropertyBag {
  const { rule: _rule, severity: _severity, message: _message, ...rest } = finding;
  const { excerpt: _bytes, field: _region, ...told } = rest;
  return told;
}

/** A plain text message: braces doubled (3.11.5), nothing that reads as a link (3.11.6). */
function messageText(text: string): string {
  const plain = shortened(plainText(text), SARIF_TEXT_CHARACTERS);
  return plain.replace(/[{}]/g, "$&$&").replaceAll("](", "] (");
}

function rows(items: readonly unknown[]): string {
  return items.map((item) => `\n${json(item)}`).join(",");
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
