/**
 * The records of an HVM context: type codes, lengths now and in earlier releases, and what their
 * decoded forms are. Numbers and types only: the codec is stream/hvm-context, content is judged in
 * checks/hvm-context.ts.
 *
 *   descriptor (8): typecode u16 | instance u16 | length u32, then `length` bytes, no padding
 *
 * Source: Xen public arch-x86/hvm/save.h and hvm/save.h (facts).
 */
import type * as layouts from "./hvm-layouts.js";
import type { Struct } from "./layout.js";

export const HVM_DESCRIPTOR_BYTES = 8;
export const HVM_HEADER_MAGIC = 0x5438_1286;
export const HVM_HEADER_VERSION = 1;
export const HVM_HEADER_BYTES = 24;

export const HVM_TYPE_END = 0;
export const HVM_TYPE_HEADER = 1;
export const HVM_TYPE_CPU = 2;
export const HVM_TYPE_CPU_XSAVE = 16;
export const HVM_TYPE_CPU_MSR = 20;

/** The CPU record of releases up to 3.4, whose tail differs (HVM_CPU_OLD_LAYOUT). */
export const HVM_CPU_BYTES_OLD = 1016;
/** Descriptorless least length of CPU_XSAVE: its head, legacy area and header. */
export const HVM_XSAVE_BYTES_MIN = 600;
export const HVM_XSAVE_HEAD_BYTES = 24;
export const HVM_MSR_HEAD_BYTES = 8;
export const HVM_MSR_ENTRY_BYTES = 16;

/** Names by type code. */
export const HVM_TYPE_NAMES = [
  "END",
  "HEADER",
  "CPU",
  "PIC",
  "IOAPIC",
  "LAPIC",
  "LAPIC_REGS",
  "PCI_IRQ",
  "ISA_IRQ",
  "PCI_LINK",
  "PIT",
  "RTC",
  "HPET",
  "PMTIMER",
  "MTRR",
  "VIRIDIAN_DOMAIN",
  "CPU_XSAVE",
  "VIRIDIAN_VCPU",
  "VMCE_VCPU",
  "TSC_ADJUST",
  "CPU_MSR",
] as const;

/** Name of a type that exists. */
export type HvmTypeName = (typeof HVM_TYPE_NAMES)[number];

/**
 * How a length is judged. `exact`: refused unless it is `bytes`. `atMost`: shorter is extended
 * with zeros, longer is refused. `open`: the type has a loader of its own (its content decides).
 */
export type HvmLengthRule = "exact" | "atMost" | "open";

/** One row of the table of types. */
export interface HvmType {
  readonly name: HvmTypeName;
  readonly per: "domain" | "vcpu";
  /** Length now; of an `open` type the least. */
  readonly bytes: number;
  readonly rule: HvmLengthRule;
  /** Lengths that earlier releases wrote. */
  readonly earlierBytes: readonly number[];
  /** A device that a PVH guest lacks. */
  readonly absentInPvh?: true;
}

type Row = readonly [
  per: "domain" | "vcpu",
  bytes: number,
  rule: HvmLengthRule,
  earlierBytes?: readonly number[],
];

// The position of a row is its type code.
const ROWS: readonly Row[] = [
  ["domain", 0, "open"],
  ["domain", HVM_HEADER_BYTES, "exact"],
  ["vcpu", 1032, "atMost", [1024, HVM_CPU_BYTES_OLD]],
  ["domain", 8, "exact"],
  ["domain", 400, "exact"],
  ["vcpu", 32, "atMost", [24, 16]],
  ["vcpu", 1024, "exact"],
  ["domain", 16, "exact"],
  ["domain", 8, "exact"],
  ["domain", 8, "exact"],
  ["domain", 56, "exact"],
  ["domain", 24, "atMost", [16]],
  ["domain", 1048, "exact"],
  ["domain", 8, "exact"],
  ["vcpu", 240, "exact"],
  ["domain", 32, "atMost", [24, 16]],
  ["vcpu", HVM_XSAVE_BYTES_MIN, "open"],
  ["vcpu", 216, "atMost", [16, 8]],
  ["vcpu", 32, "atMost", [24, 8]],
  ["vcpu", 8, "exact"],
  ["vcpu", HVM_MSR_HEAD_BYTES, "open"],
];

