/**
 * The bodies of HVM context records: fields by layout, and the three kinds that are more than one
 * layout (CPU in its oldest form, CPU_XSAVE, CPU_MSR). A body shorter than its layout is extended
 * with zeros, as a loader does, and cut to its length again when written.
 * Source: Xen public arch-x86/hvm/save.h (facts).
 */
import {
  type FieldSpec,
  fieldOffset,
  HVM_CPU_BYTES_OLD,
  HVM_CPU_LAYOUT,
  HVM_CPU_OLD_TAIL_LAYOUT,
  HVM_HEADER_LAYOUT,
  HVM_HPET_LAYOUT,
  HVM_IOAPIC_LAYOUT,
  HVM_ISA_IRQ_LAYOUT,
  HVM_LAPIC_LAYOUT,
  HVM_LAPIC_REGS_LAYOUT,
  HVM_MSR_ENTRY_BYTES,
  HVM_MSR_ENTRY_LAYOUT,
  HVM_MSR_HEAD_BYTES,
  HVM_MSR_HEAD_LAYOUT,
  HVM_MTRR_LAYOUT,
  HVM_PCI_IRQ_LAYOUT,
  HVM_PCI_LINK_LAYOUT,
  HVM_PIC_LAYOUT,
  HVM_PIT_LAYOUT,
  HVM_PMTIMER_LAYOUT,
  HVM_RTC_LAYOUT,
  HVM_TSC_ADJUST_LAYOUT,
  HVM_TYPE_NAMES,
  HVM_TYPES,
  HVM_VIRIDIAN_DOMAIN_LAYOUT,
  HVM_VIRIDIAN_VCPU_LAYOUT,
  HVM_VMCE_VCPU_LAYOUT,
  HVM_XSAVE_HEAD_BYTES,
  HVM_XSAVE_HEAD_LAYOUT,
  type HvmContextRecord,
  type HvmFields,
  type HvmMsr,
  type HvmRecordHead,
  type HvmType,
  type HvmTypeName,
  type Layout,
  type OpaqueHvmRecord,
  type TypedHvmRecord,
} from "../../format/index.js";
import { concatBytes } from "../bytes.js";
import { EntryTable } from "../entry-table.js";
import { decodeStruct, encodeStruct, structView } from "../struct.js";

/** How the body of one type is read and written. */
interface BodyCodec<F> {
  /** The fields; null for a length that the type cannot have. */
  decode(body: Uint8Array): F | null;
  /** As decode(), but fields may be read only when they are asked for (structView()). */
  view?(body: Uint8Array): F | null;
  /** The body, `bodyBytes` long where the type has several lengths. */
  encode(fields: F, bodyBytes: number): Uint8Array;
}

function structCodec<F extends readonly FieldSpec[]>(
  name: HvmTypeName,
  structure: Layout<F>,
): BodyCodec<ReturnType<typeof decodeStruct<F>>> {
  const type = HVM_TYPES[HVM_TYPE_NAMES.indexOf(name)] as HvmType;
  const fits = ({ length }: Uint8Array): boolean =>
    type.rule === "atMost" ? length <= type.bytes : length === type.bytes;
  const view = structView(structure);
  return {
    decode: (body) => (fits(body) ? decodeStruct(structure, body) : null),
    view: (body) => (fits(body) ? view(body) : null),
    encode: (fields, bodyBytes) => encodeStruct(structure, fields).slice(0, bodyBytes),
  };
}

const CPU_TAIL_OFFSET = fieldOffset(HVM_CPU_LAYOUT, "msr_tsc_aux");
const CPU_CODEC = structCodec("CPU", HVM_CPU_LAYOUT);

// The oldest form ends in other fields than the first 1016 bytes of the present one.
const CPU: BodyCodec<HvmFields["CPU"]> = {
  decode(body) {
    const fields = CPU_CODEC.decode(body);
    if (fields === null || body.length !== HVM_CPU_BYTES_OLD) return fields;
    const tail = decodeStruct(HVM_CPU_OLD_TAIL_LAYOUT, body, CPU_TAIL_OFFSET);
    return { ...fields, msr_tsc_aux: 0n, ...tail };
  },
  view(body) {
    const oldest = body.length === HVM_CPU_BYTES_OLD;
    return oldest ? CPU.decode(body) : (CPU_CODEC.view?.(body) ?? null);
  },
  encode(fields, bodyBytes) {
    const body = CPU_CODEC.encode(fields, bodyBytes);
    if (bodyBytes === HVM_CPU_BYTES_OLD) {
      body.set(encodeStruct(HVM_CPU_OLD_TAIL_LAYOUT, fields), CPU_TAIL_OFFSET);
    }
    return body;
  },
};

const CPU_XSAVE: BodyCodec<HvmFields["CPU_XSAVE"]> = {
  decode(body) {
    if (body.length < HVM_XSAVE_HEAD_BYTES) return null;
    const head = decodeStruct(HVM_XSAVE_HEAD_LAYOUT, body);
    return { ...head, area: body.subarray(HVM_XSAVE_HEAD_BYTES) };
  },
  encode: (fields) => concatBytes(encodeStruct(HVM_XSAVE_HEAD_LAYOUT, fields), fields.area),
};

