/**
 * The table of record types of the libxc stream: name, guests, codec of each. Exhaustive by type:
 * a name without a row does not compile, and a test counts them.
 * Source: libxc stream document.
 */
import { type GuestKind, RECORD_NAMES, type RecordName } from "../../format/index.js";
import { type BodyContext, type Decoded, interpretBody, type RecordCodec } from "../codec.js";
import {
  HVM_CONTEXT_CODEC,
  HVM_PARAMS_CODEC,
  type HvmContextBody,
  type HvmParams,
} from "./codec/hvm.js";
import { MARKER_CODEC, type Marker, type OpaqueBody, TOOLSTACK_CODEC } from "./codec/markers.js";
import {
  DIRTY_PFN_LIST_CODEC,
  type DirtyPfnList,
  PAGE_DATA_CODEC,
  type PageData,
} from "./codec/pages.js";
import {
  CPUID_POLICY_CODEC,
  type CpuidPolicy,
  MSR_POLICY_CODEC,
  type MsrPolicy,
} from "./codec/policy.js";
import {
  P2M_FRAMES_CODEC,
  type P2mFrames,
  PV_INFO_CODEC,
  type PvInfo,
  SHARED_INFO_CODEC,
  type SharedInfo,
} from "./codec/pv.js";
import { TSC_INFO_CODEC, type TscInfo } from "./codec/tsc.js";
import {
  VCPU_BASIC_CODEC,
  VCPU_EXTENDED_CODEC,
  VCPU_MSRS_CODEC,
  VCPU_XSAVE_CODEC,
  type VcpuRecord,
} from "./codec/vcpu.js";

/** The decoded form of each record. */
export interface RecordValues {
  readonly END: Marker;
  readonly PAGE_DATA: PageData;
  readonly X86_PV_INFO: PvInfo;
  readonly X86_PV_P2M_FRAMES: P2mFrames;
  readonly X86_PV_VCPU_BASIC: VcpuRecord;
  readonly X86_PV_VCPU_EXTENDED: VcpuRecord;
  readonly X86_PV_VCPU_XSAVE: VcpuRecord;
  readonly SHARED_INFO: SharedInfo;
  readonly X86_TSC_INFO: TscInfo;
  readonly HVM_CONTEXT: HvmContextBody;
  readonly HVM_PARAMS: HvmParams;
  readonly TOOLSTACK: OpaqueBody;
  readonly X86_PV_VCPU_MSRS: VcpuRecord;
  readonly VERIFY: Marker;
  readonly CHECKPOINT: Marker;
  readonly CHECKPOINT_DIRTY_PFN_LIST: DirtyPfnList;
  readonly STATIC_DATA_END: Marker;
  readonly X86_CPUID_POLICY: CpuidPolicy;
  readonly X86_MSR_POLICY: MsrPolicy;
}

/** Position of a member in a tuple, as the text that the compiler has for it. */
type PositionOf<T extends readonly unknown[], N> = {
  [I in keyof T]: T[I] extends N ? I : never;
}[number];

/** The type number of a record: where its name stands in the list of names. */
export type RecordTypeOf<N extends RecordName> =
  PositionOf<typeof RECORD_NAMES, N> extends `${infer T extends number}` ? T : never;

/** Guests in whose stream a record may stand; "none": in no stream that runs forward. */
export type RecordGuests = "all" | GuestKind | "none";

/** One row of the table. */
export interface RecordRow<N extends RecordName> {
  readonly type: RecordTypeOf<N>;
  readonly name: N;
  readonly guests: RecordGuests;
  /** The record says all by being there; its body should be empty. */
  readonly marker: boolean;
  readonly codec: RecordCodec<RecordValues[N]>;
}

type RecordTable = { readonly [N in RecordName]: RecordRow<N> };

function row<N extends RecordName>(
  name: N,
  guests: RecordGuests,
  codec: RecordCodec<RecordValues[N]>,
): RecordRow<N> {
  const marker = (codec as unknown) === MARKER_CODEC;
  const type = RECORD_NAMES.indexOf(name) as RecordTypeOf<N>;
  return { type, name, guests, marker, codec };
}

