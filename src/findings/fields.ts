/**
 * Where the field stands that a breach of a rule is about, told by the rule; a check whose rule has
 * several forms says it itself (`Fault.field`). What the breach is, in words, is breaches/.
 * Source: the layouts of the specification pages.
 */
import type { Fault, FieldSpan, Finding } from "./finding.js";

/** Type and length in the header of a libxc, libxl or Xenstore record. */
export const RECORD_TYPE: FieldSpan = { at: 0, bytes: 4 };
export const RECORD_LENGTH: FieldSpan = { at: 4, bytes: 4 };

const BYTE = { at: 0, bytes: 1 };
const U16 = { at: 0, bytes: 2 };
const U32 = { at: 0, bytes: 4 };
const U64 = { at: 0, bytes: 8 };
/** Second half of an HVM parameter, an MSR of a policy, a XAPI section's header. */
const SECOND_U64 = { at: 8, bytes: 8 };
const VCPU_ID = { at: 8, bytes: 4 };
/** Of a descriptor in an HVM context. */
const HVM_TYPECODE = U16;
const HVM_INSTANCE = { at: 2, bytes: 2 };
const HVM_LENGTH = { at: 4, bytes: 4 };
const LEGACY_CHUNK_ID = U32;

/** Each span with the rules ("rule" or "rule/case") whose faults have it. */
const ROWS: readonly (readonly [FieldSpan, string])[] = [
  [U64, "LC-HDR-2 LC-PG-5 LC-PG-6 LC-PG-8 LC-SIM-5 LC-SIM-7 LC-PV-15/on-host"],
  [U32, "LC-HDR-3 LC-HDR-4 LC-HDR-7 LC-DOM-1 LC-PG-2 LC-PG-7 LC-PV-5 LC-PV-9 LC-PV-13 LC-PV-14"],
  [U32, "LC-TSC-2 LC-TSC-3 LC-HVM-2 LC-HVM-3 LC-POL-2 LC-PV-15/inner-size"],
  [U16, "LC-HDR-5 LC-HDR-6 LC-DOM-2 LC-DOM-3 LC-PV-1"],
  [{ at: 12, bytes: 4 }, "LC-HDR-4/on-host"],
  [{ at: 0, bytes: 6 }, "LC-PV-3"],
  [RECORD_TYPE, "LC-REC-2 LC-REC-3 LC-TYP-1 LC-TYP-2 LC-TYP-3 LC-TYP-4 LC-PV-4 LC-PV-7 LC-PV-11"],
  [RECORD_TYPE, "LC-HVM-6 LC-POL-5 LC-ORD-1 LC-ORD-2 LC-ORD-4 LC-ORD-5 LC-ORD-6 LC-ORD-7"],
  [RECORD_TYPE, "LC-CP-1 LC-CP-2 LC-CP-5 LC-CP-6 LC-CP-7"],
  [RECORD_LENGTH, "LC-REC-4 LC-REC-5 LC-REC-8 LC-PG-1 LC-PG-3 LC-PG-4 LC-PV-6 LC-PV-12 LC-HVM-1"],
  // Index, then reserved word or flags: both are looked at.
  [U64, "LC-PV-15/msr-entry LC-POL-3"],
  [SECOND_U64, "LC-POL-3/on-host"],
  [VCPU_ID, "LC-PV-16"],
  [BYTE, "LC-ORD-7/trailing"],

  [U64, "LL-HDR-1 LL-QE-2"],
  [U32, "LL-HDR-2 LL-HDR-3 LL-HDR-4 LL-EMU-2"],
  [RECORD_TYPE, "LL-REC-2 LL-EMU-3 LL-EMU-4 LL-POS-4 LL-POS-5 LL-CS-2 LL-SM-10 LL-SM-11"],
  [RECORD_LENGTH, "LL-REC-4 LL-REC-5"],
  [BYTE, "LL-XS-1 LL-QE-3 LL-POS-5/trailing"],

  [{ at: 0, bytes: 32 }, "XL-1"],
  [{ at: 36, bytes: 4 }, "XL-3/on-host"],
  [U32, "XL-2 XL-3 XL-4 XL-5 XL-6/no-config XL-9 LV-2 LV-6 LV-8"],
  [BYTE, "XL-6"],
  [{ at: 0, bytes: 16 }, "LV-1"],
  [U64, "XA-2 XA-4 XA-5"],
  [SECOND_U64, "XA-3 XA-12"],

  [U64, "HP-1 HP-2 HP-3 HP-5 HP-6"],
  [SECOND_U64, "HP-4 HP-6/zero-count HP-7 HP-8 HP-10 VG-5"],
  // Type, instance and length: the first descriptor must be one of three numbers.
  [U64, "HC-1"],
  [U32, "HC-2"],
  [BYTE, "HC-3"],
  [HVM_TYPECODE, "HC-5 HC-10"],
  [HVM_INSTANCE, "HC-8"],
  [HVM_LENGTH, "HC-6 HC-7 HC-26 HC-27"],
  [U64, "HC-20/on-host"],
  // Behind the descriptor, the feature mask and xcr0: what the guest has used.
  [{ at: 24, bytes: 8 }, "HC-26/on-host"],

  [U64, "XS-HDR-1"],
  [U32, "XS-HDR-2 XS-HDR-3"],
  [{ at: 8, bytes: 4 }, "XS-HDR-2/on-host"],
  [BYTE, "XS-REC-6/trailing"],
  [RECORD_TYPE, "XS-REC-4 XS-GLB-1 XS-WEX-1 XS-WEX-2 XS-TA-2 XS-QUO-5"],
  [RECORD_LENGTH, "XS-REC-1 XS-REC-2 XS-REC-7"],

  [U32, "LG-HDR-2 LG-CH-1 LG-CH-5 LG-CNV-1"],
  [{ at: 4, bytes: 4 }, "LG-PV-2 LG-PV-4"],
  [U32, "LG-PV-3"],
  [LEGACY_CHUNK_ID, "LG-CH-6 LG-CH-8 LG-CH-9 LG-CH-11 LG-TM-1 LG-CNV-6 LG-CNV-11"],
  [U64, "LG-PT-1"],
  [{ at: 0, bytes: 21 }, "LG-HT-2"],
  [BYTE, "LG-CNV-10"],

  // The vendor's twelve letters: ebx, ecx, edx of leaf 0.
  [{ at: 0, bytes: 12 }, "HF-5"],
];

/** Cases that have no field, though the rule has one without them. */
const WITHOUT_FIELD: ReadonlySet<string> = new Set([
  "LC-PV-14/assumed",
  "LL-POS-4/missing",
  "XA-4/no-stream",
  "HC-8/assumed",
  "LG-CH-5/absent",
]);

const SPANS: ReadonlyMap<string, FieldSpan> = new Map(
  ROWS.flatMap(([span, keys]) => keys.split(" ").map((key) => [key, span] as const)),
);

/**
 * The field that a fault is about, in the decompressed input.
 *
 * @returns null where it is about none: something is missing, or a whole is wrong
 */
export function fieldOf(fault: Fault): NonNullable<Finding["field"]> | null {
  const span = fault.field === undefined ? spanOf(fault) : fault.field;
  if (span === null) return null;
  return { byteOffset: fault.byteOffset + span.at, bytes: span.bytes };
}

function spanOf({ rule, ruleCase }: Fault): FieldSpan | null {
  const ofCase = `${rule}/${ruleCase}`;
  if (WITHOUT_FIELD.has(ofCase)) return null;
  return SPANS.get(ofCase) ?? SPANS.get(rule) ?? null;
}
