/**
 * The records of a libxc (or translated legacy) stream as they arrive: order rules, what each
 * record leaves in the domain, and its refusal. Bodies are judged by their codecs, PAGE_DATA by the
 * guest. A refused record leaves its name in `refused` and nothing else.
 * Source: libxc stream document; LC-TYP, LC-ORD, LC-PV-4, LC-HVM-4..6, LC-POL-5.
 */
import { checkCpuidPolicy, checkMsrPolicy, checkParamPage, ParamState } from "../checks/index.js";
import type { Fault, Place } from "../findings/index.js";
import {
  type CpuidLeaf,
  HVM_PARAM_PAE_ENABLED,
  type PolicyMsr,
  REC_TYPE_END,
  REC_TYPE_HVM_CONTEXT,
  REC_TYPE_HVM_PARAMS,
  REC_TYPE_SHARED_INFO,
  REC_TYPE_STATIC_DATA_END,
  REC_TYPE_VERIFY,
  REC_TYPE_X86_CPUID_POLICY,
  REC_TYPE_X86_MSR_POLICY,
  REC_TYPE_X86_PV_INFO,
  REC_TYPE_X86_PV_P2M_FRAMES,
  REC_TYPE_X86_PV_VCPU_BASIC,
  REC_TYPE_X86_PV_VCPU_EXTENDED,
  REC_TYPE_X86_PV_VCPU_MSRS,
  REC_TYPE_X86_PV_VCPU_XSAVE,
  REC_TYPE_X86_TSC_INFO,
  RECORD_NAMES,
} from "../format/index.js";
import { Batch, type Guest } from "../guest/index.js";
import {
  type BatchEvent,
  bodyContext,
  type HvmParams,
  type Policy,
  placeOf,
  type RecordCodec,
  type RecordEvent,
  type RecordHead,
  recordRow,
} from "../stream/index.js";
import { boundedReport } from "./bounded-report.js";
import { EpochOrder } from "./epoch-order.js";
import type { DecodedRecord, DomainFacts, KeptRecord } from "./facts.js";
import { applyParamToMemory } from "./hvm.js";
import type { RestoreOptions } from "./options.js";
import { waitsForEnd } from "./pv-extended.js";
import { PvRecords } from "./pv-records.js";
import { typeBreach } from "./record-types.js";
import { StaticPart } from "./static-part.js";

/** Largest record body that releases before 4.10 take. */
const OLD_BODY_MAX = 0x0080_0000;

export class LibxcRecords {
  readonly #options: RestoreOptions;
  readonly #domain: DomainFacts;
  readonly #guest: Guest;
  readonly params: ParamState = new ParamState();
  readonly #order: EpochOrder;
  readonly #static: StaticPart;
  readonly #pv: PvRecords;
  #longTold = false;
  #closingPlace: Place | null = null;

  constructor(options: RestoreOptions, domain: DomainFacts, guest: Guest) {
    this.#options = options;
    this.#domain = domain;
    this.#guest = guest;
    this.#order = new EpochOrder(options.report);
    this.#static = new StaticPart(options, domain);
    const parts = { staticPart: this.#static, order: this.#order };
    this.#pv = new PvRecords(options, domain, guest, parts);
  }

  /** The records of a further epoch follow: each of them may come again. */
  beginEpoch(): void {
    this.params.beginEpoch();
    this.#order.begin();
  }

  /** Where a fault of the whole stream is put: its END record, or where it broke off. */
  get closingPlace(): Place | null {
    return this.#closingPlace;
  }

  /** A checkpointed stream breaks off here. */
  brokeOff(byteOffset: number): void {
    this.#closingPlace = { layer: "libxc", byteOffset };
  }

  /** A PAGE_DATA record begins: decide whether it is applied, or only looked at. */
  batch(event: BatchEvent): void {
    const { head } = event;
    this.#count(head);
    const domain = this.#domain;
    this.#static.memoryBegins(head);
    this.#order.pages();
    let use: "apply" | "check" = domain.guest === null ? "check" : "apply";
    if (domain.guest === "pv" && domain.p2mRecords === 0) {
      use = "check";
      if (domain.refused.has("X86_PV_P2M_FRAMES")) this.#options.suppress();
      else this.#report(head, "LC-ORD-5");
    }
    event.sink = new Batch(this.#guest, event, use);
  }

  /** Any other record, with its body. */
  record(event: RecordEvent): void {
    const { head } = event;
    this.#count(head);
    if (!this.#judgeType(head)) {
      this.#domain.refused.add(head.name);
      return;
    }
    if (RECORD_NAMES[head.type] === undefined) return;
    this.#static.judge(head);
    // The first one stays: a second one takes nothing from what builds on it.
    if (head.type === REC_TYPE_X86_PV_INFO && this.#domain.pvWidth !== null) {
      this.#report(head, "LC-PV-4");
      return;
    }
    const premise = this.#pv.judgePremise(head);
    const kept = this.#decode(event);
    if (!premise || kept === null || !this.#take(kept)) this.#domain.refused.add(head.name);
  }

  /** Judge the body by itself. Null where the restorer would refuse it, or it was passed over. */
  #decode({ head, body }: RecordEvent): DecodedRecord | null {
    const row = recordRow(head.type);
    if (row === null) return null;
    const codec: RecordCodec<unknown> = row.codec as RecordCodec<never>;
    const context = bodyContext(head, this.#pv.widthFor(head.type));
    const { value, faults } =
      body === null
        ? { value: null, faults: codec.lengthFaults(head.bodyBytes, context) }
        : codec.decode(body, context);
    let stopped = false;
    for (const fault of faults) {
      if (!waitsForEnd(fault)) stopped = this.#options.report(fault) || stopped;
    }
    stopped = !this.#pv.judgeVcpuId(value, head) || stopped;
    if (stopped || body === null || value === null) return null;
    return { head, body, value };
  }

  #count(head: RecordHead): void {
    const { recordTypes } = this.#domain;
    recordTypes.set(head.name, (recordTypes.get(head.name) ?? 0) + 1);
    this.#domain.records += 1;
    if (head.type === REC_TYPE_END) this.#closingPlace = placeOf(head);
    if (head.layer !== "libxc" || head.bodyBytes <= OLD_BODY_MAX || this.#longTold) return;
    this.#longTold = true;
    this.#report(head, "LC-REC-4", {
      ruleCase: "old-limit",
      message: `Releases before 4.10 refuse bodies of over ${OLD_BODY_MAX} bytes (said once).`,
    });
  }

  #reportAll(faults: readonly Fault[]): void {
    for (const fault of faults) this.#options.report(fault);
  }

