/**
 * The CPU policy of an image as inspect shows it: the leaves and MSRs that its records hold, and the
 * features that they grant by name. What is wrong with them is checks/cpu-policy.ts.
 */
import { namedFeatures } from "../checks/index.js";
import { type CpuPolicyResult, hex } from "../findings/index.js";
import { CPUID_NO_SUBLEAF, type CpuidLeaf } from "../format/index.js";
import { type DomainFacts, type KeptRecord, policyEntries } from "../restore/index.js";
import { type Policy, RECORD_CODECS, type RecordCodec } from "../stream/index.js";

/** The policies that a restorer took over; null where there is none. */
export function cpuPolicyOf(domain: DomainFacts | null): CpuPolicyResult | null {
  if (domain === null) return null;
  const leaves = entriesOf(domain.cpuidPolicy, RECORD_CODECS.X86_CPUID_POLICY.codec);
  const msrs = entriesOf(domain.msrPolicy, RECORD_CODECS.X86_MSR_POLICY.codec);
  if (leaves === null && msrs === null) return null;
  return {
    ...(leaves === null ? {} : { leaves: leaves.map(shownLeaf), features: namedFeatures(leaves) }),
    ...(msrs === null
      ? {}
      : { msrs: msrs.map(({ index, value }) => ({ index: hex(index), value: hex(value) })) }),
  };
}

function entriesOf<T>(kept: KeptRecord | null, codec: RecordCodec<Policy<T>>): T[] | null {
  const entries = policyEntries(kept, codec);
  return entries === null ? null : [...entries];
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
