/**
 * HVM parameters: what each index means, whether savers send it, and what a hypervisor lets a
 * restorer set. Numbers and names only: checks/hvm-params.ts judges by them.
 * Source: Xen public hvm/params.h and the behaviour of its set operation (facts).
 */

/** One entry of an HVM_PARAMS record. */
export interface HvmParam {
  /** u64 in the stream; the hypervisor's setter sees its lower 32 bits. */
  readonly index: bigint;
  readonly value: bigint;
}

/** What a value is: guest frame, guest-physical byte address, event channel port, or a number. */
export type HvmParamKind = "frame" | "address" | "port" | "value";

/** Whether a saver puts the parameter into HVM_PARAMS: today, only earlier releases did, never. */
export type HvmParamSent = "now" | "earlier" | "never";

/**
 * How a set fares. `once`: a different value is refused when the present one is not zero.
 * `refused`: always. `dropped`: the restorer skips it, the hypervisor would refuse it.
 */
export type HvmParamSet = "any" | "once" | "refused" | "dropped";

/** Values that the hypervisor takes; all others are refused. */
export type HvmParamValues =
  | { readonly only: readonly bigint[] }
  | { readonly min: bigint; readonly max: bigint }
  | { readonly mask: bigint; readonly required: bigint };

/** One row of the table of parameters. */
export interface HvmParamInfo {
  /** Null for an index that means nothing and is accepted. */
  readonly name: string | null;
  readonly kind: HvmParamKind;
  readonly sent: HvmParamSent;
  readonly set: HvmParamSet;
  readonly values?: HvmParamValues;
  /** A frame that the restorer zeroes as the parameter is applied (LC-SIM-4). */
  readonly pageTouched?: true;
}

export const HVM_PARAM_STORE_PFN = 1;
export const HVM_PARAM_STORE_EVTCHN = 2;
export const HVM_PARAM_PAE_ENABLED = 4;
export const HVM_PARAM_IOREQ_PFN = 5;
export const HVM_PARAM_BUFIOREQ_PFN = 6;
export const HVM_PARAM_VIRIDIAN = 9;
export const HVM_PARAM_IDENT_PT = 12;
export const HVM_PARAM_VM86_TSS = 15;
export const HVM_PARAM_CONSOLE_PFN = 17;
export const HVM_PARAM_CONSOLE_EVTCHN = 18;
export const HVM_PARAM_ACPI_IOPORTS_LOCATION = 19;
export const HVM_PARAM_PAGING_RING_PFN = 27;
export const HVM_PARAM_MONITOR_RING_PFN = 28;
export const HVM_PARAM_SHARING_RING_PFN = 29;
export const HVM_PARAM_IOREQ_SERVER_PFN = 32;
export const HVM_PARAM_NR_IOREQ_SERVER_PAGES = 33;
export const HVM_PARAM_VM_GENERATION_ID_ADDR = 34;
export const HVM_PARAM_X87_FIP_WIDTH = 36;
export const HVM_PARAM_VM86_TSS_SIZED = 37;
export const HVM_PARAM_MCA_CAP = 38;

/** Indices that the present hypervisor knows (32 in 4.4, 35 in 4.5, 36 in 4.6). */
export const HVM_NR_PARAMS = 39;
/** Alignment and length of the buffer that VM_GENERATION_ID_ADDR points to. */
export const GENERATION_ID_ALIGN = 8;
export const GENERATION_ID_BYTES = 16;
/** Byte of the console page that the restorer sets to 1 after zeroing the page. */
export const CONSOLE_READY_OFFSET = 0xc10;

const U32_MAX = 0xffff_ffffn;
const U64_MAX = 0xffff_ffff_ffff_ffffn;
/** Bytes of the smallest 32-bit task state segment: the least size of VM86_TSS_SIZED. */
const TSS_BYTES_MIN = 104n;

type Row = readonly [
  name: string | null,
  kind: HvmParamKind,
  sent: HvmParamSent,
  set: HvmParamSet,
  more?: Pick<HvmParamInfo, "values" | "pageTouched">,
];

