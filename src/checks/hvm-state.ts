/**
 * Judges the two records of an HVM context whose length follows from their content: CPU_XSAVE
 * (HC-26) and CPU_MSR (HC-27).
 * Sources: Xen's loaders of the records (facts); Intel SDM volume 1, chapter 13 for the layout.
 */
import { counted, hex } from "../findings/index.js";
import {
  CPUID_LEAF_XSTATE,
  type CpuidLeaf,
  HVM_CONTEXT_MSRS,
  HVM_MSR_ENTRY_BYTES,
  HVM_MSR_HEAD_BYTES,
  HVM_XSAVE_BYTES_MIN,
  HVM_XSAVE_HEAD_BYTES,
  type HvmFields,
  XSAVE_HEADER_BYTES,
  XSAVE_LEGACY_BYTES,
} from "../format/index.js";
import { findLeaf } from "./cpu-policy.js";
import type { HvmContextFacts, Report } from "./hvm-facts.js";

/** The count of a CPU_MSR record; index and reserved word, with which each entry begins. */
const MSR_COUNT = { at: 0, bytes: 4 };
const MSR_NAMED_BYTES = 8;
const AREA_BYTES_MIN = XSAVE_LEGACY_BYTES + XSAVE_HEADER_BYTES;
/** Byte of the area that holds bits 63..56 of xcomp_bv; its top bit says "compacted". */
const XCOMP_TOP_BYTE = XSAVE_LEGACY_BYTES + 15;
const COMPACTED = 0x80;
const COMPONENTS = 64;
/** AVX: the one component beyond x87 and SSE that stands at the same place everywhere. */
const AVX_COMPONENT = 2;
const AVX_END = AREA_BYTES_MIN + 256;

/**
 * Judge one CPU_XSAVE record. HC-26
 *
 * @param fields  null where the body is too short to have any
 */
export function checkHvmXsave(
  bodyBytes: number,
  fields: HvmFields["CPU_XSAVE"] | null,
  facts: HvmContextFacts,
  report: Report,
): void {
  if (fields === null || bodyBytes < HVM_XSAVE_BYTES_MIN) {
    const expected = `at least ${counted(HVM_XSAVE_BYTES_MIN, "byte")}`;
    report("HC-26", null, { expected, actual: counted(bodyBytes, "byte") });
    return;
  }
  const { area, xcr0_accum: accumulated } = fields;
  if (((area[XCOMP_TOP_BYTE] ?? 0) & COMPACTED) !== 0) {
    const text = { expected: "an uncompressed area", actual: "xcomp_bv bit 63 is set" };
    report("HC-26", { at: HVM_XSAVE_HEAD_BYTES + XCOMP_TOP_BYTE - 7, bytes: 8 }, text);
  }
  const right = areaBytes(accumulated, facts.cpuid ?? []);
  if (right === null || area.length === right) return;
  if (area.length > right && area.subarray(right).every((byte) => byte === 0)) return;
  const expected = `an area of ${counted(right, "byte")} for xcr0_accum ${hex(accumulated)}`;
  report("HC-26", null, { expected, actual: counted(area.length, "byte") });
}

// Size of the uncompressed area for a set of components; null where a component's place is not
// known: beyond AVX it is the processor's choice, which only the policy tells.
function areaBytes(accumulated: bigint, cpuid: readonly CpuidLeaf[]): number | null {
  let end = AREA_BYTES_MIN;
  // Two halves, for 64 steps of bigint arithmetic would cost more than all the rest of the record.
  const halves = [Number(accumulated & 0xffff_ffffn), Number(accumulated >> 32n)];
  for (let component = AVX_COMPONENT; component < COMPONENTS; component++) {
    const half = halves[component >> 5] ?? 0;
    if (((half >>> (component & 31)) & 1) === 0) continue;
    const leaf = findLeaf(cpuid, CPUID_LEAF_XSTATE, component);
    if (leaf !== undefined) end = Math.max(end, leaf.ebx + leaf.eax);
    else if (component === AVX_COMPONENT) end = Math.max(end, AVX_END);
    else return null;
  }
  return end;
}

/**
 * Judge one CPU_MSR record. HC-27
 *
 * @param fields  null where the body is not its head and whole entries
 */
export function checkHvmMsrs(
  bodyBytes: number,
  fields: HvmFields["CPU_MSR"] | null,
  report: Report,
): void {
  if (fields === null || fields.count !== fields.msr.length) {
    const claimed = fields === null ? "its count of" : String(fields.count);
    const expected = `${counted(HVM_MSR_HEAD_BYTES, "byte")} and ${claimed} entries`;
    report("HC-27", null, { expected, actual: counted(bodyBytes, "byte") });
  }
  if (fields === null) return;
  if (fields.count === 0) report("HC-27", MSR_COUNT, { expected: "at least 1 entry", actual: "0" });
  let offset = HVM_MSR_HEAD_BYTES;
  for (const { index, _rsvd } of fields.msr) {
    if (!HVM_CONTEXT_MSRS.has(index) || _rsvd !== 0) {
      const actual = `MSR ${hex(index)}, reserved word ${hex(_rsvd)}`;
      report(
        "HC-27",
        { at: offset, bytes: MSR_NAMED_BYTES },
        { expected: "a known MSR, reserved word 0x0", actual },
      );
    }
    offset += HVM_MSR_ENTRY_BYTES;
  }
}
