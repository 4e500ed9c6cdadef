/**
 * Collects the faults of one image as findings: judges them by the profile, bounds how many are
 * kept, and gives the verdict. It neither knows the rules (rules/) nor looks for faults (checks).
 * Source: the "findings" part of the result documents.
 */
import { breachMessage } from "./breaches/index.js";
import { fieldOf } from "./fields.js";
import type { Fault, Finding, Profile, Verdict } from "./finding.js";
import type { Limits } from "./limits.js";
import { ruleOf, severityOf, stopsRestore } from "./rules/index.js";

/** A finding with its place in the order of arrival, which breaks ties. */
interface Kept {
  readonly finding: Finding;
  readonly sequence: number;
}

/**
 * The findings of one image.
 *
 * At most `limits.maxFindingsKept` are kept. Beyond that errors take the place of the warning or
 * note that came last, so that a rejected image shows an error as long as one may be kept at all.
 */
export class FindingCollector {
  readonly profile: Profile;
  readonly #maxKept: number;
  readonly #errors: Kept[] = [];
  readonly #others: Kept[] = [];
  #sequence = 0;
  /** Rules of errors, kept or not. */
  readonly #errorRules = new Set<string>();
  #dropped = 0;
  #suppressed = 0;

  constructor(profile: Profile, limits: Pick<Limits, "maxFindingsKept">) {
    this.profile = profile;
    this.#maxKept = limits.maxFindingsKept;
  }

  /**
   * Judge a fault and keep its finding.
   *
   * @returns whether Xen's restorer would stop here, whatever the profile: the faulty record is
   *   refused and has no effect on the guest
   * @throws {InternalError} if the fault names a rule or case that is not in the registry
   */
  add(fault: Fault): boolean {
    const { profile } = this;
    if (this.#full && severityOf(fault.rule, fault.ruleCase, profile) !== "error") {
      // It would be made for nobody: a hostile image has millions of them.
      this.#dropped += 1;
      return stopsRestore(fault);
    }
    const finding = judge(fault, profile);
    const kept = { finding, sequence: this.#sequence };
    this.#sequence += 1;
    if (finding.severity === "error") {
      this.#errorRules.add(finding.rule);
      this.#keep(kept, this.#errors);
    } else {
      this.#keep(kept, this.#others);
    }
    return stopsRestore(fault);
  }

  /** Count faults that were left out because another fault made them. */
  suppress(count = 1): void {
    this.#suppressed += count;
  }

  /** Faults left out because what they rest on came from a refused record. */
  get suppressed(): number {
    return this.#suppressed;
  }

  /** Findings beyond the limit: they were judged and count for the verdict, but were not kept. */
  get dropped(): number {
    return this.#dropped;
  }

  /** `reject` once any finding was an error, kept or not. */
  verdict(): Verdict {
    return this.#errorRules.size > 0 ? "reject" : "accept";
  }

  /** True once any finding was an error, kept or not, of a rule that is not one of these. */
  rejectsBeyond(rules: ReadonlySet<string>): boolean {
    return [...this.#errorRules].some((rule) => !rules.has(rule));
  }

  /** The kept findings by byteOffset, then rule, then entryIndex (none first), then arrival. */
  findings(): Finding[] {
    return [...this.#errors, ...this.#others].sort(compareKept).map((kept) => kept.finding);
  }

  get #full(): boolean {
    return this.#errors.length + this.#others.length >= this.#maxKept;
  }

  #keep(kept: Kept, into: Kept[]): void {
    if (this.#full) {
      this.#dropped += 1;
      if (into !== this.#errors || this.#others.pop() === undefined) return;
    }
    into.push(kept);
  }
}

/** The finding of a fault: severity by profile, words of the breach where the fault has none. */
function judge(fault: Fault, profile: Profile): Finding {
  const rule = ruleOf(fault.rule);
  const hint = fault.hint ?? rule.hint;
  const field = fieldOf(fault);
  return {
    rule: fault.rule,
    severity: severityOf(fault.rule, fault.ruleCase, profile),
    layer: fault.layer,
    byteOffset: fault.byteOffset,
    ...(fault.recordIndex === undefined ? {} : { recordIndex: fault.recordIndex }),
    ...(fault.recordType === undefined ? {} : { recordType: fault.recordType }),
    ...(fault.entryIndex === undefined ? {} : { entryIndex: fault.entryIndex }),
    message: fault.message ?? breachMessage(fault, rule.sentence),
    ...(fault.expected === undefined ? {} : { expected: fault.expected }),
    ...(fault.actual === undefined ? {} : { actual: fault.actual }),
    ...(hint === undefined ? {} : { hint }),
    ...(field === null ? {} : { field }),
    ...(fault.onHost === undefined ? {} : { onHost: true }),
    ...(fault.onHost === "beyond-xen" ? { beyondXen: true } : {}),
  };
}

function compareKept(a: Kept, b: Kept): number {
  return (
    a.finding.byteOffset - b.finding.byteOffset ||
    compareText(a.finding.rule, b.finding.rule) ||
    (a.finding.entryIndex ?? -1) - (b.finding.entryIndex ?? -1) ||
    a.sequence - b.sequence
  );
}

/** By code unit: the same order on every machine and in every locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
