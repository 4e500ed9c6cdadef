/**
 * The CPU policy records of version 3: X86_CPUID_POLICY and X86_MSR_POLICY. Which leaves and MSRs
 * a hypervisor takes is judged in checks/cpu-policy.ts.
 *
 *   CPUID entry: leaf u32 | subleaf u32 | eax u32 | ebx u32 | ecx u32 | edx u32
 *   MSR entry:   index u32 | flags u32 | value u64
 *
 * Source: libxc stream document; Xen public arch-x86/xen.h (facts).
 */

import { hex } from "../../../findings/index.js";
import {
  CPUID_LEAF_BYTES,
  CPUID_NO_SUBLEAF,
  type CpuidLeaf,
  MSR_NAMES,
  MSR_POLICY_BYTES,
  type PolicyMsr,
} from "../../../format/index.js";
import { readU32, readU64, writeU32, writeU64 } from "../../bytes.js";
import { atLeast, type RecordCodec, sizeFaults } from "../../codec.js";
import { type EntryFormat, EntryTable } from "../../entry-table.js";
import { printedIfAny, printedTable } from "../../print.js";

/** Entries of X86_CPUID_POLICY. */
export const CPUID_ENTRY: EntryFormat<CpuidLeaf> = {
  bytes: CPUID_LEAF_BYTES,
  read: (bytes, offset) => ({
    leaf: readU32(bytes, offset),
    subleaf: readU32(bytes, offset + 4),
    eax: readU32(bytes, offset + 8),
    ebx: readU32(bytes, offset + 12),
    ecx: readU32(bytes, offset + 16),
    edx: readU32(bytes, offset + 20),
  }),
  write(entry, bytes, offset) {
    const { leaf, subleaf, eax, ebx, ecx, edx } = entry;
    [leaf, subleaf, eax, ebx, ecx, edx].forEach((word, index) => {
      writeU32(bytes, offset + index * 4, word);
    });
  },
};

/** Entries of X86_MSR_POLICY. */
export const MSR_POLICY_ENTRY: EntryFormat<PolicyMsr> = {
  bytes: MSR_POLICY_BYTES,
  read: (bytes, offset) => ({
    index: readU32(bytes, offset),
    flags: readU32(bytes, offset + 4),
    value: readU64(bytes, offset + 8),
  }),
  write(entry, bytes, offset) {
    writeU32(bytes, offset, entry.index);
    writeU32(bytes, offset + 4, entry.flags);
    writeU64(bytes, offset + 8, entry.value);
  },
};

/** X86_CPUID_POLICY or X86_MSR_POLICY. */
export interface Policy<T> {
  readonly entries: EntryTable<T>;
}

/** X86_CPUID_POLICY. */
export type CpuidPolicy = Policy<CpuidLeaf>;
/** X86_MSR_POLICY. */
export type MsrPolicy = Policy<PolicyMsr>;

/** Codec of X86_CPUID_POLICY. LC-POL-1 */
export const CPUID_POLICY_CODEC: RecordCodec<CpuidPolicy> = policyCodec(CPUID_ENTRY, (entry) => {
  const { leaf, subleaf, ...registers } = entry;
  return {
    leaf,
    subleaf: subleaf === CPUID_NO_SUBLEAF ? null : subleaf,
    ...hexOfEach(registers),
  };
});

/** Codec of X86_MSR_POLICY. LC-POL-1 */
export const MSR_POLICY_CODEC: RecordCodec<MsrPolicy> = policyCodec(MSR_POLICY_ENTRY, (entry) => ({
  index: entry.index,
  name: MSR_NAMES.get(entry.index) ?? null,
  ...printedIfAny("flags", entry.flags),
  value: hex(entry.value),
}));

function hexOfEach(registers: Record<string, number>): Record<string, string> {
  return Object.fromEntries(Object.entries(registers).map(([name, value]) => [name, hex(value)]));
}

function policyCodec<T>(
  format: EntryFormat<T>,
  print: (entry: T) => Record<string, unknown>,
): RecordCodec<Policy<T>> {
  const sizes = atLeast(format.bytes, format.bytes);
  const lengthFaults: RecordCodec<Policy<T>>["lengthFaults"] = (bodyBytes, context) =>
    sizeFaults(sizes, "LC-POL-1", bodyBytes, context);
  return {
    sizes,
    lengthFaults,
    decode(body, context) {
      const faults = lengthFaults(body.length, context);
      const value = { entries: new EntryTable(format, body) };
      return { value: faults.length === 0 ? value : null, faults };
    },
    encode: (value) => value.entries.bytes.slice(),
    interpret: (value) => printedTable("entries", value.entries, print),
  };
}
