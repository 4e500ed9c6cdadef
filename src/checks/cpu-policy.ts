/**
 * Judges the CPU policy of a stream by what the present hypervisor takes (LC-POL-2, LC-POL-3: both
 * grow over time, so both warn), and reads features out of it. Whether a given host has them is
 * not asked here.
 * Sources: libxc stream document; Intel SDM volume 2A and AMD APM volume 3 for features.
 */
import { type Fault, hex, MAX_FAULTS_PER_BODY, type Place } from "../findings/index.js";
import {
  CPUID_FEATURE_PLACES,
  CPUID_FEATURES,
  CPUID_LEAF_BYTES,
  CPUID_LEAF_RANGES,
  CPUID_LEAVES_MAX,
  CPUID_NO_SUBLEAF,
  CPUID_SUBLEAVES,
  type CpuidFeatureWord,
  type CpuidLeaf,
  MSR_POLICY_BYTES,
  POLICY_MSRS,
  POLICY_MSRS_MAX,
  type PolicyMsr,
} from "../format/index.js";

/** Where a policy record stands. */
export interface PolicyPlace extends Place {
  /** Of the record's body. */
  readonly bodyByteOffset: number;
}

/** Entries of a policy in their order, and how many they are. */
export type PolicyEntries<T> = Iterable<T> & { readonly length: number };

/** Judge an X86_CPUID_POLICY record. LC-POL-2 */
export function checkCpuidPolicy(leaves: PolicyEntries<CpuidLeaf>, place: PolicyPlace): Fault[] {
  return judgeEntries("LC-POL-2", leaves, place, {
    bytes: CPUID_LEAF_BYTES,
    max: CPUID_LEAVES_MAX,
    judge: judgeLeaf,
  });
}

/** Judge an X86_MSR_POLICY record. LC-POL-3 */
export function checkMsrPolicy(msrs: PolicyEntries<PolicyMsr>, place: PolicyPlace): Fault[] {
  return judgeEntries("LC-POL-3", msrs, place, {
    bytes: MSR_POLICY_BYTES,
    max: POLICY_MSRS_MAX,
    judge: judgeMsr,
  });
}

interface Complaint {
  readonly expected: string;
  readonly actual: string;
}

function judgeLeaf({ leaf, subleaf }: CpuidLeaf): Complaint | null {
  if (!CPUID_LEAF_RANGES.some(([first, last]) => leaf >= first && leaf <= last)) {
    return { expected: "a leaf that a CPU policy has", actual: `leaf ${hex(leaf)}` };
  }
  const subleaves = CPUID_SUBLEAVES.get(leaf);
  const actual = `leaf ${hex(leaf)}, subleaf ${hex(subleaf)}`;
  if (subleaves === undefined) {
    return subleaf === CPUID_NO_SUBLEAF ? null : { expected: "no subleaf (0xffffffff)", actual };
  }
  return subleaf < subleaves ? null : { expected: `a subleaf below ${subleaves}`, actual };
}

function judgeMsr({ index, flags }: PolicyMsr): Complaint | null {
  if (POLICY_MSRS.has(index) && flags === 0) return null;
  const actual = `MSR ${hex(index)}, flags ${hex(flags)}`;
  return { expected: "MSR 0xce or 0x10a, flags 0x0", actual };
}

function judgeEntries<T>(
  rule: string,
  entries: PolicyEntries<T>,
  place: PolicyPlace,
  by: {
    readonly bytes: number;
    readonly max: number;
    readonly judge: (entry: T) => Complaint | null;
  },
): Fault[] {
  const { layer, byteOffset, recordIndex, recordType, bodyByteOffset } = place;
  const record = { rule, layer, recordIndex, recordType };
  const faults: Fault[] = [];
  if (entries.length > by.max) {
    const text = { expected: `at most ${by.max} entries`, actual: String(entries.length) };
    faults.push({ ...record, byteOffset, ...text });
  }
  let entryIndex = 0;
  for (const entry of entries) {
    const complaint = by.judge(entry);
    if (complaint !== null) {
      const at = bodyByteOffset + entryIndex * by.bytes;
      faults.push({ ...record, byteOffset: at, entryIndex, ...complaint });
      if (faults.length >= MAX_FAULTS_PER_BODY) break;
    }
    entryIndex++;
  }
  return faults;
}

/**
 * The leaves that can decide anything: those that a CPU policy has, the last of each as a hypervisor
 * keeps it. So few that a search among them is cheap, however long the record is.
 */
export function effectiveLeaves(leaves: Iterable<CpuidLeaf>): CpuidLeaf[] {
  const kept = new Map<string, CpuidLeaf>();
  for (const entry of leaves) {
    if (judgeLeaf(entry) === null) kept.set(`${entry.leaf}/${entry.subleaf}`, entry);
  }
  return [...kept.values()];
}

/** Names of all features that a policy grants, in the order of the leaves. */
export function namedFeatures(leaves: Iterable<CpuidLeaf>): string[] {
  const granted: string[] = [];
  const policy = [...leaves];
  for (const word of CPUID_FEATURES) {
    const bits = featureBits(policy, word) ?? 0;
    word.names.forEach((name, bit) => {
      if (name !== null && ((bits >>> bit) & 1) === 1) granted.push(name);
    });
  }
  return granted;
}

/**
 * Whether a policy grants a feature.
 *
 * @param name  as in CPUID_FEATURES
 * @returns null where the policy lacks the leaf that would tell
 */
export function hasFeature(leaves: readonly CpuidLeaf[], name: string): boolean | null {
  const place = CPUID_FEATURE_PLACES.get(name);
  const bits = place === undefined ? null : featureBits(leaves, place.word);
  return place === undefined || bits === null ? null : ((bits >>> place.bit) & 1) === 1;
}

/** The entry of a leaf; a leaf without subleaves is the same as its subleaf 0. */
export function findLeaf(
  leaves: readonly CpuidLeaf[],
  leaf: number,
  subleaf = 0,
): CpuidLeaf | undefined {
  return leaves.find(
    (entry) =>
      entry.leaf === leaf &&
      (entry.subleaf === subleaf || (subleaf === 0 && entry.subleaf === CPUID_NO_SUBLEAF)),
  );
}

function featureBits(leaves: readonly CpuidLeaf[], word: CpuidFeatureWord): number | null {
  return findLeaf(leaves, word.leaf, word.subleaf)?.[word.register] ?? null;
}
