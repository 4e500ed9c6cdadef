/**
 * The registry: every rule of the specification pages by id, and its severity under a profile.
 * Rules are data in the files beside this one; who collects breaches is collector.ts.
 */
import { InternalError } from "../errors.js";
import type { Fault, Profile, Severity } from "../finding.js";
import type { Rule } from "../rule.js";
import { CONTAINER_RULES } from "./containers.js";
import { DETECTION_RULES } from "./detection.js";
import { HOST_RULES } from "./host.js";
import { HVM_CONTEXT_RULES } from "./hvm-context.js";
import { HVM_PARAMS_RULES } from "./hvm-params.js";
import { LEGACY_RULES } from "./legacy.js";
import { LEGACY_TAILS_RULES } from "./legacy-tails.js";
import { LIBXC_FRAMING_RULES } from "./libxc-framing.js";
import { LIBXC_HVM_RULES } from "./libxc-hvm.js";
import { LIBXC_ORDER_RULES } from "./libxc-order.js";
import { LIBXC_PAGES_RULES } from "./libxc-pages.js";
import { LIBXC_PV_RULES } from "./libxc-pv.js";
import { LIBXL_MACHINE_RULES } from "./libxl-machine.js";
import { LIBXL_RECORDS_RULES } from "./libxl-records.js";
import { XENSTORE_RULES } from "./xenstore.js";
import { XENSTORE_RECORDS_RULES } from "./xenstore-records.js";

/** The rules of one specification page. */
export interface RulePage<R extends Rule = Rule> {
  readonly title: string;
  readonly rules: readonly R[];
}

const PAGES = [
  {
    title: "The libxc stream (LC)",
    rules: [
      ...LIBXC_FRAMING_RULES,
      ...LIBXC_PAGES_RULES,
      ...LIBXC_PV_RULES,
      ...LIBXC_HVM_RULES,
      ...LIBXC_ORDER_RULES,
    ],
  },
  {
    title: "The libxl stream and its wrappers (LL, XL, LV, XA, DT)",
    rules: [...LIBXL_RECORDS_RULES, ...LIBXL_MACHINE_RULES, ...CONTAINER_RULES, ...DETECTION_RULES],
  },
  {
    title: "HVM parameters, context and generation id (HP, HC, VG)",
    rules: [...HVM_PARAMS_RULES, ...HVM_CONTEXT_RULES],
  },
  {
    title: "The xenstore stream (XS)",
    rules: [...XENSTORE_RULES, ...XENSTORE_RECORDS_RULES],
  },
  {
    title: "The legacy stream (LG)",
    rules: [...LEGACY_RULES, ...LEGACY_TAILS_RULES],
  },
  {
    title: "The host that is to restore (HF)",
    rules: HOST_RULES,
  },
] as const satisfies readonly RulePage[];

/** Every rule by page, in the order of the pages. */
export const RULE_PAGES: readonly RulePage[] = PAGES;

/** Id of a rule in the registry. */
export type RuleId = (typeof PAGES)[number]["rules"][number]["id"];

/** Every rule by id. */
export const RULES: ReadonlyMap<string, Rule> = new Map(
  RULE_PAGES.flatMap((page) => page.rules.map((rule) => [rule.id, rule] as const)),
);

/** Whether `id` is that of a rule. */
export function isRuleId(id: string): id is RuleId {
  return RULES.has(id);
}

/**
 * The rule of an id.
 *
 * @throws {InternalError} if there is none: ids come from our own checks; test user input with
 *   isRuleId() first
 */
export function ruleOf(id: string): Rule {
  const rule = RULES.get(id);
  if (rule === undefined) throw new InternalError(`no rule has the id ${id}`);
  return rule;
}

/**
 * Severity of a breach under a profile: that of the case if one is given, else that of the rule.
 *
 * @throws {InternalError} if there is no such rule, or the rule has no such case
 */
export function severityOf(id: string, ruleCase: string | undefined, profile: Profile): Severity {
  const rule = ruleOf(id);
  if (ruleCase === undefined) return rule[profile];
  const cases = rule.cases ?? {};
  const found = Object.hasOwn(cases, ruleCase) ? cases[ruleCase] : undefined;
  if (found === undefined) throw new InternalError(`rule ${id} has no case ${ruleCase}`);
  return found[profile];
}

/**
 * Whether Xen's restorer would stop at this fault, whatever profile the user chose: what the
 * faulty record holds then has no effect on the guest.
 *
 * @throws {InternalError} as severityOf()
 */
export function stopsRestore(fault: Pick<Fault, "rule" | "ruleCase">): boolean {
  return severityOf(fault.rule, fault.ruleCase, "restore") === "error";
}