/** Every record type by name. */
export const RECORD_CODECS: RecordTable = {
  END: row("END", "all", MARKER_CODEC),
  PAGE_DATA: row("PAGE_DATA", "all", PAGE_DATA_CODEC),
  X86_PV_INFO: row("X86_PV_INFO", "pv", PV_INFO_CODEC),
  X86_PV_P2M_FRAMES: row("X86_PV_P2M_FRAMES", "pv", P2M_FRAMES_CODEC),
  X86_PV_VCPU_BASIC: row("X86_PV_VCPU_BASIC", "pv", VCPU_BASIC_CODEC),
  X86_PV_VCPU_EXTENDED: row("X86_PV_VCPU_EXTENDED", "pv", VCPU_EXTENDED_CODEC),
  X86_PV_VCPU_XSAVE: row("X86_PV_VCPU_XSAVE", "pv", VCPU_XSAVE_CODEC),
  SHARED_INFO: row("SHARED_INFO", "pv", SHARED_INFO_CODEC),
  X86_TSC_INFO: row("X86_TSC_INFO", "all", TSC_INFO_CODEC),
  HVM_CONTEXT: row("HVM_CONTEXT", "hvm", HVM_CONTEXT_CODEC),
  HVM_PARAMS: row("HVM_PARAMS", "hvm", HVM_PARAMS_CODEC),
  TOOLSTACK: row("TOOLSTACK", "none", TOOLSTACK_CODEC),
  X86_PV_VCPU_MSRS: row("X86_PV_VCPU_MSRS", "pv", VCPU_MSRS_CODEC),
  VERIFY: row("VERIFY", "all", MARKER_CODEC),
  CHECKPOINT: row("CHECKPOINT", "all", MARKER_CODEC),
  CHECKPOINT_DIRTY_PFN_LIST: row("CHECKPOINT_DIRTY_PFN_LIST", "none", DIRTY_PFN_LIST_CODEC),
  STATIC_DATA_END: row("STATIC_DATA_END", "all", MARKER_CODEC),
  X86_CPUID_POLICY: row("X86_CPUID_POLICY", "all", CPUID_POLICY_CODEC),
  X86_MSR_POLICY: row("X86_MSR_POLICY", "all", MSR_POLICY_CODEC),
};

/** The row of a type number whose value's type is not known to the compiler. */
export type AnyRecordRow = { readonly [N in RecordName]: RecordRow<N> }[RecordName];

/** The row of a type number; null for a type that is not known. */
export function recordRow(type: number): AnyRecordRow | null {
  const name = RECORD_NAMES[type];
  return name === undefined ? null : RECORD_CODECS[name];
}

/** A decoded body with the type it is of: told apart by `type`. */
export type LibxcRecordValue = {
  readonly [N in RecordName]: RecordValues[N] & { readonly type: RecordTypeOf<N> };
}[RecordName];

/**
 * Decode the body of a record of any type.
 *
 * @param type  of the record; an unknown one has no value and no faults
 * @param body  null where it was passed over: its length is judged all the same
 */
export function decodeLibxcRecord(
  type: number,
  body: Uint8Array | null,
  context: BodyContext & { readonly bodyBytes: number },
): Decoded<LibxcRecordValue> {
  const codec = recordRow(type)?.codec as RecordCodec<object> | undefined;
  if (codec === undefined) return { value: null, faults: [] };
  if (body === null) return { value: null, faults: codec.lengthFaults(context.bodyBytes, context) };
  const { value, faults } = codec.decode(body, context);
  return { value: value && ({ ...value, type } as LibxcRecordValue), faults };
}

/**
 * All that a body says, JSON-able: for inspection.
 *
 * @returns null for an unknown type or a body that does not frame
 */
export function interpretLibxcRecord(
  type: number,
  body: Uint8Array,
  context: BodyContext,
): Record<string, unknown> | null {
  const row = recordRow(type);
  return row && interpretBody(row.codec as RecordCodec<unknown>, body, context);
}
