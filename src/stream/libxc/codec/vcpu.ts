/**
 * The four records of a PV vcpu: X86_PV_VCPU_BASIC, EXTENDED, XSAVE, MSRS. A restorer keeps their
 * blobs until the end; here they are framed, and taken apart for inspection.
 *
 *   vcpu_id u32 | reserved u32 | blob
 *
 * Source: libxc stream document; Xen public arch-x86/xen.h (facts).
 */
import { type Fault, hex, MAX_FAULTS_PER_BODY } from "../../../findings/index.js";
import {
  fieldOffset,
  MSR_NAMES,
  VCPU_BASIC_BYTES_32,
  VCPU_BASIC_BYTES_64,
  VCPU_EXTENDED_BYTES_MAX,
  VCPU_EXTENDED_LAYOUT,
  VCPU_EXTENDED_SIZE_MIN,
  VCPU_HEAD_BYTES,
  VCPU_MSR_BYTES,
  VCPU_MSRS,
  VCPU_XSAVE_BYTES_MIN,
  VCPU_XSAVE_LAYOUT,
  type VcpuMsr,
} from "../../../format/index.js";
import { concatBytes, readU32, readU64, writeU32, writeU64 } from "../../bytes.js";
import {
  atLeast,
  type BodyContext,
  type BodySizes,
  entryFault,
  exactly,
  fieldFault,
  type RecordCodec,
  recordFault,
  sizeFaults,
} from "../../codec.js";
import { type EntryFormat, EntryTable } from "../../entry-table.js";
import { printedBlob, printedIfAny, printedTable } from "../../print.js";
import { decodeStruct, structJson } from "../../struct.js";
import { xsaveAreaJson } from "../../xsave.js";
import { vcpuContextJson } from "./vcpu-context.js";

const RESERVED_OFFSET = 4;

/** Any of the four records of a vcpu. An empty blob is tolerated and means nothing. */
export interface VcpuRecord {
  readonly vcpuId: number;
  readonly reserved: number;
  readonly blob: Uint8Array;
}

/** What sets the four records apart. */
interface BlobKind {
  /** Sizes of a blob that a restorer takes; null: not known without the guest's width. */
  sizes(context: BodyContext): BodySizes | null;
  /** Faults of the content. */
  faults?(blob: Uint8Array, context: BodyContext): Fault[];
  interpret(blob: Uint8Array, context: BodyContext): Record<string, unknown>;
}

function vcpuCodec(kind: BlobKind): RecordCodec<VcpuRecord> {
  const lengthFaults: RecordCodec<VcpuRecord>["lengthFaults"] = (bodyBytes, context) => {
    const short = sizeFaults(atLeast(VCPU_HEAD_BYTES), "LC-PV-12", bodyBytes, context);
    if (short.length > 0) return short;
    if (bodyBytes === VCPU_HEAD_BYTES) {
      const text = { ruleCase: "empty", expected: "a blob", actual: "none" } as const;
      return [recordFault(context, "LC-PV-12", { ...text, field: context.lengthField })];
    }
    const sizes = kind.sizes(context);
    if (sizes === null) return [];
    const withHead = {
      ...sizes,
      min: sizes.min + VCPU_HEAD_BYTES,
      max: sizes.max === null ? null : sizes.max + VCPU_HEAD_BYTES,
    };
    return sizeFaults(withHead, "LC-PV-15", bodyBytes, context);
  };
  return {
    sizes: atLeast(VCPU_HEAD_BYTES),
    lengthFaults,
    decode(body, context) {
      const faults = lengthFaults(body.length, context);
      if (body.length < VCPU_HEAD_BYTES) return { value: null, faults };
      const reserved = readU32(body, RESERVED_OFFSET);
      const blob = body.subarray(VCPU_HEAD_BYTES);
      if (faults.length === 0) faults.push(...(kind.faults?.(blob, context) ?? []));
      if (reserved !== 0) {
        const text = { expected: "0x0", actual: hex(reserved) };
        faults.push(fieldFault(context, "LC-PV-13", RESERVED_OFFSET, text));
      }
      return { value: { vcpuId: readU32(body, 0), reserved, blob }, faults };
    },
    encode(value) {
      const head = new Uint8Array(VCPU_HEAD_BYTES);
      writeU32(head, 0, value.vcpuId);
      writeU32(head, RESERVED_OFFSET, value.reserved);
      return concatBytes(head, value.blob);
    },
    interpret: (value, context) => ({
      vcpu_id: value.vcpuId,
      ...printedIfAny("reserved", value.reserved),
      ...(value.blob.length === 0 ? {} : kind.interpret(value.blob, context)),
    }),
  };
}

