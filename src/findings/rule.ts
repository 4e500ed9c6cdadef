/**
 * The shape of a rule: a checkable sentence of the specification pages, with what breaking it
 * means under each profile. The rules themselves stand in rules/, a file or two per page.
 */
import type { Severity } from "./finding.js";

/**
 * Who enforces a sentence. `restore` is the program that restores: Xen's C restorer, or for a
 * container the one that owns it (libxl, xl, libvirt, xenopsd). `verify` is Xen's Python stream
 * verifier, `xenstored` the C daemon that loads the stream, `converter` Xen's script that turns a
 * legacy stream into a v3 one, `restorer-4.5` the last C restorer of legacy streams. `tool`: what
 * nobody tests, but what would crash or mislead one of them, so that xenstream does.
 */
export type Enforcer =
  | "spec"
  | "restore"
  | "verify"
  | "hypervisor"
  | "xenstored"
  | "converter"
  | "restorer-4.5"
  | "tool";

/** Severity under each profile. */
export interface Severities {
  readonly restore: Severity;
  readonly strict: Severity;
}

/** A way to breach a rule that is told apart by the `ruleCase` of a fault. */
export interface RuleCase extends Severities {
  /** What the case is, in a few words. */
  readonly what: string;
}

/** One row of the registry. */
export interface Rule extends Severities {
  readonly id: string;
  /** The rule as one sentence that an image can breach. */
  readonly sentence: string;
  readonly enforcedBy: readonly Enforcer[];
  /** Document or code the rule was taken from, in words. */
  readonly source: string;
  /** What to do when an image breaches it; left out only where the rule never fires. */
  readonly hint?: string;
  /** An image that breaches it, in a few words; left out only where the rule never fires. */
  readonly example?: string;
  /** Where the enforcers differ, in one sentence. */
  readonly disagree?: string;
  /** Cases with a severity or a meaning of their own, by the `ruleCase` of a fault. */
  readonly cases?: Readonly<Record<string, RuleCase>>;
  /** Why no file can show a breach; such a rule never fires. */
  readonly notVisible?: string;
}
