/**
 * Whether a host's processor, as its Xen shows it to guests, has what a guest was told it has: the
 * CPU policies of the stream against the host's maxima, bit by bit; vendor and address width. The
 * saved registers and extended state are host-fit-state.ts.
 * Xen compares the highest leaves and CPUID faulting. Features above the maximum
 * it drops without a word, and the guest, which runs on them, breaks: those are marked as beyond
 * Xen. Sources: Intel SDM volume 2A; AMD APM volume 3; Xen's policy calls (facts).
 */
import { type Fault, hex, type Place, RECORD_LENGTH } from "../findings/index.js";
import {
  ARCH_CAPABILITIES_NAMES,
  ARCH_CAPABILITIES_WARNINGS,
  CPUID_FEATURES,
  CPUID_LEAF_ADDRESS_WIDTHS,
  CPUID_LEAF_BYTES,
  type CpuidLeaf,
  type CpuidRegister,
  type CpuidWord,
  FEATURESET_WORDS,
  MSR_ARCH_CAPABILITIES,
  MSR_NAMES,
  MSR_PLATFORM_INFO,
  MSR_POLICY_BYTES,
  PLATFORM_INFO_CPUID_FAULTING,
  type PolicyMsr,
} from "../format/index.js";
import { findLeaf, type PolicyPlace } from "./cpu-policy.js";
import type { HostFacts, PolicyFacts } from "./host-facts.js";
import { beyondXenFault, hostFault } from "./host-fit.js";

type Kind = "hvm" | "pv";

const REGISTERS: readonly CpuidRegister[] = ["eax", "ebx", "ecx", "edx"];
/** Offset of eax in an entry of the record; the others follow. */
const REGISTERS_OFFSET = 8;
/** Highest leaf of each range: what a guest was told must not be above the host's. */
const RANGES: readonly CpuidWord[] = [
  { leaf: 0, subleaf: 0, register: "eax" },
  { leaf: 7, subleaf: 0, register: "eax" },
  { leaf: 0x8000_0000, subleaf: 0, register: "eax" },
];
/**
 * Features that say nothing of what a processor can do: osxsave and ospke mirror cr4; fdp-excp-only
 * and zero-fcs-fds tell what it no longer does.
 */
const NOT_COMPARED: ReadonlySet<string> = new Set([
  "osxsave",
  "ospke",
  "fdp-excp-only",
  "zero-fcs-fds",
]);
const ADDRESS_BITS_MASK = 0xff;

/** Compare a CPUID policy with what the host gives guests of this kind. LC-POL-2, HF-5 */
export function checkHostCpuid(
  host: HostFacts,
  kind: Kind,
  leaves: readonly CpuidLeaf[],
  place: PolicyPlace,
): Fault[] {
  const most = host.description.cpu?.maxLeaves;
  const faults: Fault[] = [];
  if (most !== undefined && leaves.length > most) {
    faults.push(
      hostFault("LC-POL-2", place, {
        message: `The host's Xen takes CPUID policies of ${most} entries.`,
        expected: `at most ${most} entries`,
        actual: String(leaves.length),
        field: RECORD_LENGTH,
      }),
    );
  }
  faults.push(...vendorFaults(host, kind, leaves, place));
  const policy = host.policies[kind];
  if (policy !== null) {
    faults.push(...rangeFaults(policy, leaves, place));
    for (const word of FEATURESET_WORDS)
      faults.push(...wordFaults(policy, kind, word, leaves, place));
  }
  return [...faults, ...addressFaults(host, policy, leaves, place)];
}

/** Where a register of a leaf stands; null if the policy lacks the leaf. */
function found(leaves: readonly CpuidLeaf[], word: CpuidWord, place: PolicyPlace) {
  const leaf = findLeaf(leaves, word.leaf, word.subleaf);
  if (leaf === undefined) return null;
  const entryIndex = leaves.indexOf(leaf);
  const offset = REGISTERS_OFFSET + 4 * REGISTERS.indexOf(word.register);
  const byteOffset = place.bodyByteOffset + entryIndex * CPUID_LEAF_BYTES + offset;
  return { value: leaf[word.register], at: { ...place, byteOffset, entryIndex } };
}

