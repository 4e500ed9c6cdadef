/**
 * The text of `explain`: one rule with everything the registry knows of it.
 */
import type { ExplainResult } from "../findings/index.js";
import { PLAIN, type Style } from "./style.js";
import { fact } from "./text.js";

/** Who enforces a rule, in words. */
const ENFORCERS: Readonly<Record<string, string>> = {
  spec: "the format document",
  restore: "the program that restores",
  verify: "Xen's stream verifier",
  hypervisor: "the hypervisor",
  xenstored: "xenstored",
  converter: "Xen's legacy converter",
  "restorer-4.5": "the restorer of Xen 4.5",
  tool: "xenstream alone",
};

/** A rule as text. */
export function renderExplain(rule: ExplainResult, style: Style = PLAIN): string {
  const lines = [
    `${style.paint.bold(rule.rule)}  ${style.paint.dim(rule.page)}`,
    ...fact("Rule", rule.sentence, style),
  ];
  if (rule.notVisible !== undefined) {
    lines.push(...fact("Not fired", rule.notVisible, style));
  } else {
    const { restore, strict } = rule.severity;
    lines.push(...fact("Severity", `restore: ${restore}; strict: ${strict}`, style));
  }
  for (const [name, one] of Object.entries(rule.cases ?? {})) {
    const text = `${name} (restore: ${one.restore}; strict: ${one.strict}): ${one.what}.`;
    lines.push(...fact("Case", text, style));
  }
  const enforcers = rule.enforcedBy.map((enforcer) => ENFORCERS[enforcer] ?? enforcer);
  const nobody = "nobody tests it";
  lines.push(...fact("Tested by", enforcers.length === 0 ? nobody : enforcers.join(", "), style));
  if (rule.disagree !== undefined) lines.push(...fact("Disputed", rule.disagree, style));
  if (rule.example !== undefined) lines.push(...fact("Example", rule.example, style));
  if (rule.hint !== undefined) lines.push(...fact("Advice", rule.hint, style));
  lines.push(...fact("Source", rule.source, style));
  return `${lines.join("\n")}\n`;
}
