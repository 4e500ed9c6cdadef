/**
 * The HVM context: a chain of records behind descriptors, as a hypervisor saves and loads it. The
 * chain is walked lazily, its framing is judged (HC-1 to HC-7); what the records say is judged in
 * checks/hvm-context.ts. Reading and writing are exact inverses, for earlier lengths too.
 *
 *   descriptor (8): typecode u16 | instance u16 | length u32, then `length` bytes, no padding
 *
 * Source: Xen public hvm/save.h and the behaviour of its loader (facts).
 */
import { counted, type Fault, hex, MAX_FAULTS_PER_BODY } from "../../findings/index.js";
import {
  fieldOffset,
  HVM_DESCRIPTOR_BYTES,
  HVM_HEADER_BYTES,
  HVM_HEADER_LAYOUT,
  HVM_HEADER_MAGIC,
  HVM_HEADER_VERSION,
  HVM_TYPE_END,
  HVM_TYPE_HEADER,
  HVM_TYPES,
  type HvmContextRecord,
} from "../../format/index.js";
import { concatBytes, readU16, readU32, writeU16, writeU32 } from "../bytes.js";
import { type BodyContext, entryFault, type FaultText } from "../codec.js";
import { decodeStruct } from "../struct.js";
import { decodeHvmRecord, encodeHvmRecord } from "./records.js";

/** A descriptor with its body. */
export interface HvmDescriptor {
  readonly typecode: number;
  readonly instance: number;
  /** In the chain, from 0. */
  readonly ordinal: number;
  /** Of the descriptor, in the context. */
  readonly offset: number;
  /** Length of the body, as the descriptor has it. */
  readonly bodyBytes: number;
}

/** A context: its records, decoded anew each time one iterates, and what follows the END record. */
export class HvmContext implements Iterable<HvmContextRecord> {
  /** The whole context. Not to be written to. */
  readonly blob: Uint8Array;
  /** Of the context's first byte, in the input. */
  readonly byteOffset: number;

  /** @param blob kept, not copied */
  constructor(blob: Uint8Array, byteOffset: number) {
    this.blob = blob;
    this.byteOffset = byteOffset;
  }

  [Symbol.iterator](): Iterator<HvmContextRecord> {
    return this.#records("whole");
  }

  /** For checks: fields are read when they are asked for, and are not to be printed or spread. */
  views(): Iterable<HvmContextRecord> {
    return this.#records("view");
  }

  *#records(how: "whole" | "view"): Generator<HvmContextRecord, void, undefined> {
    for (const descriptor of hvmDescriptors(this.blob)) {
      const { offset, bodyBytes } = descriptor;
      const bodyOffset = offset + HVM_DESCRIPTOR_BYTES;
      const body = this.blob.subarray(bodyOffset, bodyOffset + bodyBytes);
      const { typecode, instance, ordinal } = descriptor;
      const byteOffset = this.byteOffset + offset;
      yield decodeHvmRecord({ typecode, instance, ordinal, byteOffset, bodyBytes }, body, how);
    }
  }

  /** What stands behind the last record that is whole: behind END, or a part of a record. */
  get rest(): Uint8Array {
    let end = 0;
    for (const { offset, bodyBytes } of hvmDescriptors(this.blob)) {
      end = offset + HVM_DESCRIPTOR_BYTES + bodyBytes;
    }
    return this.blob.subarray(end);
  }
}

/** The descriptors of a context up to END, or to the first that does not fit with its body. */
export function* hvmDescriptors(blob: Uint8Array): Generator<HvmDescriptor, void, undefined> {
  let offset = 0;
  for (let ordinal = 0; offset + HVM_DESCRIPTOR_BYTES <= blob.length; ordinal++) {
    const typecode = readU16(blob, offset);
    const bodyBytes = readU32(blob, offset + 4);
    // A loader stops at END before it looks at its length (HC-3).
    const fits = offset + HVM_DESCRIPTOR_BYTES + bodyBytes <= blob.length;
    if (!fits && typecode !== HVM_TYPE_END) return;
    yield { typecode, instance: readU16(blob, offset + 2), ordinal, offset, bodyBytes };
    if (typecode === HVM_TYPE_END) return;
    offset += HVM_DESCRIPTOR_BYTES + bodyBytes;
  }
}

/**
 * Decode a context and judge its framing. HC-1 to HC-7
 *
 * @param blob     body of an HVM_CONTEXT record, or a file of its own; kept by the value
 * @param context  place of what holds the context, and where its first byte stands
 */
export function decodeHvmContext(
  blob: Uint8Array,
  context: BodyContext,
): { readonly value: HvmContext; readonly faults: readonly Fault[] } {
  const value = new HvmContext(blob, context.bodyByteOffset);
  return { value, faults: framingFaults(blob, context) };
}

function framingFaults(blob: Uint8Array, context: BodyContext): Fault[] {
  const header = headerFaults(blob, context);
  // Without its header a context is no chain: what would be said of the rest is guesswork.
  if (header.some((fault) => fault.rule === "HC-1")) return header;
  const faults = header;
  let end = 0;
  let last: HvmDescriptor | null = null;
  for (const descriptor of hvmDescriptors(blob)) {
    last = descriptor;
    end = descriptor.offset + HVM_DESCRIPTOR_BYTES + descriptor.bodyBytes;
    if (descriptor.ordinal > 0 && faults.length < MAX_FAULTS_PER_BODY) {
      faults.push(...descriptorFaults(descriptor, context));
    }
  }
  if (last?.typecode === HVM_TYPE_END) faults.push(...endFaults(last, blob.length, context));
  else faults.push(breakFault(blob, end, last === null ? 0 : last.ordinal + 1, context));
  return faults;
}