function leafText({ leaf, subleaf, register }: CpuidWord): string {
  const sub = leaf === 7 || leaf === 0xd ? `, subleaf ${subleaf}` : "";
  return `CPUID leaf ${hex(leaf)}${sub}, ${register}`;
}

function rangeFaults(
  policy: PolicyFacts,
  leaves: readonly CpuidLeaf[],
  place: PolicyPlace,
): Fault[] {
  return RANGES.flatMap((word) => {
    const guest = found(leaves, word, place);
    const most = policy.register(word);
    if (guest === null || most === null || guest.value <= most) return [];
    const has = `the guest has leaves up to ${hex(guest.value)}, the host up to ${hex(most)}`;
    const message = `${leafText(word)}: ${has}.`;
    const text = { message, expected: `at most ${hex(most)}`, actual: hex(guest.value) };
    return [hostFault("LC-POL-2", guest.at, text)];
  });
}

// One fault for each bit that the host's maximum lacks.
function wordFaults(
  policy: PolicyFacts,
  kind: Kind,
  word: CpuidWord,
  leaves: readonly CpuidLeaf[],
  place: PolicyPlace,
): Fault[] {
  const guest = found(leaves, word, place);
  const most = policy.register(word);
  if (guest === null || most === null) return [];
  const names = CPUID_FEATURES.find(
    (row) =>
      row.leaf === word.leaf && row.subleaf === word.subleaf && row.register === word.register,
  )?.names;
  // AMD repeats features of leaf 1 here: they are compared there.
  const namedOnly = word.leaf === 0x8000_0001 && word.register === "edx";
  const kinds = `${kind.toUpperCase()} guests`;
  const lacking = `the guest was told it has it; the host has it not for ${kinds}.`;
  const faults: Fault[] = [];
  for (let bit = 0; bit < 32; bit++) {
    if (((guest.value & ~most) >>> bit) % 2 === 0) continue;
    const name = names?.[bit] ?? null;
    if (name === null ? namedOnly : NOT_COMPARED.has(name)) continue;
    const bitText = `bit ${bit}${name === null ? "" : ` (${name})`}`;
    faults.push(
      beyondXenFault("LC-POL-2", guest.at, {
        message: `${leafText(word)}, ${bitText}: ${lacking}`,
        expected: `${bitText} clear: at most ${hex(most)}`,
        actual: hex(guest.value),
        hint: "Level the CPUs of a pool before guests start; this guest must start anew there.",
      }),
    );
  }
  return faults;
}

function vendorFaults(
  host: HostFacts,
  kind: Kind,
  leaves: readonly CpuidLeaf[],
  place: PolicyPlace,
): Fault[] {
  const leaf = findLeaf(leaves, 0);
  const there = host.description.cpu?.vendor ?? vendorOf(host.policies[kind]);
  if (leaf === undefined || there === null) return [];
  const { ebx, ecx, edx } = leaf;
  const here = vendorText(ebx, edx, ecx) ?? `${hex(ebx)}:${hex(edx)}:${hex(ecx)}`;
  if (here === there) return [];
  const at = found(leaves, { leaf: 0, subleaf: 0, register: "ebx" }, place)?.at ?? place;
  const message = `CPUID leaf 0: the guest was told ${here}, the host is ${there}.`;
  return [beyondXenFault("HF-5", at, { message, expected: there, actual: here })];
}

function vendorOf(policy: PolicyFacts | null): string | null {
  const [ebx, edx, ecx] = (["ebx", "edx", "ecx"] as const).map(
    (register) => policy?.register({ leaf: 0, subleaf: 0, register }) ?? 0,
  );
  return ebx ? vendorText(ebx, edx ?? 0, ecx ?? 0) : null;
}