// The position of a row is its index.
const ROWS: readonly Row[] = [
  ["CALLBACK_IRQ", "value", "never", "any"],
  ["STORE_PFN", "frame", "now", "any", { pageTouched: true }],
  ["STORE_EVTCHN", "port", "never", "any"],
  [null, "value", "never", "any"],
  ["PAE_ENABLED", "value", "earlier", "dropped"],
  ["IOREQ_PFN", "frame", "now", "once", { pageTouched: true }],
  ["BUFIOREQ_PFN", "frame", "now", "once", { pageTouched: true }],
  [null, "value", "never", "any"],
  [null, "value", "never", "any"],
  ["VIRIDIAN", "value", "now", "once", { values: { mask: 0x1fffn, required: 1n } }],
  ["TIMER_MODE", "value", "never", "any", { values: { min: 0n, max: 3n } }],
  ["HPET_ENABLED", "value", "never", "any"],
  ["IDENT_PT", "address", "now", "any"],
  ["DM_DOMAIN", "value", "never", "refused"],
  ["ACPI_S_STATE", "value", "never", "any", { values: { only: [0n, 3n] } }],
  ["VM86_TSS", "address", "earlier", "any", { values: { min: 0n, max: U32_MAX } }],
  ["VPT_ALIGN", "value", "never", "any"],
  ["CONSOLE_PFN", "frame", "now", "any", { pageTouched: true }],
  ["CONSOLE_EVTCHN", "port", "never", "any"],
  ["ACPI_IOPORTS_LOCATION", "value", "now", "any", { values: { only: [0n, 1n] } }],
  ["MEMORY_EVENT_CR0", "value", "never", "refused"],
  ["MEMORY_EVENT_CR3", "value", "never", "refused"],
  ["MEMORY_EVENT_CR4", "value", "never", "refused"],
  ["MEMORY_EVENT_INT3", "value", "never", "refused"],
  ["NESTEDHVM", "value", "never", "refused"],
  ["MEMORY_EVENT_SINGLE_STEP", "value", "never", "refused"],
  ["BUFIOREQ_EVTCHN", "port", "never", "refused"],
  ["PAGING_RING_PFN", "frame", "now", "any"],
  ["MONITOR_RING_PFN", "frame", "now", "any"],
  ["SHARING_RING_PFN", "frame", "now", "any"],
  ["MEMORY_EVENT_MSR", "value", "never", "refused"],
  ["TRIPLE_FAULT_REASON", "value", "never", "any", { values: { min: 0n, max: 5n } }],
  ["IOREQ_SERVER_PFN", "frame", "now", "once"],
  ["NR_IOREQ_SERVER_PAGES", "value", "now", "once", { values: { min: 1n, max: 64n } }],
  ["VM_GENERATION_ID_ADDR", "address", "now", "any"],
  ["ALTP2M", "value", "never", "refused"],
  ["X87_FIP_WIDTH", "value", "now", "any", { values: { only: [0n, 4n, 8n] } }],
  [
    "VM86_TSS_SIZED",
    "address",
    "now",
    "any",
    { values: { min: TSS_BYTES_MIN << 32n, max: U64_MAX } },
  ],
  ["MCA_CAP", "value", "now", "once", { values: { mask: 1n, required: 0n } }],
];

/** The parameters by index, 0 .. HVM_NR_PARAMS - 1. */
export const HVM_PARAMS: readonly HvmParamInfo[] = ROWS.map(([name, kind, sent, set, more]) => ({
  name,
  kind,
  sent,
  set,
  ...more,
}));

/** Indices in the order in which the present saver writes those that are not zero. */
export const HVM_PARAMS_SAVE_ORDER: readonly number[] = [
  1, 5, 6, 27, 28, 29, 37, 17, 19, 9, 12, 34, 32, 33, 36, 38,
];

/** Name of a parameter by its index in the stream; null if unassigned or beyond the table. */
export function hvmParamName(index: bigint): string | null {
  return index < BigInt(HVM_NR_PARAMS) ? (HVM_PARAMS[Number(index)]?.name ?? null) : null;
}
