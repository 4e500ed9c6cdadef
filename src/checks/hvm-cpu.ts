/**
 * Judges the CPU record of an HVM context: HC-20, HC-21. What the CPU policy decides (cr3, cr4,
 * efer) is judged only where the policy has the leaf that tells.
 * Sources: Xen's loader of the record (facts); Intel SDM volume 3A for register bits.
 */
import { hex } from "../findings/index.js";
import {
  CPUID_LEAF_ADDRESS_WIDTHS,
  type CpuidLeaf,
  fieldSpan,
  HVM_CPU_LAYOUT,
  type HvmFields,
} from "../format/index.js";
import { findLeaf, hasFeature } from "./cpu-policy.js";
import type { HvmContextFacts, Report } from "./hvm-facts.js";

const CR0_PE = 1n << 0n;
const CR0_ET = 1n << 4n;
const CR0_PG = 1n << 31n;
/** PG CD NW AM WP NE ET TS EM MP PE. */
const CR0_KNOWN = 0xe005_003fn;
const FLAGS_KNOWN = 1;
const U32_LIMIT = 1n << 32n;

/** Bits of a register with the features that allow each; null: always there; several: any. */
export type FeatureBits = readonly (readonly [bit: number, features: readonly string[] | null])[];

/** CR4 bits with the feature that allows each. */
export const CR4_BITS: FeatureBits = [
  [0, ["vme"]],
  [1, ["vme"]],
  [2, ["tsc"]],
  [3, ["de"]],
  [4, ["pse"]],
  [5, ["pae"]],
  [6, ["mce"]],
  [7, ["pge"]],
  [8, null], // performance counters
  [9, ["fxsr"]],
  [10, ["sse"]],
  [11, ["umip"]],
  [12, ["la57"]],
  [13, ["vmx"]],
  [14, ["smx"]],
  [16, ["fsgsbase"]],
  [17, ["pcid"]],
  [18, ["xsave"]],
  [20, ["smep"]],
  [21, ["smap"]],
  [22, ["pku"]],
  [23, ["cet-ss", "cet-ibt"]],
  [24, ["pks"]],
];

/** EFER bits with the feature that allows each. */
export const EFER_BITS: FeatureBits = [
  [0, ["syscall"]],
  [8, ["lm"]],
  [10, ["lm"]],
  [11, ["nx"]],
  [12, ["svm"]],
  [14, ["ffxsr"]],
  [21, ["autoibrs"]],
];

const RIGHTS = [
  "cs_arbytes",
  "ds_arbytes",
  "es_arbytes",
  "fs_arbytes",
  "gs_arbytes",
  "ss_arbytes",
  "tr_arbytes",
  "ldtr_arbytes",
] as const;
/** Access rights as VMX keeps them: the upper four of their twelve bits stand at 15..12. */
const RIGHTS_RAW_BITS = 0xf000;
const RIGHTS_FOLDED_BITS = 0x0f00;

/** Judge one CPU record. `bodyBytes`: a form without the flags has none to judge. */
export function checkHvmCpu(
  cpu: HvmFields["CPU"],
  bodyBytes: number,
  facts: HvmContextFacts,
  report: Report,
): void {
  checkControl(cpu, report);
  checkUpperHalves(cpu, report);
  if (bodyBytes === HVM_CPU_LAYOUT.bytes) checkTail(cpu, report);
  if (facts.cpuid != null) checkByPolicy(cpu, facts.cpuid, report);
  checkAccessRights(cpu, report);
}

function checkControl({ cr0 }: HvmFields["CPU"], report: Report): void {
  const complain = (expected: string): void => {
    report("HC-20", fieldSpan(HVM_CPU_LAYOUT, "cr0"), { expected, actual: hex(cr0) });
  };
  if ((cr0 & CR0_ET) === 0n) complain("ET set in cr0");
  if ((cr0 & ~CR0_KNOWN) !== 0n) complain("no reserved bit in cr0");
  if ((cr0 & CR0_PG) !== 0n && (cr0 & CR0_PE) === 0n) complain("PG in cr0 only with PE");
}

function checkUpperHalves(cpu: HvmFields["CPU"], report: Report): void {
  for (const name of ["dr6", "dr7", "msr_tsc_aux"] as const) {
    if (cpu[name] < U32_LIMIT) continue;
    const text = { expected: `${name} below 2^32`, actual: hex(cpu[name]) };
    report("HC-20", fieldSpan(HVM_CPU_LAYOUT, name), text);
  }
}

function checkTail(cpu: HvmFields["CPU"], report: Report): void {
  if ((cpu.flags & ~FLAGS_KNOWN) !== 0) {
    const text = { expected: "bit 0 alone in flags", actual: hex(cpu.flags) };
    report("HC-20", fieldSpan(HVM_CPU_LAYOUT, "flags"), text);
  }
  if (cpu.pad0 !== 0) {
    const text = { expected: "zero padding", actual: hex(cpu.pad0) };
    report("HC-20", fieldSpan(HVM_CPU_LAYOUT, "pad0"), text);
  }
}

function checkByPolicy(cpu: HvmFields["CPU"], cpuid: readonly CpuidLeaf[], report: Report): void {
  const widths = findLeaf(cpuid, CPUID_LEAF_ADDRESS_WIDTHS);
  const bits = (widths?.eax ?? 0) & 0xff;
  if (bits > 0 && cpu.cr3 >> BigInt(bits) !== 0n) {
    const text = { expected: `cr3 of ${bits} bits`, actual: hex(cpu.cr3) };
    report("HC-20", fieldSpan(HVM_CPU_LAYOUT, "cr3"), text);
  }
  const has = (name: string) => hasFeature(cpuid, name);
  const cr4 = refusedBits(cpu.cr4, CR4_BITS, has);
  if (cr4 !== 0n) {
    const text = { expected: "bits that the CPU policy allows", actual: `cr4 with ${hex(cr4)}` };
    report("HC-20", fieldSpan(HVM_CPU_LAYOUT, "cr4"), text);
  }
  const efer = refusedBits(cpu.msr_efer, EFER_BITS, has);
  if (efer !== 0n) {
    const text = { expected: "bits that the CPU policy allows", actual: `efer with ${hex(efer)}` };
    report("HC-20", fieldSpan(HVM_CPU_LAYOUT, "msr_efer"), text);
  }
}

/** Bits of a value that do not exist, or whose features are known to be lacking. */
export function refusedBits(
  value: bigint,
  bits: FeatureBits,
  has: (name: string) => boolean | null,
): bigint {
  let refused = value;
  for (const [at, features] of bits) {
    const bit = 1n << BigInt(at);
    if ((value & bit) === 0n) continue;
    const lacking = features?.every((name) => has(name) === false) ?? false;
    if (!lacking) refused ^= bit;
  }
  return refused;
}

function checkAccessRights(cpu: HvmFields["CPU"], report: Report): void {
  for (const name of RIGHTS) {
    const rights = cpu[name];
    if ((rights & RIGHTS_RAW_BITS) === 0 || (rights & RIGHTS_FOLDED_BITS) !== 0) continue;
    report("HC-21", fieldSpan(HVM_CPU_LAYOUT, name), {
      message: "access rights are in the layout of VMX and will be folded",
      expected: "bits 15 to 12 zero",
      actual: `${name} ${hex(rights)}`,
    });
  }
}