/** The vendor's twelve letters, as CPUID leaf 0 has them; null where they are none. */
export function vendorText(ebx: number, edx: number, ecx: number): string | null {
  const codes = [ebx, edx, ecx].flatMap((word) => [0, 8, 16, 24].map((by) => (word >>> by) & 255));
  const text = String.fromCharCode(...codes);
  return /^[\x20-\x7e]{12}$/.test(text) ? text : null;
}

function addressFaults(
  { description }: HostFacts,
  policy: PolicyFacts | null,
  leaves: readonly CpuidLeaf[],
  place: PolicyPlace,
): Fault[] {
  const word: CpuidWord = { leaf: CPUID_LEAF_ADDRESS_WIDTHS, subleaf: 0, register: "eax" };
  const guest = found(leaves, word, place);
  const told = (policy?.register(word) ?? 0) & ADDRESS_BITS_MASK;
  const most = told === 0 ? description.cpu?.physicalAddressBits : told;
  if (guest === null || most === undefined) return [];
  const bits = guest.value & ADDRESS_BITS_MASK;
  if (bits <= most) return [];
  return [
    beyondXenFault("LC-POL-2", guest.at, {
      message:
        `${leafText(word)}, bits 7..0: the guest was told ${bits} physical address bits, ` +
        `the host has ${most}.`,
      expected: `at most ${most}`,
      actual: String(bits),
    }),
  ];
}

/** Compare an MSR policy with the host's. LC-POL-3 */
export function checkHostMsrs(
  host: HostFacts,
  kind: Kind,
  msrs: readonly PolicyMsr[],
  place: PolicyPlace,
): Fault[] {
  const most = host.description.cpu?.maxMsrs;
  const faults: Fault[] = [];
  if (most !== undefined && msrs.length > most) {
    const message = `The host's Xen takes MSR policies of ${most} entries.`;
    const text = { message, expected: `at most ${most} entries`, actual: String(msrs.length) };
    faults.push(hostFault("LC-POL-3", place, { ...text, field: RECORD_LENGTH }));
  }
  const policy = host.policies[kind];
  if (policy === null) return faults;
  for (const [entryIndex, msr] of msrs.entries()) {
    const byteOffset = place.bodyByteOffset + entryIndex * MSR_POLICY_BYTES;
    faults.push(...msrFaults(policy, msr, { ...place, byteOffset, entryIndex }));
  }
  return faults;
}

function msrFaults(policy: PolicyFacts, { index, value }: PolicyMsr, at: Place): Fault[] {
  const most = policy.msr(index);
  if (most === null) return [];
  const name = `MSR ${hex(index)} (${MSR_NAMES.get(index) ?? "unnamed"})`;
  if (most === undefined) {
    const message = `${name}: the host's policies have no such MSR.`;
    return [
      hostFault("LC-POL-3", at, {
        message,
        expected: "an MSR that they have",
        actual: name,
        field: { at: 0, bytes: 4 },
      }),
    ];
  }
  const faults: Fault[] = [];
  for (let bit = 0; bit < 64; bit++) {
    if ((((value & ~most) >> BigInt(bit)) & 1n) === 0n) continue;
    const caps = index === MSR_ARCH_CAPABILITIES;
    if (caps && ARCH_CAPABILITIES_WARNINGS.has(bit)) continue;
    const faulting = index === MSR_PLATFORM_INFO && bit === PLATFORM_INFO_CPUID_FAULTING;
    const feature = faulting ? "cpuid-faulting" : caps ? ARCH_CAPABILITIES_NAMES[bit] : null;
    const bitText = `bit ${bit}${feature == null ? "" : ` (${feature})`}`;
    const text = {
      message: `${name}, ${bitText}: the guest was told it has it; the host has it not.`,
      expected: `${bitText} clear: at most ${hex(most)}`,
      actual: hex(value),
    };
    faults.push((faulting ? hostFault : beyondXenFault)("LC-POL-3", at, text));
  }
  return faults;
}