function headerFaults(blob: Uint8Array, context: BodyContext): Fault[] {
  const fault = (rule: string, offset: number, text: FaultText): Fault =>
    entryFault(context, rule, offset, 0, text);
  const typecode = readU16(blob, 0);
  const bodyBytes = readU32(blob, 4);
  const whole = blob.length >= HVM_DESCRIPTOR_BYTES + HVM_HEADER_BYTES;
  if (!whole || typecode !== HVM_TYPE_HEADER || bodyBytes !== HVM_HEADER_BYTES) {
    const actual = whole
      ? `type ${typecode}, ${counted(bodyBytes, "byte")}`
      : `a context of ${counted(blob.length, "byte")}`;
    return [fault("HC-1", 0, { expected: "HEADER (type 1) of 24 bytes", actual })];
  }
  const header = decodeStruct(HVM_HEADER_LAYOUT, blob, HVM_DESCRIPTOR_BYTES);
  const faults: Fault[] = [];
  if (header.magic !== HVM_HEADER_MAGIC) {
    const text = { expected: hex(HVM_HEADER_MAGIC), actual: hex(header.magic) };
    faults.push(fault("HC-2", HVM_DESCRIPTOR_BYTES, text));
  }
  if (header.version !== HVM_HEADER_VERSION) {
    const offset = HVM_DESCRIPTOR_BYTES + fieldOffset(HVM_HEADER_LAYOUT, "version");
    const text = { expected: String(HVM_HEADER_VERSION), actual: String(header.version) };
    faults.push(fault("HC-2", offset, text));
  }
  return faults;
}

function descriptorFaults(descriptor: HvmDescriptor, context: BodyContext): Fault[] {
  const { typecode, offset, ordinal, bodyBytes } = descriptor;
  if (typecode === HVM_TYPE_END) return [];
  const type = HVM_TYPES[typecode];
  if (type === undefined || typecode === HVM_TYPE_HEADER) {
    const actual = type === undefined ? `type ${typecode}` : "a second HEADER";
    return [entryFault(context, "HC-5", offset, ordinal, { expected: "types 2 to 20", actual })];
  }
  const wrong =
    (type.rule === "exact" && bodyBytes !== type.bytes) ||
    (type.rule === "atMost" && bodyBytes > type.bytes);
  if (!wrong) return [];
  const bytes = counted(type.bytes, "byte");
  const expected = `${type.name} of ${type.rule === "exact" ? bytes : `at most ${bytes}`}`;
  const text = { expected, actual: counted(bodyBytes, "byte") };
  return [entryFault(context, "HC-7", offset, ordinal, text)];
}

// A loader looks neither at END's length nor at what follows it: both are worth a warning.
function endFaults(end: HvmDescriptor, blobBytes: number, context: BodyContext): Fault[] {
  const faults: Fault[] = [];
  if (end.bodyBytes > 0) {
    const text = {
      message: "the END record has a body",
      expected: "0 bytes",
      actual: counted(end.bodyBytes, "byte"),
      field: { at: 4, bytes: 4 },
    };
    faults.push(entryFault(context, "HC-3", end.offset, end.ordinal, text));
  }
  const behind = end.offset + HVM_DESCRIPTOR_BYTES + end.bodyBytes;
  if (behind < blobBytes) {
    const text = {
      message: "bytes follow the END record",
      expected: "nothing",
      actual: counted(blobBytes - behind, "byte"),
    };
    faults.push(entryFault(context, "HC-3", behind, end.ordinal, text));
  }
  return faults;
}

function breakFault(
  blob: Uint8Array,
  offset: number,
  ordinal: number,
  context: BodyContext,
): Fault {
  const left = blob.length - offset;
  if (left < HVM_DESCRIPTOR_BYTES) {
    const text = { expected: "an END record", actual: `${counted(left, "byte")} left` };
    return entryFault(context, "HC-4", offset, ordinal, text);
  }
  const typecode = readU16(blob, offset);
  // A loader looks for the type before it looks at the length.
  if (HVM_TYPES[typecode] === undefined) {
    const text = { expected: "types 2 to 20", actual: `type ${typecode}` };
    return entryFault(context, "HC-5", offset, ordinal, text);
  }
  const expected = `at most ${counted(left - HVM_DESCRIPTOR_BYTES, "byte")}`;
  const text = { expected, actual: counted(readU32(blob, offset + 4), "byte") };
  return entryFault(context, "HC-6", offset, ordinal, text);
}

/** Encode a chain of records, and what is to follow it, as one context. */
export function encodeHvmContext(
  records: Iterable<HvmContextRecord>,
  rest: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const record of records) {
    const body = encodeHvmRecord(record);
    const descriptor = new Uint8Array(HVM_DESCRIPTOR_BYTES);
    writeU16(descriptor, 0, record.typecode);
    writeU16(descriptor, 2, record.instance);
    writeU32(descriptor, 4, body.length);
    parts.push(descriptor, body);
  }
  return concatBytes(...parts, rest);
}
