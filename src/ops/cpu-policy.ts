/**
 * The CPU policy of an image as inspect shows it: the leaves and MSRs that its records hold, and the
 * features that they grant by name. What is wrong with them is checks/cpu-policy.ts.
 */
import { namedFeatures } from "../checks/index.js";
import { type CpuPolicyResult, hex } from "../findings/index.js";
import {
  CPUID_NO_SUBLEAF,
  type CpuidLeaf,
  type PolicyMsr,
  REC_TYPE_X86_CPUID_POLICY,
  REC_TYPE_X86_MSR_POLICY,
} from "../format/index.js";
import type { DomainFacts, KeptRecord } from "../restore/index.js";
import { bodyContext, type Policy, type RecordCodec, recordRow } from "../stream/index.js";

/** The policies that a restorer took over; null where there is none. */
export function cpuPolicyOf(domain: DomainFacts | null): CpuPolicyResult | null {
  if (domain === null) return null;
  const leaves = entriesOf<CpuidLeaf>(domain.cpuidPolicy, REC_TYPE_X86_CPUID_POLICY);
  const msrs = entriesOf<PolicyMsr>(domain.msrPolicy, REC_TYPE_X86_MSR_POLICY);
  if (leaves === null && msrs === null) return null;
  return {
    ...(leaves === null ? {} : { leaves: leaves.map(shownLeaf), features: namedFeatures(leaves) }),
    ...(msrs === null
      ? {}
      : { msrs: msrs.map(({ index, value }) => ({ index: hex(index), value: hex(value) })) }),
  };
}

function entriesOf<T>(kept: KeptRecord | null, type: number): T[] | null {
  const row = recordRow(type);
  if (kept === null || row === null) return null;
  const codec = row.codec as unknown as RecordCodec<Policy<T>>;
  const { value } = codec.decode(kept.body, bodyContext(kept.head));
  return value === null ? null : [...value.entries];
}

function shownLeaf({ leaf, subleaf, eax, ebx, ecx, edx }: CpuidLeaf) {
  return {
    leaf: hex(leaf),
    ...(subleaf === CPUID_NO_SUBLEAF ? {} : { subleaf }),
    eax: hex(eax),
    ebx: hex(ebx),
    ecx: hex(ecx),
    edx: hex(edx),
  };
}
