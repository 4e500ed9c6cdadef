/**
 * X86_PV_VCPU_EXTENDED at the end of a stream: only then the hypervisor sees the size inside the
 * blob, and only that of each vcpu's last record. The length of the record is judged as it arrives.
 * Source: libxc stream document; LC-PV-15 (case "inner-size"), LC-PV-16.
 */
import type { Fault } from "../findings/index.js";
import { bodyContext, RECORD_CODECS } from "../stream/index.js";
import type { DomainFacts } from "./facts.js";

/** True for a fault of the blob's content: a later record of the vcpu may still mend it. */
export function waitsForEnd({ rule, ruleCase }: Fault): boolean {
  return rule === "LC-PV-15" && ruleCase === "inner-size";
}

/** What a hypervisor refuses of the extended contexts that are left at the end. */
export function* extendedFaults(domain: DomainFacts): Iterable<Fault> {
  const codec = RECORD_CODECS.X86_PV_VCPU_EXTENDED.codec;
  for (const { extended } of domain.vcpus.values()) {
    if (extended === undefined) continue;
    const { faults } = codec.decode(extended.body, bodyContext(extended.head));
    yield* faults.filter(waitsForEnd);
  }
}
