/**
 * A host as the checks see it: numbers in place of the description's hex strings, the limits of its
 * release filled in, its CPU policies ready to be asked for a register. Judges nothing.
 */
import type { HostDescription, HostGuest, HostLimits, HostPolicy } from "../findings/index.js";
import {
  CPUID_FEATURES,
  type CpuidWord,
  FEATURESET_ARCH_CAPS,
  FEATURESET_WORDS,
  type HvmTypeName,
  MSR_ARCH_CAPABILITIES,
  type ReleaseLimits,
  releaseLimits,
  type XenRelease,
  XSTATE_FEATURES,
} from "../format/index.js";

/** A policy to be asked: null everywhere means that the description does not tell. */
export interface PolicyFacts {
  /** Value of a register; a leaf that a full policy leaves out is zero. */
  register(word: CpuidWord): number | null;
  /** Value of an MSR; undefined: the policy has no such MSR. */
  msr(index: number): bigint | undefined | null;
  feature(name: string): boolean | null;
}

/** What is known of a host. Null: the description does not tell. */
export interface HostFacts {
  readonly description: HostDescription;
  readonly release: XenRelease | null;
  readonly limits: ReleaseLimits;
  readonly guests: ReadonlySet<HostGuest> | null;
  /** What HVM and PV guests may be given at most. */
  readonly policies: { readonly hvm: PolicyFacts | null; readonly pv: PolicyFacts | null };
  /** Components of the extended state, by kind of guest. */
  readonly xcr0: { readonly hvm: bigint | null; readonly pv: bigint | null };
}

const UNLIMITED: ReleaseLimits = {
  streamVersions: null,
  recordBodyBytes: null,
  recordTypeMax: null,
  hvmParams: null,
  viridianFeatures: null,
  hvmContextTypeMax: null,
  hvmContextBytes: {},
  xlMandatoryFlags: null,
  xenstoreVersions: null,
};

/** x87 and SSE: there wherever a 64-bit Xen runs. */
const XCR0_ALWAYS = 3n;

/** The facts of a description that was checked when it was read. */
export function hostFacts(description: HostDescription): HostFacts {
  const { cpu } = description;
  const release = parseRelease(description.xen);
  const policies = {
    hvm: policyFacts(cpu?.policies?.hvmMax),
    pv: policyFacts(cpu?.policies?.pvMax),
  };
  const mask = cpu?.xcr0 === undefined ? null : BigInt(cpu.xcr0);
  return {
    description,
    release,
    limits: limitsOf(description.limits, release),
    guests: description.guests === undefined ? null : new Set(description.guests),
    policies,
    xcr0: { hvm: mask ?? xcr0Of(policies.hvm), pv: mask ?? xcr0Of(policies.pv) },
  };
}

/** A release written as 4.17 or 4.17.2; null where it is none. */
export function parseRelease(text: string | undefined): XenRelease | null {
  const match = /^(\d{1,4})\.(\d{1,4})(?:[.-].*)?$/.exec(text ?? "");
  return match === null ? null : { major: Number(match[1]), minor: Number(match[2]) };
}

function limitsOf(given: HostLimits | undefined, release: XenRelease | null): ReleaseLimits {
  const derived = release === null ? UNLIMITED : releaseLimits(release);
  if (given === undefined) return derived;
  const { viridianFeatures, hvmContextBytes, ...numbers } = given;
  const lengths = hvmContextBytes as Partial<Record<HvmTypeName, number>> | undefined;
  return {
    ...derived,
    ...numbers,
    hvmContextBytes: lengths ?? derived.hvmContextBytes,
    viridianFeatures: viridianFeatures === undefined ? null : BigInt(viridianFeatures),
  };
}

function policyFacts(policy: HostPolicy | undefined): PolicyFacts | null {
  if (policy === undefined) return null;
  const leaves = leafTable(policy);
  const words = (policy.featureset ?? []).map((word) => Number(word));
  const msrs = policy.msrs && new Map(policy.msrs.map((m) => [Number(m.index), BigInt(m.value)]));
  const register = (word: CpuidWord): number | null => {
    if (leaves !== null) return leaves.get(leafKey(word.leaf, word.subleaf))?.[word.register] ?? 0;
    const at = FEATURESET_WORDS.findIndex((other) => sameWord(word, other));
    return at === -1 ? null : (words[at] ?? null);
  };
  return {
    register,
    msr: (index) => {
      if (msrs !== undefined) return msrs.get(index);
      const [low, high] = FEATURESET_ARCH_CAPS.map((at) => words[at]);
      if (index !== MSR_ARCH_CAPABILITIES || low === undefined) return null;
      return (BigInt(high ?? 0) << 32n) | BigInt(low);
    },
    feature: (name) => {
      for (const word of CPUID_FEATURES) {
        const bit = word.names.indexOf(name);
        if (bit === -1) continue;
        const value = register(word);
        return value === null ? null : ((value >>> bit) & 1) === 1;
      }
      return null;
    },
  };
}

type Registers = Readonly<Record<"eax" | "ebx" | "ecx" | "edx", number>>;

function leafTable({ leaves }: HostPolicy): Map<string, Registers> | null {
  if (leaves === undefined) return null;
  return new Map(
    leaves.map(({ leaf, subleaf = 0, eax, ebx, ecx, edx }) => {
      const registers = { eax: Number(eax), ebx: Number(ebx), ecx: Number(ecx), edx: Number(edx) };
      return [leafKey(Number(leaf), subleaf), registers] as const;
    }),
  );
}

const leafKey = (leaf: number, subleaf: number): string => `${leaf}:${subleaf}`;

function sameWord(a: CpuidWord, b: CpuidWord): boolean {
  return a.leaf === b.leaf && a.subleaf === b.subleaf && a.register === b.register;
}

// From the leaf that enumerates them; else from the features that bring them, if all are known.
function xcr0Of(policy: PolicyFacts | null): bigint | null {
  if (policy === null) return null;
  const low = policy.register({ leaf: 0xd, subleaf: 0, register: "eax" });
  const high = policy.register({ leaf: 0xd, subleaf: 0, register: "edx" });
  if (low !== null && high !== null) return (BigInt(high) << 32n) | BigInt(low);
  let mask = XCR0_ALWAYS;
  for (const [component, name] of XSTATE_FEATURES) {
    const has = policy.feature(name);
    if (has === null) return null;
    if (has) mask |= 1n << BigInt(component);
  }
  return mask;
}