const MSR_ENTRY = {
  bytes: HVM_MSR_ENTRY_BYTES,
  read: (bytes: Uint8Array, offset: number) => decodeStruct(HVM_MSR_ENTRY_LAYOUT, bytes, offset),
  write(entry: HvmMsr, bytes: Uint8Array, offset: number) {
    bytes.set(encodeStruct(HVM_MSR_ENTRY_LAYOUT, entry), offset);
  },
};

const CPU_MSR: BodyCodec<HvmFields["CPU_MSR"]> = {
  decode(body) {
    const entriesBytes = body.length - HVM_MSR_HEAD_BYTES;
    if (entriesBytes < 0 || entriesBytes % HVM_MSR_ENTRY_BYTES !== 0) return null;
    const msr = new EntryTable(MSR_ENTRY, body.subarray(HVM_MSR_HEAD_BYTES));
    return { ...decodeStruct(HVM_MSR_HEAD_LAYOUT, body), msr };
  },
  encode: (fields) =>
    concatBytes(
      encodeStruct(HVM_MSR_HEAD_LAYOUT, fields),
      EntryTable.of(MSR_ENTRY, [...fields.msr]).bytes,
    ),
};

const END: BodyCodec<HvmFields["END"]> = {
  decode: (body) => (body.length === 0 ? {} : null),
  encode: () => new Uint8Array(0),
};

const CODECS: { readonly [N in HvmTypeName]: BodyCodec<HvmFields[N]> } = {
  END,
  HEADER: structCodec("HEADER", HVM_HEADER_LAYOUT),
  CPU,
  PIC: structCodec("PIC", HVM_PIC_LAYOUT),
  IOAPIC: structCodec("IOAPIC", HVM_IOAPIC_LAYOUT),
  LAPIC: structCodec("LAPIC", HVM_LAPIC_LAYOUT),
  LAPIC_REGS: structCodec("LAPIC_REGS", HVM_LAPIC_REGS_LAYOUT),
  PCI_IRQ: structCodec("PCI_IRQ", HVM_PCI_IRQ_LAYOUT),
  ISA_IRQ: structCodec("ISA_IRQ", HVM_ISA_IRQ_LAYOUT),
  PCI_LINK: structCodec("PCI_LINK", HVM_PCI_LINK_LAYOUT),
  PIT: structCodec("PIT", HVM_PIT_LAYOUT),
  RTC: structCodec("RTC", HVM_RTC_LAYOUT),
  HPET: structCodec("HPET", HVM_HPET_LAYOUT),
  PMTIMER: structCodec("PMTIMER", HVM_PMTIMER_LAYOUT),
  MTRR: structCodec("MTRR", HVM_MTRR_LAYOUT),
  VIRIDIAN_DOMAIN: structCodec("VIRIDIAN_DOMAIN", HVM_VIRIDIAN_DOMAIN_LAYOUT),
  CPU_XSAVE,
  VIRIDIAN_VCPU: structCodec("VIRIDIAN_VCPU", HVM_VIRIDIAN_VCPU_LAYOUT),
  VMCE_VCPU: structCodec("VMCE_VCPU", HVM_VMCE_VCPU_LAYOUT),
  TSC_ADJUST: structCodec("TSC_ADJUST", HVM_TSC_ADJUST_LAYOUT),
  CPU_MSR,
};

/**
 * Decode the body of one record.
 *
 * @param body  `head.bodyBytes` bytes; an opaque record and an XSAVE area keep views of it
 * @param how   "view": fields are read when they are asked for; they are not to be printed
 */
export function decodeHvmRecord(
  head: HvmRecordHead,
  body: Uint8Array,
  how: "whole" | "view" = "whole",
): HvmContextRecord {
  const { typecode, instance, ordinal, byteOffset, bodyBytes } = head;
  const name = HVM_TYPE_NAMES[typecode] ?? null;
  const fields = name === null ? null : fieldsOf(CODECS[name], body, how);
  // Written out: a context has hundreds, and a spread costs several times as much.
  const record = { typecode, instance, ordinal, byteOffset, bodyBytes, name, fields };
  return (fields === null ? { ...record, body } : record) as HvmContextRecord;
}

function fieldsOf<F>(codec: BodyCodec<F>, body: Uint8Array, how: "whole" | "view"): F | null {
  return how === "view" && codec.view !== undefined ? codec.view(body) : codec.decode(body);
}

/** The body of a record, as it was read. */
export function encodeHvmRecord(record: HvmContextRecord): Uint8Array {
  if (record.fields === null) return (record as OpaqueHvmRecord).body.slice();
  const codec = CODECS[record.name] as BodyCodec<HvmFields[HvmTypeName]>;
  return codec.encode(record.fields, record.bodyBytes);
}

/**
 * Make a record to be written; its place in a chain is not known yet.
 *
 * @param bodyBytes  an earlier length of the type; the present one if left out
 */
export function hvmRecord<N extends HvmTypeName>(
  name: N,
  instance: number,
  fields: HvmFields[N],
  bodyBytes?: number,
): TypedHvmRecord<N> {
  const typecode = HVM_TYPE_NAMES.indexOf(name);
  const whole = CODECS[name].encode(fields, Number.MAX_SAFE_INTEGER).length;
  const head = { typecode, instance, ordinal: 0, byteOffset: 0, bodyBytes: bodyBytes ?? whole };
  return { ...head, name, fields };
}
