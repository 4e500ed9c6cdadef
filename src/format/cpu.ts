/**
 * Names and limits of what a stream says of the processor: TSC modes, MSRs, CPU policy records.
 * Numbers and names only. Sources: libxc stream document; the vendors' manuals for MSR names.
 */

/** One entry of an X86_CPUID_POLICY record; all u32. */
export interface CpuidLeaf {
  readonly leaf: number;
  readonly subleaf: number;
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

/** One entry of an X86_MSR_POLICY record. */
export interface PolicyMsr {
  readonly index: number;
  /** Must be zero. */
  readonly flags: number;
  readonly value: bigint;
}

/** One entry of an X86_PV_VCPU_MSRS record. */
export interface VcpuMsr {
  readonly index: number;
  /** Must be zero. */
  readonly reserved: number;
  readonly value: bigint;
}

/** Names of the TSC modes, by number; the last one exists in old streams only. */
export const TSC_MODE_NAMES = ["default", "always_emulate", "never_emulate", "pvrdtscp"] as const;

/** MSR names by index: those that policy, vcpu and HVM context records carry. */
export const MSR_NAMES: ReadonlyMap<number, string> = new Map([
  [0x48, "SPEC_CTRL"],
  [0xce, "PLATFORM_INFO"],
  [0x10a, "ARCH_CAPABILITIES"],
  [0x140, "MISC_FEATURES_ENABLES"],
  [0x6e1, "PKRS"],
  [0xd90, "BNDCFGS"],
  [0xda0, "XSS"],
  [0xc000_0103, "TSC_AUX"],
  [0xc001_011f, "VIRT_SPEC_CTRL"],
  [0xc001_1019, "DR1_ADDRESS_MASK"],
  [0xc001_101a, "DR2_ADDRESS_MASK"],
  [0xc001_101b, "DR3_ADDRESS_MASK"],
  [0xc001_1027, "DR0_ADDRESS_MASK"],
]);

/** MSRs that a hypervisor takes for a PV vcpu. */
export const VCPU_MSRS: ReadonlySet<number> = new Set([
  0x48, 0x140, 0xc000_0103, 0xc001_1027, 0xc001_1019, 0xc001_101a, 0xc001_101b,
]);

/** MSRs that a hypervisor takes in the CPU_MSR record of an HVM context. */
export const HVM_CONTEXT_MSRS: ReadonlySet<number> = new Set([
  0x48, 0x140, 0x6e1, 0xd90, 0xda0, 0xc001_011f, 0xc001_1027, 0xc001_1019, 0xc001_101a, 0xc001_101b,
]);

/** MSRs that a CPU policy may name, and how many entries it may have. */
export const POLICY_MSRS: ReadonlySet<number> = new Set([0xce, 0x10a]);
export const POLICY_MSRS_MAX = 2;

/** Subleaf of a leaf that has none. */
export const CPUID_NO_SUBLEAF = 0xffff_ffff;
/** Entries that a CPU policy may have. */
export const CPUID_LEAVES_MAX = 120;
/** Leaves that a CPU policy may name: first and last of each range. */
export const CPUID_LEAF_RANGES: readonly (readonly [first: number, last: number])[] = [
  [0x0, 0xd],
  [0x4000_0000, 0x4000_0000],
  [0x4000_0100, 0x4000_0100],
  [0x8000_0000, 0x8000_0021],
];
/** Leaves that have subleaves, with the number of these; all others take CPUID_NO_SUBLEAF. */
export const CPUID_SUBLEAVES: ReadonlyMap<number, number> = new Map([
  [0x4, 6],
  [0x7, 3],
  [0xb, 2],
  [0xd, 63],
]);
/** Leaf whose eax holds the width of physical addresses in bits 7..0. */
export const CPUID_LEAF_ADDRESS_WIDTHS = 0x8000_0008;
/** Leaf that enumerates the components of the extended state. */
export const CPUID_LEAF_XSTATE = 0xd;
