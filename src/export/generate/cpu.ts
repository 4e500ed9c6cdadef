/**
 * The processor that all synthetic guests run on: CPU policy, TSC, extended state. Plausible and
 * consistent with itself, so that no check of a policy, context or vcpu record has a say.
 * Sources: Intel SDM volume 2A (CPUID), volume 1 chapter 13 (XSAVE).
 */
import {
  CPUID_NO_SUBLEAF,
  type CpuidLeaf,
  type PolicyMsr,
  VCPU_XSAVE_LAYOUT,
  XSAVE_HEADER_BYTES,
  XSAVE_LEGACY_BYTES,
} from "../../format/index.js";
import {
  CPUID_ENTRY,
  concatBytes,
  EntryTable,
  encodeStruct,
  MSR_POLICY_ENTRY,
  RECORD_CODECS,
  type TscInfo,
  writeU16,
  writeU32,
  writeU64,
} from "../../stream/index.js";
import type { RecordItem } from "./items.js";
import type { Random } from "./random.js";

export const TSC_KHZ = 2_400_000;
/** x87, SSE and AVX. */
export const XCR0 = 7n;
const AVX_BYTES = 256;
/** Uncompressed area for XCR0. */
const XSAVE_AREA_BYTES = XSAVE_LEGACY_BYTES + XSAVE_HEADER_BYTES + AVX_BYTES;
/** CPUID leaf 1 eax: family, model and stepping. */
export const CPU_SIGNATURE = 0x306c3;

const AVX_COMPONENT = 2;
const FCW_RESET = 0x37f;
const MXCSR_RESET = 0x1f80;
const FCW_OFFSET = 0;
const MXCSR_OFFSET = 24;
const XMM_OFFSET = 160;
const XMM_BYTES = 256;

type Registers = readonly [eax: number, ebx: number, ecx: number, edx: number];

const LEAVES: readonly (readonly [leaf: number, subleaf: number, registers: Registers])[] = [
  [0x0, CPUID_NO_SUBLEAF, [0xd, 0x756e6547, 0x6c65746e, 0x49656e69]],
  [0x1, CPUID_NO_SUBLEAF, [CPU_SIGNATURE, 0x800, 0xf6fa3203, 0x1fcbfbff]],
  [0x7, 0, [0, 0x2fbb, 0, 0]],
  [0xd, 0, [Number(XCR0), XSAVE_AREA_BYTES, XSAVE_AREA_BYTES, 0]],
  [0xd, 1, [1, 0, 0, 0]],
  [0xd, AVX_COMPONENT, [AVX_BYTES, XSAVE_LEGACY_BYTES + XSAVE_HEADER_BYTES, 0, 0]],
  [0x8000_0000, CPUID_NO_SUBLEAF, [0x8000_0008, 0, 0, 0]],
  [0x8000_0001, CPUID_NO_SUBLEAF, [0, 0, 0x21, 0x2c10_0800]],
  [0x8000_0008, CPUID_NO_SUBLEAF, [0x3027, 0, 0, 0]],
];

const POLICY_MSRS: readonly PolicyMsr[] = [
  { index: 0xce, flags: 0, value: 0x8000_0000n },
  { index: 0x10a, flags: 0, value: 0x2bn },
];

function cpuidLeaves(): CpuidLeaf[] {
  return LEAVES.map(([leaf, subleaf, [eax, ebx, ecx, edx]]) => {
    return { leaf, subleaf, eax, ebx, ecx, edx };
  });
}

/** X86_CPUID_POLICY and X86_MSR_POLICY. */
export function policyRecords(): RecordItem[] {
  const cpuid = RECORD_CODECS.X86_CPUID_POLICY;
  const msr = RECORD_CODECS.X86_MSR_POLICY;
  return [
    libxcRecord(cpuid.type, EntryTable.of(CPUID_ENTRY, cpuidLeaves()).bytes),
    libxcRecord(msr.type, EntryTable.of(MSR_POLICY_ENTRY, POLICY_MSRS).bytes),
  ];
}

/** X86_TSC_INFO. */
export function tscRecord(): RecordItem {
  const { type, codec } = RECORD_CODECS.X86_TSC_INFO;
  const value: TscInfo = {
    mode: 0,
    khz: TSC_KHZ,
    nsec: 123_456_789_012n,
    incarnation: 1,
    reserved: 0,
  };
  return libxcRecord(type, codec.encode(value));
}

/** A libxc record of a body that is already encoded. */
export function libxcRecord(type: number, body: Uint8Array): RecordItem {
  return { kind: "record", layer: "libxc", type, body };
}

/** The 512 bytes of FXSAVE: reset control words, registers of a running program. */
export function fpuArea(random: Random): Uint8Array {
  const area = new Uint8Array(XSAVE_LEGACY_BYTES);
  random.fill(area.subarray(XMM_OFFSET, XMM_OFFSET + XMM_BYTES));
  writeU16(area, FCW_OFFSET, FCW_RESET);
  writeU32(area, MXCSR_OFFSET, MXCSR_RESET);
  return area;
}

/** The uncompressed XSAVE area of a vcpu. */
export function xsaveArea(random: Random): Uint8Array {
  const area = new Uint8Array(XSAVE_AREA_BYTES);
  area.set(fpuArea(random));
  writeU64(area, XSAVE_LEGACY_BYTES, XCR0);
  random.fill(area.subarray(XSAVE_LEGACY_BYTES + XSAVE_HEADER_BYTES));
  return area;
}

/** The blob of X86_PV_VCPU_XSAVE. */
export function pvXsaveBlob(random: Random): Uint8Array {
  const head = encodeStruct(VCPU_XSAVE_LAYOUT, { xcr0: XCR0, xcr0_accum: XCR0 });
  return concatBytes(head, xsaveArea(random));
}
