/**
 * What is said of the order of records inside one epoch: repeats that replace what came before, and
 * records that stand before those they should follow. None of it refuses a record.
 * Source: libxc stream document; LC-PV-16, LC-HVM-6, LC-ORD-5, LC-ORD-6.
 */
import type { Fault } from "../findings/index.js";
import { REC_TYPE_HVM_CONTEXT, REC_TYPE_HVM_PARAMS } from "../format/index.js";
import { placeOf, type RecordHead } from "../stream/index.js";

/** The records that were taken over since the epoch began. */
export class EpochOrder {
  readonly #report: (fault: Fault) => void;
  readonly #seen = new Set<string>();
  #firstVcpu: RecordHead | null = null;
  #pages = false;
  #contextFirstTold = false;

  /** @param report takes every fault */
  constructor(report: (fault: Fault) => void) {
    this.#report = report;
  }

  /** A new epoch: what came before may come again. */
  begin(): void {
    this.#seen.clear();
    this.#firstVcpu = null;
    this.#pages = false;
  }

  /** A PAGE_DATA record: the vcpus of its epoch belong behind it. */
  pages(): void {
    const early = this.#firstVcpu;
    if (early !== null && !this.#pages) {
      this.#report({ ...placeOf(early), rule: "LC-ORD-5", ruleCase: "early-vcpu" });
    }
    this.#pages = true;
  }

  /** A record that holds something of a vcpu was taken over. */
  vcpu(head: RecordHead, vcpuId: number): void {
    this.#firstVcpu ??= head;
    const message = `A record of this kind came before for vcpu ${vcpuId}: this one replaces it.`;
    this.#repeat(head, `${head.name} ${vcpuId}`, "LC-PV-16", message);
  }

  /** HVM_CONTEXT or HVM_PARAMS was taken over. */
  hvm(head: RecordHead): void {
    if (head.type === REC_TYPE_HVM_CONTEXT) {
      const message = "An HVM_CONTEXT came before: this one replaces it.";
      this.#repeat(head, head.name, "LC-HVM-6", message);
    }
    if (head.type !== REC_TYPE_HVM_PARAMS || this.#contextFirstTold) return;
    const first = !this.#seen.has(head.name);
    this.#seen.add(head.name);
    if (!first || !this.#seen.has("HVM_CONTEXT")) return;
    this.#contextFirstTold = true;
    this.#report({ ...placeOf(head), rule: "LC-ORD-6" });
  }

  #repeat(head: RecordHead, key: string, rule: string, message: string): void {
    if (this.#seen.has(key)) this.#report({ ...placeOf(head), rule, message });
    this.#seen.add(key);
  }
}
