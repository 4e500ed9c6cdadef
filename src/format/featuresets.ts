/**
 * Where the words of a featureset, as Xen's tools print it, stand in CPUID and MSRs; the components
 * of the extended state; the bits of ARCH_CAPABILITIES. Numbers and names only. Sources: the order
 * of words in Xen's public arch-x86/cpufeatureset.h (facts); Intel SDM volumes 1 and 4.
 */
import type { CpuidRegister } from "./cpuid-features.js";

/** One register of CPUID. */
export interface CpuidWord {
  readonly leaf: number;
  readonly subleaf: number;
  readonly register: CpuidRegister;
}

type Row = readonly [leaf: number, subleaf: number, register: CpuidRegister];

const ROWS: readonly Row[] = [
  [0x1, 0, "edx"],
  [0x1, 0, "ecx"],
  [0x8000_0001, 0, "edx"],
  [0x8000_0001, 0, "ecx"],
  [0xd, 1, "eax"],
  [0x7, 0, "ebx"],
  [0x7, 0, "ecx"],
  [0x8000_0007, 0, "edx"],
  [0x8000_0008, 0, "ebx"],
  [0x7, 0, "edx"],
  [0x7, 1, "eax"],
  [0x8000_0021, 0, "eax"],
  [0x7, 1, "ebx"],
  [0x7, 2, "edx"],
  [0x7, 1, "ecx"],
  [0x7, 1, "edx"],
];

/** The words that are CPUID registers, in their order from word 0. */
export const FEATURESET_WORDS: readonly CpuidWord[] = ROWS.map(([leaf, subleaf, register]) => ({
  leaf,
  subleaf,
  register,
}));

/** The two words that are ARCH_CAPABILITIES: its lower and its upper half. */
export const FEATURESET_ARCH_CAPS = [16, 17] as const;
/** Words whose place is known; what follows them is not. */
export const FEATURESET_WORDS_KNOWN = 18;

export const MSR_PLATFORM_INFO = 0xce;
/** Bit of PLATFORM_INFO: CPUID can be made to fault. */
export const PLATFORM_INFO_CPUID_FAULTING = 31;
export const MSR_ARCH_CAPABILITIES = 0x10a;

/** Names of the bits of ARCH_CAPABILITIES; null where unnamed. */
export const ARCH_CAPABILITIES_NAMES: readonly (string | null)[] = (
  "rdcl-no ibrs-all rsba skip-l1dfl-vmentry ssb-no mds-no if-pschange-mc-no tsx-ctrl taa-no " +
  "mcu-control misc-package-ctls energy-filtering-ctl doitm sbdr-ssdp-no fbsdp-no psdp-no - " +
  "fb-clear fb-clear-ctrl rrsba bhi-no xapic-disable-status - overclocking-status pbrsb-no " +
  "gds-ctrl gds-no rfds-no rfds-clear"
)
  .split(" ")
  .map((name) => (name === "-" ? null : name));

/** Bits that warn of something: a guest that sees them is more careful, never less. */
export const ARCH_CAPABILITIES_WARNINGS: ReadonlySet<number> = new Set([2, 19]);

/** Names of the components of the extended state, by bit of xcr0. */
export const XSTATE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, "x87"],
  [1, "sse"],
  [2, "avx"],
  [3, "bndregs"],
  [4, "bndcsr"],
  [5, "opmask"],
  [6, "zmm-hi256"],
  [7, "hi16-zmm"],
  [9, "pkru"],
  [17, "tile-cfg"],
  [18, "tile-data"],
  [62, "lwp"],
]);

/** The feature that brings each component beyond x87 and SSE. */
export const XSTATE_FEATURES: ReadonlyMap<number, string> = new Map([
  [2, "avx"],
  [3, "mpx"],
  [4, "mpx"],
  [5, "avx512f"],
  [6, "avx512f"],
  [7, "avx512f"],
  [9, "pku"],
  [17, "amx-tile"],
  [18, "amx-tile"],
  [62, "lwp"],
]);
