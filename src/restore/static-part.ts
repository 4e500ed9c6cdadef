/**
 * The static part of a stream: where it ends, what belongs before its end and what behind it
 * (LC-ORD-1..4), and the CPU policies that should be in it (LC-POL-4, LC-POL-5).
 */
import {
  REC_TYPE_HVM_CONTEXT,
  REC_TYPE_HVM_PARAMS,
  REC_TYPE_SHARED_INFO,
  REC_TYPE_X86_CPUID_POLICY,
  REC_TYPE_X86_MSR_POLICY,
  REC_TYPE_X86_PV_INFO,
  REC_TYPE_X86_PV_VCPU_BASIC,
  REC_TYPE_X86_PV_VCPU_EXTENDED,
  REC_TYPE_X86_PV_VCPU_MSRS,
  REC_TYPE_X86_PV_VCPU_XSAVE,
  REC_TYPE_X86_TSC_INFO,
} from "../format/index.js";
import { placeOf, type RecordHead } from "../stream/index.js";
import type { DomainFacts, KeptRecord } from "./facts.js";
import type { RestoreOptions } from "./options.js";

/** Register content: must follow STATIC_DATA_END by the document alone (LC-ORD-2). */
const REGISTERS: ReadonlySet<number> = new Set([
  REC_TYPE_X86_PV_VCPU_BASIC,
  REC_TYPE_X86_PV_VCPU_EXTENDED,
  REC_TYPE_X86_PV_VCPU_XSAVE,
  REC_TYPE_X86_PV_VCPU_MSRS,
  REC_TYPE_SHARED_INFO,
  REC_TYPE_X86_TSC_INFO,
  REC_TYPE_HVM_CONTEXT,
  REC_TYPE_HVM_PARAMS,
]);

export class StaticPart {
  readonly #options: RestoreOptions;
  readonly #domain: DomainFacts;
  #registersEarly = false;

  constructor(options: RestoreOptions, domain: DomainFacts) {
    this.#options = options;
    this.#domain = domain;
  }

  /** The order rules that do not refuse a record: LC-ORD-1, LC-ORD-2 for registers, LC-POL-5. */
  judge(head: RecordHead): void {
    const { type } = head;
    const { staticPart, version } = this.#domain;
    const policy = type === REC_TYPE_X86_CPUID_POLICY || type === REC_TYPE_X86_MSR_POLICY;
    const isStatic = policy || type === REC_TYPE_X86_PV_INFO;
    if (staticPart !== "open" && isStatic) this.#report(head, "LC-ORD-1");
    if (staticPart !== "open" && policy) this.#report(head, "LC-POL-5");
    if (staticPart === "open" && isStatic) this.#judgeEpoch(head);
    const early = staticPart === "open" && version >= 3 && REGISTERS.has(type);
    if (early && !this.#registersEarly) {
      this.#registersEarly = true;
      this.#report(head, "LC-ORD-2", { ruleCase: "registers" });
    }
  }

  /**
   * LC-ORD-2 and LC-ORD-3: PAGE_DATA and P2M_FRAMES end the static part, or find it missing.
   *
   * @param refused the record is refused for another reason: what stands behind it is not late
   */
  memoryBegins(head: RecordHead, refused = false): void {
    const domain = this.#domain;
    if (domain.staticPart !== "open") return;
    if (refused) {
      if (domain.version >= 3) this.#report(head, "LC-ORD-2");
      return;
    }
    if (domain.version < 3) {
      domain.staticPart = "inferred";
      domain.completion.push({
        step: "LC-ORD-3",
        what: `STATIC_DATA_END inferred before record ${head.recordIndex} (${head.name})`,
      });
      this.#judgePolicies(head);
      return;
    }
    domain.staticPart = "missing";
    this.#report(head, "LC-ORD-2");
  }

  /** STATIC_DATA_END came. Returns false if it is refused: it, or one inferred, was there before. */
  end(head: RecordHead): boolean {
    const domain = this.#domain;
    if (domain.staticPart === "ended" || domain.staticPart === "inferred") {
      return !this.#report(head, "LC-ORD-4");
    }
    this.#judgeEpoch(head);
    domain.staticPart = "ended";
    this.#judgePolicies(head);
    return true;
  }

  /** LC-CP-2: a CHECKPOINT stands inside the static part. What is late besides has its own rules. */
  #judgeEpoch(head: RecordHead): void {
    if (this.#domain.checkpoints > 0) this.#report(head, "LC-CP-2");
  }

  /** LC-POL-5: a policy that came before is replaced. One that comes late is judged by its order. */
  policy(head: RecordHead, earlier: KeptRecord | null): void {
    if (earlier !== null && this.#domain.staticPart === "open") this.#report(head, "LC-POL-5");
  }

  /** LC-POL-4: with the static data complete, the toolstack is told which policy is missing. */
  #judgePolicies(head: RecordHead): void {
    const { cpuidPolicy, msrPolicy } = this.#domain;
    const missing = [
      ...(cpuidPolicy === null && !this.#wasRefused("X86_CPUID_POLICY") ? ["CPUID"] : []),
      ...(msrPolicy === null && !this.#wasRefused("X86_MSR_POLICY") ? ["MSR"] : []),
    ];
    if (missing.length === 0) return;
    const message = `No ${missing.join(" and no ")} policy came: the toolstack makes one up.`;
    this.#report(head, "LC-POL-4", { message });
  }

  /** True, and counted, if the record that a rule builds on was refused. */
  #wasRefused(name: string): boolean {
    if (!this.#domain.refused.has(name)) return false;
    this.#options.suppress();
    return true;
  }

  #report(head: RecordHead, rule: string, more: { ruleCase?: string; message?: string } = {}) {
    return this.#options.report({ ...placeOf(head), rule, ...more });
  }
}
