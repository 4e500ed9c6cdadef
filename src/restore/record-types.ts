/**
 * Which types of record a domain can have: unknown, withdrawn and foreign ones (LC-REC-2, LC-REC-3,
 * LC-TYP-1..4). What a record leaves in the domain is libxc-records.ts.
 */
import {
  type GuestKind,
  REC_TYPE_CHECKPOINT_DIRTY_PFN_LIST,
  REC_TYPE_HVM_CONTEXT,
  REC_TYPE_HVM_PARAMS,
  REC_TYPE_SHARED_INFO,
  REC_TYPE_STATIC_DATA_END,
  REC_TYPE_TOOLSTACK,
  REC_TYPE_X86_CPUID_POLICY,
  REC_TYPE_X86_MSR_POLICY,
  REC_TYPE_X86_PV_INFO,
  REC_TYPE_X86_PV_P2M_FRAMES,
  REC_TYPE_X86_PV_VCPU_BASIC,
  REC_TYPE_X86_PV_VCPU_EXTENDED,
  REC_TYPE_X86_PV_VCPU_MSRS,
  REC_TYPE_X86_PV_VCPU_XSAVE,
  RECORD_NAMES,
  RECORD_OPTIONAL,
} from "../format/index.js";

/** Records that only one kind of guest has (LC-TYP-1). */
const PV_ONLY: ReadonlySet<number> = new Set([
  REC_TYPE_X86_PV_INFO,
  REC_TYPE_X86_PV_P2M_FRAMES,
  REC_TYPE_X86_PV_VCPU_BASIC,
  REC_TYPE_X86_PV_VCPU_EXTENDED,
  REC_TYPE_X86_PV_VCPU_XSAVE,
  REC_TYPE_X86_PV_VCPU_MSRS,
  REC_TYPE_SHARED_INFO,
]);
const HVM_ONLY: ReadonlySet<number> = new Set([REC_TYPE_HVM_CONTEXT, REC_TYPE_HVM_PARAMS]);

/** Records that came with version 3 (LC-TYP-4). */
const SINCE_V3: ReadonlySet<number> = new Set([
  REC_TYPE_STATIC_DATA_END,
  REC_TYPE_X86_CPUID_POLICY,
  REC_TYPE_X86_MSR_POLICY,
]);

/**
 * The rule that a record breaches by being of its type.
 *
 * @returns null for a type that the stream may have
 */
export function typeBreach(type: number, guest: GuestKind | null, version: number): string | null {
  if (RECORD_NAMES[type] === undefined) return type >= RECORD_OPTIONAL ? "LC-REC-3" : "LC-REC-2";
  if (type === REC_TYPE_TOOLSTACK) return "LC-TYP-2";
  if (type === REC_TYPE_CHECKPOINT_DIRTY_PFN_LIST) return "LC-TYP-3";
  if (guest === "hvm" && PV_ONLY.has(type)) return "LC-TYP-1";
  if (guest === "pv" && HVM_ONLY.has(type)) return "LC-TYP-1";
  return SINCE_V3.has(type) && version < 3 ? "LC-TYP-4" : null;
}
