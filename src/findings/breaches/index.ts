/**
 * The message of a finding whose check gave no words of its own: what a breach of the rule is, with
 * the values found and expected. What the rules are is rules/.
 */
import type { Fault } from "../finding.js";
import { CONTAINER_BREACHES } from "./containers.js";
import { HOST_BREACHES } from "./host.js";
import { HVM_BREACHES } from "./hvm.js";
import { LEGACY_BREACHES } from "./legacy.js";
import { LIBXC_BREACHES } from "./libxc.js";
import { XENSTORE_BREACHES } from "./xenstore.js";

/** What a breach is, by rule or by "rule/case": words without the full stop. */
export const BREACHES: ReadonlyMap<string, string> = new Map(
  [
    LIBXC_BREACHES,
    HVM_BREACHES,
    CONTAINER_BREACHES,
    LEGACY_BREACHES,
    XENSTORE_BREACHES,
    HOST_BREACHES,
  ].flatMap((page) => Object.entries(page)),
);

/** One sentence for a fault: the breach, what was found, what should be there. */
export function breachMessage(fault: Fault, sentence: string): string {
  const { rule, ruleCase, recordType, expected, actual } = fault;
  const words = BREACHES.get(`${rule}/${ruleCase}`) ?? BREACHES.get(rule);
  if (words === undefined) return `Not so: ${sentence}`;
  const breach = words.replaceAll("{record}", recordType ?? "A record");
  const values = [
    ...(actual === undefined ? [] : [`found ${actual}`]),
    ...(expected === undefined ? [] : [`expected ${expected}`]),
  ];
  return values.length === 0 ? `${breach}.` : `${breach}: ${values.join(", ")}.`;
}
