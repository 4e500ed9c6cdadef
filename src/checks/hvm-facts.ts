/**
 * What the checks of an HVM context are told beyond its records, and how they report.
 */
import { type Fault, type FieldSpan, MAX_FAULTS_PER_BODY, type Place } from "../findings/index.js";
import { type CpuidLeaf, HVM_DESCRIPTOR_BYTES, type HvmRecordHead } from "../format/index.js";

/** What is known of the domain that is to load a context. */
export interface HvmContextFacts {
  /** Number of vcpus; null where nobody told: then any instance will do. */
  readonly vcpus: number | null;
  /** True for a PVH guest, which lacks most devices; null or left out where nobody told. */
  readonly pvh?: boolean | null | undefined;
  /** The stream's CPUID policy; null or left out if it has none: then features are not judged. */
  readonly cpuid?: readonly CpuidLeaf[] | null | undefined;
  /** Place of what holds the context; its byteOffset is replaced by that of what is wrong. */
  readonly place: Place;
}

/**
 * Reports a breach.
 *
 * @param field  counted from the record's body; null: the record as a whole, its descriptor
 */
export type Report = (
  rule: string,
  field: FieldSpan | null,
  text: Pick<Fault, "message" | "expected" | "actual">,
) => void;

/** A list of faults of one record, and what fills it. The record's ordinal is the entry index. */
export function recordFaults(
  record: HvmRecordHead,
  place: Place,
): { readonly faults: Fault[]; readonly report: Report } {
  const { layer, recordIndex, recordType } = place;
  const faults: Fault[] = [];
  const report: Report = (rule, field, text) => {
    if (faults.length >= MAX_FAULTS_PER_BODY) return;
    const offset = field === null ? 0 : HVM_DESCRIPTOR_BYTES + field.at;
    const byteOffset = record.byteOffset + offset;
    const at = { layer, byteOffset, recordIndex, recordType, entryIndex: record.ordinal };
    const span = field === null ? undefined : { at: 0, bytes: field.bytes };
    faults.push({ rule, ...at, ...(span && { field: span }), ...text });
  };
  return { faults, report };
}
