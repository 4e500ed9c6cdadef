/**
 * Rules of the TSC, HVM and CPU policy records of a libxc stream: LC-TSC, LC-HVM, LC-POL. What
 * stands inside parameters and context is hvm-params.ts and hvm-context.ts.
 * Source: libxc stream document; Xen's restorer and stream verifier (facts).
 */
import type { Rule } from "../rule.js";
import { NOTED, ON_HOST, REJECTED, STRICT_ONLY, WARNED } from "./severities.js";

const HVM_CODE = "Xen xg_sr_restore_x86_hvm.c";
const COMMON_CODE = "Xen xg_sr_common_x86.c";
const VERIFIER = "Xen's stream verifier, libxc.py";
const DAMAGE_HINT = "The record is damaged: fetch the image again, or save the guest again.";
const RESERVED_HINT = "The restorer ignores the word, but no saver sets it.";
const RESERVED_DISAGREE = "The verifier refuses other values, the restorer ignores them.";

export const LIBXC_HVM_RULES = [
  {
    id: "LC-TSC-1",
    ...REJECTED,
    sentence: "X86_TSC_INFO has a body of 24 bytes.",
    enforcedBy: ["restore", "verify"],
    source: `libxc stream document, X86_TSC_INFO; ${COMMON_CODE} handle_x86_tsc_info()`,
    hint: DAMAGE_HINT,
    example: "X86_TSC_INFO of length 16",
  },
  {
    id: "LC-TSC-2",
    ...STRICT_ONLY,
    sentence: "The reserved word of X86_TSC_INFO is zero.",
    enforcedBy: ["verify"],
    source: `libxc stream document, X86_TSC_INFO; ${VERIFIER}`,
    hint: RESERVED_HINT,
    example: "the u32 at offset 20 of the body is 1",
    disagree: RESERVED_DISAGREE,
  },
  {
    id: "LC-TSC-3",
    ...REJECTED,
    sentence: "The TSC mode is 0, 1 or 2.",
    enforcedBy: ["hypervisor"],
    source: "Xen arch/x86/time.c tsc_set_info()",
    hint: "Mode 3 (pvrdtscp) was withdrawn: save the guest with another tsc_mode.",
    example: "mode 3",
    cases: { "on-host": ON_HOST },
  },
  {
    id: "LC-HVM-1",
    ...REJECTED,
    sentence: "HVM_PARAMS is exactly its head of 8 bytes and as many entries as its count says.",
    enforcedBy: ["restore", "verify"],
    source: `libxc stream document, HVM_PARAMS; ${HVM_CODE} handle_hvm_params()`,
    hint: DAMAGE_HINT,
    example: "count 2 in a body of 24 bytes",
  },
  {
    id: "LC-HVM-2",
    ...WARNED,
    sentence: "HVM_PARAMS has at least one entry.",
    enforcedBy: [],
    source: `${HVM_CODE} handle_hvm_params(); ${VERIFIER}`,
    hint: "Nothing to do: Xen 4.6 to 4.8 wrote empty ones and every reader passes over them.",
    example: "count 0 in a body of 8 bytes",
  },
  {
    id: "LC-HVM-3",
    ...STRICT_ONLY,
    sentence: "The reserved word in the head of HVM_PARAMS is zero.",
    enforcedBy: ["verify"],
    source: `libxc stream document, HVM_PARAMS; ${VERIFIER}`,
    hint: RESERVED_HINT,
    example: "the u32 at offset 4 of the body is 1",
    disagree: RESERVED_DISAGREE,
  },
  {
    id: "LC-HVM-4",
    ...NOTED,
    sentence: "Entries of each HVM_PARAMS record take effect at once and in order.",
    enforcedBy: ["restore"],
    source: `${HVM_CODE} handle_hvm_params()`,
    notVisible: "A permission: several records are legal; what they set is HP-1 to HP-10.",
  },
  {
    id: "LC-HVM-5",
    ...REJECTED,
    sentence: "HVM_CONTEXT has a body.",
    enforcedBy: ["restore", "verify"],
    source: `${HVM_CODE} handle_hvm_context(); ${VERIFIER}`,
    hint: DAMAGE_HINT,
    example: "HVM_CONTEXT of length 0",
  },
  {
    id: "LC-HVM-6",
    ...NOTED,
    sentence: "In an epoch HVM_CONTEXT comes once.",
    enforcedBy: [],
    source: `${HVM_CODE} handle_hvm_context()`,
    hint: "The last one counts, the others are never looked at: compare with the original.",
    example: "two HVM_CONTEXT records in a plain stream",
  },
  {
    id: "LC-HVM-7",
    ...REJECTED,
    sentence: "An HVM stream has an HVM_CONTEXT record before its end.",
    enforcedBy: ["restore"],
    source: `${HVM_CODE} x86_hvm_stream_complete()`,
    hint: "There is no machine state to restore: save the guest again.",
    example: "END behind the last PAGE_DATA of an HVM stream",
    disagree: "The verifier does not ask for the record.",
  },
  {
    id: "LC-POL-1",
    ...REJECTED,
    sentence: "A CPU policy record holds one or more whole entries, of 24 bytes CPUID or 16 MSR.",
    enforcedBy: ["restore", "verify"],
    source: `${COMMON_CODE} handle_x86_cpuid_policy(), handle_x86_msr_policy(); ${VERIFIER}`,
    hint: DAMAGE_HINT,
    example: "X86_CPUID_POLICY of length 25",
  },
  {
    id: "LC-POL-2",
    ...WARNED,
    sentence: "The CPUID policy has at most 120 entries, for leaves and subleaves that Xen knows.",
    enforcedBy: ["hypervisor"],
    source: "Xen lib/x86/cpuid.c, the copy of a policy from its serialised form",
    hint: "The limits grow with releases: restore on a release at least as new as the saving one.",
    example: "leaf 7 with subleaf 9",
    cases: { "on-host": ON_HOST },
  },
  {
    id: "LC-POL-3",
    ...WARNED,
    sentence: "The MSR policy has at most 2 entries, for MSRs 0xce and 0x10a, with flags 0.",
    enforcedBy: ["hypervisor"],
    source: "Xen lib/x86/msr.c, the copy of a policy from its serialised form",
    hint: "The limits grow with releases: restore on a release at least as new as the saving one.",
    example: "an entry for MSR 0x1",
    cases: { "on-host": ON_HOST },
  },
  {
    id: "LC-POL-4",
    ...NOTED,
    sentence: "The stream carries both CPU policies.",
    enforcedBy: [],
    source: `libxc stream document, STATIC_DATA_END; ${COMMON_CODE}`,
    hint: "The toolstack makes up the missing policy: check the CPU levelling of the new host.",
    example: "a version 2 stream",
  },
  {
    id: "LC-POL-5",
    ...WARNED,
    sentence: "A CPU policy record comes once, and before the static data end where it has effect.",
    enforcedBy: [],
    source: `${COMMON_CODE} handle_x86_cpuid_policy(), handle_x86_msr_policy()`,
    hint: "A late record is stored and never used, an earlier one is replaced: save again.",
    example: "X86_CPUID_POLICY after STATIC_DATA_END",
  },
] as const satisfies readonly Rule[];