/** Codec of X86_PV_VCPU_BASIC. LC-PV-12, 13, 15 (the size needs the guest width) */
export const VCPU_BASIC_CODEC: RecordCodec<VcpuRecord> = vcpuCodec({
  sizes({ guestWidth }) {
    if (guestWidth == null) return null;
    return exactly(guestWidth === 8 ? VCPU_BASIC_BYTES_64 : VCPU_BASIC_BYTES_32);
  },
  interpret(blob, { guestWidth }) {
    if (guestWidth !== 4 && blob.length === VCPU_BASIC_BYTES_64) return vcpuContextJson(blob, 8);
    if (guestWidth !== 8 && blob.length === VCPU_BASIC_BYTES_32) return vcpuContextJson(blob, 4);
    return printedBlob("context", blob);
  },
});

const EXTENDED_SIZE_OFFSET = fieldOffset(VCPU_EXTENDED_LAYOUT, "size");

/** Codec of X86_PV_VCPU_EXTENDED. LC-PV-12, 13, 15 (case "inner-size": its own size field) */
export const VCPU_EXTENDED_CODEC: RecordCodec<VcpuRecord> = vcpuCodec({
  sizes: () => ({ min: 1, max: VCPU_EXTENDED_BYTES_MAX, unit: 1 }),
  faults(blob, context) {
    const size = readU32(blob, EXTENDED_SIZE_OFFSET);
    if (size >= VCPU_EXTENDED_SIZE_MIN) return [];
    const text = {
      ruleCase: "inner-size",
      message: "the size field inside the blob is below what a hypervisor takes",
      expected: `at least ${VCPU_EXTENDED_SIZE_MIN}`,
      actual: String(size),
    };
    // A blob that ends before the field is filled up with zeros.
    if (blob.length <= EXTENDED_SIZE_OFFSET)
      return [recordFault(context, "LC-PV-15", { ...text, field: null })];
    return [fieldFault(context, "LC-PV-15", VCPU_HEAD_BYTES + EXTENDED_SIZE_OFFSET, text)];
  },
  interpret: (blob) => ({
    bytes: blob.length,
    ...structJson(decodeStruct(VCPU_EXTENDED_LAYOUT, blob)),
    ...printedIfAny("rest", blob.subarray(VCPU_EXTENDED_LAYOUT.bytes)),
  }),
});

/** Codec of X86_PV_VCPU_XSAVE. LC-PV-12, 13, 15 */
export const VCPU_XSAVE_CODEC: RecordCodec<VcpuRecord> = vcpuCodec({
  sizes: () => atLeast(VCPU_XSAVE_BYTES_MIN),
  interpret(blob) {
    const area = blob.subarray(VCPU_XSAVE_LAYOUT.bytes);
    return { ...structJson(decodeStruct(VCPU_XSAVE_LAYOUT, blob)), ...xsaveAreaJson(area) };
  },
});

/** Entries of X86_PV_VCPU_MSRS. */
export const VCPU_MSR: EntryFormat<VcpuMsr> = {
  bytes: VCPU_MSR_BYTES,
  read: (bytes, offset) => ({
    index: readU32(bytes, offset),
    reserved: readU32(bytes, offset + 4),
    value: readU64(bytes, offset + 8),
  }),
  write(entry, bytes, offset) {
    writeU32(bytes, offset, entry.index);
    writeU32(bytes, offset + 4, entry.reserved);
    writeU64(bytes, offset + 8, entry.value);
  },
};

/** Codec of X86_PV_VCPU_MSRS. LC-PV-12, 13, 15 (case "msr-entry": one no hypervisor takes) */
export const VCPU_MSRS_CODEC: RecordCodec<VcpuRecord> = vcpuCodec({
  sizes: () => atLeast(0, VCPU_MSR_BYTES),
  faults(blob, context) {
    const table = new EntryTable(VCPU_MSR, blob);
    const faults: Fault[] = [];
    for (let index = 0; index < table.length && faults.length < MAX_FAULTS_PER_BODY; index++) {
      const entry = table.at(index);
      if (VCPU_MSRS.has(entry.index) && entry.reserved === 0) continue;
      const text = {
        ruleCase: "msr-entry",
        message: "an MSR that this build of the hypervisor does not take",
        expected: "a known MSR, reserved word 0x0",
        actual: `MSR ${hex(entry.index)}, reserved word ${hex(entry.reserved)}`,
      };
      const offset = VCPU_HEAD_BYTES + index * VCPU_MSR_BYTES;
      faults.push(entryFault(context, "LC-PV-15", offset, index, text));
    }
    return faults;
  },
  interpret: (blob) =>
    printedTable("msr", new EntryTable(VCPU_MSR, blob), (entry) => ({
      index: entry.index,
      name: MSR_NAMES.get(entry.index) ?? null,
      ...printedIfAny("reserved", entry.reserved),
      value: hex(entry.value),
    })),
});
