/**
 * Rules as SARIF describes them: those that a run used, in order of first use. What a rule says is
 * the registry's. Source: SARIF 2.1.0, 3.49; the fields that GitHub's code scanning shows.
 */
import type { ReportingDescriptor } from "sarif";
import { type Profile, RULES, type Rule, type Severity } from "../../findings/index.js";
import { SARIF_TEXT_CHARACTERS } from "./limits.js";
import { shortened } from "./words.js";

/** GitHub's words for how bad a problem is. */
const PROBLEM: Readonly<Record<Severity, string>> = {
  error: "error",
  warning: "warning",
  note: "recommendation",
};

/** The rules of a run; hands out their indices. */
export class UsedRules {
  readonly #profile: Profile;
  readonly #indices = new Map<string, number>();

  constructor(profile: Profile) {
    this.#profile = profile;
  }

  indexOf(id: string): number {
    const known = this.#indices.get(id);
    if (known !== undefined) return known;
    this.#indices.set(id, this.#indices.size);
    return this.#indices.size - 1;
  }

  descriptors(): ReportingDescriptor[] {
    return [...this.#indices.keys()].map((id) => descriptorOf(id, this.#profile));
  }
}

/** A rule that this version does not know (a result of another one) has its id alone. */
function descriptorOf(id: string, profile: Profile): ReportingDescriptor {
  const rule = RULES.get(id);
  if (rule === undefined) return { id };
  const { sentence, disagree, source, enforcedBy, restore, strict } = rule;
  const full = disagree === undefined ? sentence : `${sentence} ${disagree}`;
  return {
    id,
    shortDescription: { text: text(sentence) },
    fullDescription: { text: text(full) },
    help: {
      text: text(helpLines(rule, "").join("\n")),
      markdown: helpLines(rule, "**").join("\n\n"),
    },
    defaultConfiguration: { level: rule[profile] },
    properties: {
      tags: ["xen", "save-image"],
      precision: "very-high",
      "problem.severity": PROBLEM[rule[profile]],
      source,
      enforcedBy,
      severity: { restore, strict },
    },
  };
}

function helpLines(rule: Rule, strong: string): string[] {
  const { hint, example, source, id } = rule;
  return [
    ...(hint === undefined ? [] : [hint]),
    ...(example === undefined ? [] : [`${strong}Example:${strong} ${example}`]),
    `${strong}Source:${strong} ${source}`,
    `${strong}More:${strong} xenstream explain ${id}`,
  ];
}

function text(words: string): string {
  return shortened(words, SARIF_TEXT_CHARACTERS);
}