  #report(head: RecordHead, rule: string, more: { ruleCase?: string; message?: string } = {}) {
    return this.#options.report({ ...placeOf(head), rule, ...more });
  }

  /** LC-REC-2,3 and LC-TYP-1..4. Returns false where the record cannot be handled. */
  #judgeType(head: RecordHead): boolean {
    const breach = typeBreach(head.type, this.#domain.guest, this.#domain.version);
    return breach === null || !this.#report(head, breach);
  }

  /** Take a decoded record over. Returns false if the restorer would refuse it. */
  #take(record: DecodedRecord): boolean {
    const domain = this.#domain;
    const { value } = record;
    const kept: KeptRecord = { head: record.head, body: record.body };
    switch (kept.head.type) {
      case REC_TYPE_X86_PV_INFO:
      case REC_TYPE_X86_PV_P2M_FRAMES:
      case REC_TYPE_X86_PV_VCPU_BASIC:
      case REC_TYPE_X86_PV_VCPU_EXTENDED:
      case REC_TYPE_X86_PV_VCPU_XSAVE:
      case REC_TYPE_X86_PV_VCPU_MSRS:
      case REC_TYPE_SHARED_INFO:
        return this.#pv.take(record);
      case REC_TYPE_X86_TSC_INFO:
        domain.tscInfo = kept;
        return true;
      case REC_TYPE_HVM_CONTEXT:
        domain.hvmContext = kept;
        this.#order.hvm(kept.head);
        return true;
      case REC_TYPE_HVM_PARAMS:
        this.#order.hvm(kept.head);
        return this.#takeParams((value as HvmParams).params, kept);
      case REC_TYPE_VERIFY:
        this.#guest.verifying = true;
        domain.completion.push({ step: "LC-VER-2", what: "pages are compared from here on" });
        return true;
      case REC_TYPE_STATIC_DATA_END:
        return this.#static.end(kept.head);
      case REC_TYPE_X86_CPUID_POLICY:
        this.#reportAll(
          checkCpuidPolicy((value as Policy<CpuidLeaf>).entries, bodyContext(kept.head)),
        );
        this.#static.policy(kept.head, domain.cpuidPolicy);
        domain.cpuidPolicy = kept;
        return true;
      case REC_TYPE_X86_MSR_POLICY:
        this.#reportAll(
          checkMsrPolicy((value as Policy<PolicyMsr>).entries, bodyContext(kept.head)),
        );
        this.#static.policy(kept.head, domain.msrPolicy);
        domain.msrPolicy = kept;
        return true;
      default:
        return true;
    }
  }

  /** Parameters take effect one by one as they are applied; the first refused one stops the rest. */
  #takeParams(params: HvmParams["params"], kept: KeptRecord): boolean {
    const context = bodyContext(kept.head);
    const present = (pfn: number) => this.#guest.isPopulated(pfn);
    const report = boundedReport(this.#options.report);
    for (const [ordinal, { index, value }] of params.entries()) {
      const place = { ...context, ordinal };
      for (const fault of checkParamPage(index, value, place, present)) {
        // A page that a refused batch may have brought is not missed.
        if (this.#guest.refusedBatches > 0) this.#options.suppress();
        else report(fault);
      }
      applyParamToMemory(this.#domain, this.#guest, index, value);
      let stopped = false;
      for (const fault of this.params.set(index, value, place)) {
        stopped = report(fault) || stopped;
      }
      const cut = Number(BigInt.asUintN(32, index));
      if (!stopped && cut !== HVM_PARAM_PAE_ENABLED) this.#domain.hvmParams.set(cut, value);
    }
    return true;
  }
}