const ABSENT_IN_PVH: ReadonlySet<HvmTypeName> = new Set([
  "PIC",
  "IOAPIC",
  "PIT",
  "RTC",
  "HPET",
  "PMTIMER",
]);

/** The types by code, 0..20. */
export const HVM_TYPES: readonly HvmType[] = HVM_TYPE_NAMES.map((name, code) => {
  const [per, bytes, rule, earlierBytes = []] = ROWS[code] as Row;
  const absent = ABSENT_IN_PVH.has(name) ? { absentInPvh: true as const } : {};
  return { name, per, bytes, rule, earlierBytes, ...absent };
});

/** One entry of a CPU_MSR record. */
export type HvmMsr = Struct<typeof layouts.HVM_MSR_ENTRY_LAYOUT>;

/** Decoded fields by type name. */
export interface HvmFields {
  readonly END: Readonly<Record<never, never>>;
  readonly HEADER: Struct<typeof layouts.HVM_HEADER_LAYOUT>;
  readonly CPU: Struct<typeof layouts.HVM_CPU_LAYOUT>;
  readonly PIC: Struct<typeof layouts.HVM_PIC_LAYOUT>;
  readonly IOAPIC: Struct<typeof layouts.HVM_IOAPIC_LAYOUT>;
  readonly LAPIC: Struct<typeof layouts.HVM_LAPIC_LAYOUT>;
  readonly LAPIC_REGS: Struct<typeof layouts.HVM_LAPIC_REGS_LAYOUT>;
  readonly PCI_IRQ: Struct<typeof layouts.HVM_PCI_IRQ_LAYOUT>;
  readonly ISA_IRQ: Struct<typeof layouts.HVM_ISA_IRQ_LAYOUT>;
  readonly PCI_LINK: Struct<typeof layouts.HVM_PCI_LINK_LAYOUT>;
  readonly PIT: Struct<typeof layouts.HVM_PIT_LAYOUT>;
  readonly RTC: Struct<typeof layouts.HVM_RTC_LAYOUT>;
  readonly HPET: Struct<typeof layouts.HVM_HPET_LAYOUT>;
  readonly PMTIMER: Struct<typeof layouts.HVM_PMTIMER_LAYOUT>;
  readonly MTRR: Struct<typeof layouts.HVM_MTRR_LAYOUT>;
  readonly VIRIDIAN_DOMAIN: Struct<typeof layouts.HVM_VIRIDIAN_DOMAIN_LAYOUT>;
  readonly CPU_XSAVE: Struct<typeof layouts.HVM_XSAVE_HEAD_LAYOUT> & {
    /** 512 bytes legacy, 64 bytes header, then components. */
    readonly area: Uint8Array;
  };
  readonly VIRIDIAN_VCPU: Struct<typeof layouts.HVM_VIRIDIAN_VCPU_LAYOUT>;
  readonly VMCE_VCPU: Struct<typeof layouts.HVM_VMCE_VCPU_LAYOUT>;
  readonly TSC_ADJUST: Struct<typeof layouts.HVM_TSC_ADJUST_LAYOUT>;
  readonly CPU_MSR: Struct<typeof layouts.HVM_MSR_HEAD_LAYOUT> & {
    readonly msr: Iterable<HvmMsr> & { readonly length: number };
  };
}

/** What is known of every record of a context. */
export interface HvmRecordHead {
  readonly typecode: number;
  readonly instance: number;
  /** In the chain, from 0. */
  readonly ordinal: number;
  /** Of the descriptor, in the input that holds the context. */
  readonly byteOffset: number;
  /** Length of the body, as the descriptor has it. */
  readonly bodyBytes: number;
}

/** A record whose fields were decoded; a shorter form is extended with zeros. */
export interface TypedHvmRecord<N extends HvmTypeName> extends HvmRecordHead {
  readonly name: N;
  readonly fields: HvmFields[N];
}

/** A record of an unknown type, or of a length that its type cannot have. */
export interface OpaqueHvmRecord extends HvmRecordHead {
  /** Null for an unknown type. */
  readonly name: HvmTypeName | null;
  readonly fields: null;
  readonly body: Uint8Array;
}

/** One record of an HVM context, decoded. */
export type HvmContextRecord =
  | { readonly [N in HvmTypeName]: TypedHvmRecord<N> }[HvmTypeName]
  | OpaqueHvmRecord;
