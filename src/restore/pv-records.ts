/**
 * The records of a PV guest as they arrive: what must have come before them, whose vcpu they are
 * of, and what they leave in the domain. What follows the END record stands in pv.ts.
 * Source: libxc stream document; LC-PV-4..16.
 */
import {
  type GuestWidth,
  REC_TYPE_SHARED_INFO,
  REC_TYPE_X86_PV_INFO,
  REC_TYPE_X86_PV_P2M_FRAMES,
  REC_TYPE_X86_PV_VCPU_BASIC,
  REC_TYPE_X86_PV_VCPU_EXTENDED,
  REC_TYPE_X86_PV_VCPU_MSRS,
  REC_TYPE_X86_PV_VCPU_XSAVE,
} from "../format/index.js";
import type { Guest } from "../guest/index.js";
import {
  bodyOffset,
  fieldOffset,
  guestWidthOf,
  type P2mFrames,
  type PvInfo,
  p2mEntriesPerPage,
  placeOf,
  type RecordHead,
  type VcpuRecord,
} from "../stream/index.js";
import type { EpochOrder } from "./epoch-order.js";
import type { DecodedRecord, DomainFacts, KeptRecord, VcpuRecords } from "./facts.js";
import type { RestoreOptions } from "./options.js";
import type { StaticPart } from "./static-part.js";

/** The vcpu records' slots. */
const VCPU_SLOT: Readonly<Record<number, keyof VcpuRecords>> = {
  [REC_TYPE_X86_PV_VCPU_BASIC]: "basic",
  [REC_TYPE_X86_PV_VCPU_EXTENDED]: "extended",
  [REC_TYPE_X86_PV_VCPU_XSAVE]: "xsave",
  [REC_TYPE_X86_PV_VCPU_MSRS]: "msrs",
};

/** Records that a restorer refuses before X86_PV_INFO, and by which rule. */
const NEEDS_PV_INFO: Readonly<Record<number, "LC-PV-7" | "LC-PV-11">> = {
  [REC_TYPE_X86_PV_P2M_FRAMES]: "LC-PV-7",
  [REC_TYPE_SHARED_INFO]: "LC-PV-11",
};

/** Of end_pfn in the body of X86_PV_P2M_FRAMES. */
const END_PFN_OFFSET = 4;

export class PvRecords {
  readonly #options: RestoreOptions;
  readonly #domain: DomainFacts;
  readonly #guest: Guest;
  readonly #static: StaticPart;
  readonly #order: EpochOrder;

  constructor(
    options: RestoreOptions,
    domain: DomainFacts,
    guest: Guest,
    parts: { readonly staticPart: StaticPart; readonly order: EpochOrder },
  ) {
    this.#options = options;
    this.#domain = domain;
    this.#guest = guest;
    this.#static = parts.staticPart;
    this.#order = parts.order;
  }

  /**
   * What a restorer asks before it looks at a body: X86_PV_INFO for two records (LC-PV-7, LC-PV-11),
   * and of P2M_FRAMES that the static part is over, whatever its body is worth. Returns false if
   * the record is refused.
   */
  judgePremise(head: RecordHead): boolean {
    const rule = NEEDS_PV_INFO[head.type];
    if (rule === undefined) return true;
    const early = this.#domain.pvWidth === null;
    if (rule === "LC-PV-7") this.#static.memoryBegins(head, early);
    if (!early) return true;
    return (
      !this.#premiseRefused("X86_PV_INFO") && !this.#options.report({ ...placeOf(head), rule })
    );
  }

  /** Before X86_PV_INFO the restorer takes the size of a 32-bit guest's vcpu records. */
  widthFor(type: number): GuestWidth | null {
    const { pvWidth, refused } = this.#domain;
    if (pvWidth !== null || refused.has("X86_PV_INFO")) return pvWidth;
    return VCPU_SLOT[type] === undefined ? null : 4;
  }

  /** LC-PV-14. An empty blob is passed over before its id is looked at. */
  judgeVcpuId(value: unknown, head: RecordHead): boolean {
    if (VCPU_SLOT[head.type] === undefined || value === null) return true;
    const { vcpuId, blob } = value as VcpuRecord;
    const { vcpus } = this.#options;
    if (vcpus === null || vcpuId < vcpus || blob.length === 0) return true;
    return !this.#options.report({
      ...placeOf(head),
      rule: "LC-PV-14",
      // A legacy stream tells ids by the bits of a map.
      ...(head.layer === "legacy" ? { field: null } : { byteOffset: bodyOffset(head) }),
      expected: `a vcpu id below ${vcpus}`,
      actual: `${vcpuId}`,
    });
  }

  /** Take over a decoded record of a PV guest. Returns false if the restorer would refuse it. */
  take({ head, body, value }: DecodedRecord): boolean {
    const kept: KeptRecord = { head, body };
    const domain = this.#domain;
    switch (head.type) {
      case REC_TYPE_X86_PV_INFO:
        domain.pvWidth = guestWidthOf(value as PvInfo);
        domain.pvLevels = (value as PvInfo).ptLevels;
        this.#guest.pvWidth = domain.pvWidth;
        return true;
      case REC_TYPE_X86_PV_P2M_FRAMES:
        return this.#takeP2m(value as P2mFrames, kept);
      case REC_TYPE_SHARED_INFO:
        domain.sharedInfo = kept;
        return true;
      default:
        return this.#takeVcpu(value as VcpuRecord, kept);
    }
  }

  #takeP2m(value: P2mFrames, kept: KeptRecord): boolean {
    const domain = this.#domain;
    if (domain.pvWidth === null) return false;
    const { startPfn, endPfn, frames } = value;
    if (domain.p2mRecords === 0 && endPfn === 0) {
      const byteOffset = fieldOffset(kept.head, END_PFN_OFFSET);
      return !this.#options.report({ ...placeOf(kept.head), rule: "LC-PV-9", byteOffset });
    }
    if (domain.checkpoints > 0) this.#options.report({ ...placeOf(kept.head), rule: "LC-CP-2" });
    const first = Math.floor(startPfn / p2mEntriesPerPage(domain.pvWidth));
    for (const [i, pfn] of frames.entries()) domain.p2mFrames[first + i] = Number(pfn);
    domain.p2mRecords += 1;
    domain.p2mHead = kept.head;
    this.#guest.maxPfn = Math.max(this.#guest.maxPfn, endPfn);
    return true;
  }

  #takeVcpu({ vcpuId, blob }: VcpuRecord, kept: KeptRecord): boolean {
    const slot = VCPU_SLOT[kept.head.type];
    // An empty blob is passed over before its id is looked at (LC-PV-12).
    if (slot === undefined || blob.length === 0) return true;
    this.#domain.vcpu(vcpuId)[slot] = kept;
    this.#order.vcpu(kept.head, vcpuId);
    return true;
  }

  /** True, and counted, if a record that a rule builds on was refused. */
  #premiseRefused(name: string): boolean {
    if (!this.#domain.refused.has(name)) return false;
    this.#options.suppress();
    return true;
  }
}
