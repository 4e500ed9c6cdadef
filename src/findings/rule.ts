/**
 * The shape of a rule: a checkable sentence of the specification pages, with what breaking it
 * means under each profile. The rules themselves stand in rules/, one file per page.
 */
import type { Severity } from "./finding.js";

/** Who enforces a sentence (the tags of the specification pages). */
export type Enforcer = "spec" | "restore" | "verify" | "hypervisor" | "xenstored" | "tool";

/** Severity under each profile. */
export interface Severities {
  readonly restore: Severity;
  readonly strict: Severity;
}

/** One row of the registry. */
export interface Rule extends Severities {
  readonly id: string;
  /** The rule as one sentence that an image can breach. */
  readonly sentence: string;
  readonly enforcedBy: readonly Enforcer[];
  /** Document or code the rule was taken from, in words. */
  readonly source: string;
  /** What to do when an image breaches it. */
  readonly hint: string;
  /** Where the enforcers differ, in one sentence. */
  readonly disagree?: string;
  /** Severities of cases that differ from the row's own, by the `ruleCase` of a fault. */
  readonly cases?: Readonly<Record<string, Severities>>;
  /** Why no file can show a breach; such a rule never fires. */
  readonly notVisible?: string;
}
