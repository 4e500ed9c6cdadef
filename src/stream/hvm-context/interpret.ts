/**
 * An HVM context for inspection: its records with all their fields, JSON-able, with the field names
 * of Xen's public headers.
 */
import { MAX_ITEMS_PRINTED } from "../../findings/index.js";
import { HVM_TYPES, type HvmContextRecord, type HvmMsr, MSR_NAMES } from "../../format/index.js";
import { printedBlob, printedIfAny } from "../print.js";
import { jsonOf, structJson } from "../struct.js";
import { xsaveAreaJson } from "../xsave.js";
import { HvmContext } from "./codec.js";

/**
 * The records of a context in their order, as far as they are whole.
 *
 * @param blob  body of an HVM_CONTEXT record, or a file of its own
 */
export function interpretHvmContext(blob: Uint8Array): Record<string, unknown>[] {
  const records: Record<string, unknown>[] = [];
  for (const record of new HvmContext(blob, 0)) {
    if (records.length === MAX_ITEMS_PRINTED) break;
    records.push(recordJson(record));
  }
  return records;
}

function recordJson(record: HvmContextRecord): Record<string, unknown> {
  const { typecode, name, instance, bodyBytes } = record;
  return { typecode, name, instance, length: bodyBytes, ...fieldsJson(record) };
}

function fieldsJson(record: HvmContextRecord): Record<string, unknown> {
  if (record.fields === null) return printedBlob("body", record.body);
  switch (record.name) {
    case "CPU": {
      // A form without the flags is taken as one with the FPU initialised.
      const short = record.bodyBytes < (HVM_TYPES[record.typecode]?.bytes ?? 0);
      return structJson(short ? { ...record.fields, flags: 1 } : record.fields);
    }
    case "PIC": {
      const { bits, init_priority: both } = record.fields;
      const named = { init_state: both & 0xf, priority: both >> 4, ...picBits(bits) };
      return { ...structJson(record.fields), ...named };
    }
    case "CPU_XSAVE": {
      const { area, ...head } = record.fields;
      return { ...structJson(head), ...xsaveAreaJson(area) };
    }
    case "CPU_MSR": {
      const { count, pad, msr } = record.fields;
      return { count, ...printedIfAny("pad", pad), msr: msrsJson(msr) };
    }
    default:
      return structJson(record.fields);
  }
}

function msrsJson(msrs: Iterable<HvmMsr>): Record<string, unknown>[] {
  const printed: Record<string, unknown>[] = [];
  for (const { index, _rsvd, val } of msrs) {
    if (printed.length === MAX_ITEMS_PRINTED) break;
    const name = MSR_NAMES.get(index) ?? null;
    printed.push({ index, name, ...printedIfAny("_rsvd", _rsvd), val: jsonOf(val) });
  }
  return printed;
}

/** The flags in the sixth byte of a PIC record, lowest bit first. */
const PIC_BITS = [
  "readsel_isr",
  "poll",
  "auto_eoi",
  "rotate_on_auto_eoi",
  "special_fully_nested_mode",
  "special_mask_mode",
  "is_master",
] as const;

function picBits(bits: number): Record<string, boolean> {
  return Object.fromEntries(PIC_BITS.map((name, bit) => [name, ((bits >> bit) & 1) === 1]));
}
