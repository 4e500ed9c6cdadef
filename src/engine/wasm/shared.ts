/**
 * Every number that assembly/ shares with the library, as one list: regions and fields of the
 * layout, numbers of the standard, fault codes. scripts/generate.mjs writes the list as constants
 * into assembly/generated/; its hash tells whether a module was built from the same list.
 */
import * as format from "../../format/index.js";
import * as port from "../port.js";
import * as layout from "./layout.js";

/** A number as assembly/ declares it. */
export interface SharedNumber {
  readonly name: string;
  readonly type: "u32" | "u64" | "usize";
  readonly value: number | bigint;
}

const U64_ALL_ONES = (1n << 64n) - 1n;
const PFN_MASK = (1n << 52n) - 1n;

/** Locations of regions and fields, and sizes of regions, in bytes. */
export function sharedPlaces(): SharedNumber[] {
  return [
    ...Object.entries(layout.REGIONS).flatMap(([name, region]) => [
      usize(constantName(name), region.location),
      u32(constantName(`${name}Bytes`), region.bytes),
    ]),
    ...fieldsOf("header", layout.HEADER),
    ...fieldsOf("result", layout.RESULT),
    ...fieldsOf("xxh3State", layout.XXH3_STATE),
  ];
}

/** Numbers that are no places: of the standard, of the port, of the layout. */
export function sharedNumbers(): SharedNumber[] {
  return [
    u64("ENTRY_PFN_MASK", PFN_MASK),
    u64("ENTRY_RESERVED_MASK", BigInt(format.ENTRY_HIGH_RESERVED_MASK) << 32n),
    u64("ENTRY_TYPE_SHIFT", 32 + format.ENTRY_HIGH_TYPE_SHIFT),
    u64("ENTRY_NOT_PFN_MASK", U64_ALL_ONES - PFN_MASK),
    u64("ENTRY_BANK_MASK", PFN_MASK - BigInt(port.BANK_PFNS - 1)),
    u32("PAGE_TYPES_WITH_DATA", format.PAGE_TYPES_WITH_DATA),
    u32("PAGE_TYPES_POPULATED", format.PAGE_TYPES_POPULATED),
    u32("PAGE_TYPES_INVALID", format.PAGE_TYPES_INVALID),
    u32("PAGE_TYPES_TABLE", format.PAGE_TYPES_TABLE),
    u32("PAGE_SHIFT", format.PAGE_SHIFT),
    u32("PAGE_BYTES", format.PAGE_BYTES),
    u32("PAGE_WINDOW_PAGES", port.PAGE_WINDOW_BYTES / format.PAGE_BYTES),
    u32("ENTRY_WINDOW_ENTRIES", port.ENTRY_WINDOW_BYTES / format.ENTRY_BYTES),
    u32("BANK_PFNS", port.BANK_PFNS),
    u64("BANK_PFN_SHIFT", port.BANK_PFN_SHIFT),
    u32("CHUNK_PFN_SHIFT", layout.CHUNK_PFN_SHIFT),
    u32("CHUNK_COUNT", layout.CHUNK_COUNT),
    u64("PFN_BASE_UNBOUND", layout.PFN_BASE_UNBOUND),
    u32("ENTRY_FAULTS_LISTED", port.ENTRY_FAULTS_LISTED),
    u32("ENTRY_FAULT_TYPE", port.ENTRY_FAULT_TYPE),
    u32("ENTRY_FAULT_RESERVED", port.ENTRY_FAULT_RESERVED),
    u32("ENTRY_FAULT_PFN", port.ENTRY_FAULT_PFN),
    u32("FAULT_BYTES", layout.FAULT_BYTES),
    u32("DATA_PAGES_MAX", layout.DATA_PAGES_MAX),
    u32("DIGEST_SLOTS_MIN", layout.DIGEST_SLOTS_MIN),
    u32("DIGEST_SLOTS_MAX", layout.DIGEST_SLOTS_MAX),
    u32("DIGEST_PROBES_MAX", layout.DIGEST_PROBES_MAX),
    u32("DIGEST_COMPARES_MAX", layout.DIGEST_COMPARES_MAX),
    u64("ZERO_PAGE_DIGEST", layout.ZERO_PAGE_DIGEST),
    u32("OUTBOX_PAGES", layout.OUTBOX_PAGES),
    u32("PAIRS_MAX", layout.PAIRS_MAX),
    u32("XXH3_SECRET_BYTES", layout.XXH3_SECRET_BYTES),
    u32("XXH3_STRIPE_BYTES", layout.XXH3_STRIPE_BYTES),
  ];
}

/**
 * Hash of every shared number and of the names of the exports (FNV-1a, 32 bits).
 *
 * @returns an unsigned number, the same that a module built from this list exports
 */
export function layoutHash(): number {
  const lines = [...sharedPlaces(), ...sharedNumbers()].map((n) => `${n.name}=${n.value}`);
  let hash = 0x811c9dc5;
  for (const char of [...lines, ...layout.EXPORTS].join("\n")) {
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  }
  return hash >>> 0;
}

function fieldsOf(
  region: layout.RegionName,
  fields: Readonly<Record<string, layout.Region>>,
): SharedNumber[] {
  return Object.entries(fields).map(([name, field]) =>
    usize(`${constantName(region)}_${constantName(name)}`, field.location),
  );
}

function constantName(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase();
}

function u32(name: string, value: number): SharedNumber {
  return { name, type: "u32", value };
}

function u64(name: string, value: number | bigint): SharedNumber {
  return { name, type: "u64", value };
}

function usize(name: string, value: number): SharedNumber {
  return { name, type: "usize", value };
}
