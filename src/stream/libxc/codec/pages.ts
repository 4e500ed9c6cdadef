/**
 * PAGE_DATA and CHECKPOINT_DIRTY_PFN_LIST. In a stream that is read, PAGE_DATA goes past this codec
 * to the page engine in window steps (batch.ts); here are whole batches, for writers and tests.
 * Types and pfns of entries (LC-PG-5, 6, 8) are the engine's to judge.
 *
 *   PAGE_DATA: count u32 | reserved u32 | entry u64 [count] | contents of those that carry a page
 *
 * Source: libxc stream document.
 */
import { type Fault, hex } from "../../../findings/index.js";
import {
  DIRTY_PFN_BYTES,
  ENTRY_BYTES,
  ENTRY_HIGH_PFN_MASK,
  ENTRY_HIGH_RESERVED_MASK,
  ENTRY_HIGH_TYPE_SHIFT,
  PAGE_BYTES,
  PAGE_DATA_HEAD_BYTES,
  PAGE_TYPES_WITH_DATA,
  TWO_POW_32,
} from "../../../format/index.js";
import { concatBytes, readU32, readU64, writeU32, writeU64 } from "../../bytes.js";
import {
  atLeast,
  type BodyContext,
  exactly,
  fieldFault,
  type RecordCodec,
  sizeFaults,
} from "../../codec.js";
import { type EntryFormat, EntryTable } from "../../entry-table.js";
import { printedTable } from "../../print.js";

const RESERVED_SHIFT = 20;

/** One entry, taken apart. */
export interface PageEntry {
  readonly type: number;
  /** Bits 59..52, which a saver writes as zero. */
  readonly reserved: number;
  /** Below 2^52. */
  readonly pfn: number;
}

/** Entries of PAGE_DATA. */
export const PAGE_ENTRY: EntryFormat<PageEntry> = {
  bytes: ENTRY_BYTES,
  read(bytes, offset) {
    const high = readU32(bytes, offset + 4);
    return {
      type: high >>> ENTRY_HIGH_TYPE_SHIFT,
      reserved: (high & ENTRY_HIGH_RESERVED_MASK) >>> RESERVED_SHIFT,
      pfn: (high & ENTRY_HIGH_PFN_MASK) * TWO_POW_32 + readU32(bytes, offset),
    };
  },
  write(entry, bytes, offset) {
    const pfnHigh = Math.floor(entry.pfn / TWO_POW_32) & ENTRY_HIGH_PFN_MASK;
    const reserved = (entry.reserved << RESERVED_SHIFT) & ENTRY_HIGH_RESERVED_MASK;
    writeU32(bytes, offset, entry.pfn % TWO_POW_32);
    writeU32(bytes, offset + 4, (entry.type << ENTRY_HIGH_TYPE_SHIFT) | reserved | pfnHigh);
  },
};

/** A whole batch. */
export interface PageData {
  readonly count: number;
  readonly reserved: number;
  readonly entries: EntryTable<PageEntry>;
  /** Contents of the entries that carry a page, in their order; and any surplus. */
  readonly pages: Uint8Array;
}

/** True if an entry of this type is followed by a page of data. */
export function carriesData(type: number): boolean {
  return ((PAGE_TYPES_WITH_DATA >>> type) & 1) === 1;
}

/** Codec of PAGE_DATA, for writers and tests: the whole batch is in memory. LC-PG-1..4, 7 */
export const PAGE_DATA_CODEC: RecordCodec<PageData> = {
  sizes: atLeast(PAGE_DATA_HEAD_BYTES),
  lengthFaults: (bodyBytes, context) =>
    sizeFaults(PAGE_DATA_CODEC.sizes, "LC-PG-1", bodyBytes, context),
  decode(body, context) {
    const short = PAGE_DATA_CODEC.lengthFaults(body.length, context);
    if (short.length > 0) return { value: null, faults: short };
    const count = readU32(body, 0);
    const reserved = readU32(body, 4);
    const pagesOffset = PAGE_DATA_HEAD_BYTES + count * ENTRY_BYTES;
    const head = headFaults(count, reserved, pagesOffset > body.length, context);
    if (count === 0 || pagesOffset > body.length) return { value: null, faults: head };
    const entries = new EntryTable(PAGE_ENTRY, body.subarray(PAGE_DATA_HEAD_BYTES, pagesOffset));
    let dataPages = 0;
    for (const entry of entries) if (carriesData(entry.type)) dataPages++;
    const right = exactly(pagesOffset + dataPages * PAGE_BYTES);
    const length = sizeFaults(right, "LC-PG-4", body.length, context);
    const value = { count, reserved, entries, pages: body.subarray(pagesOffset) };
    return { value, faults: [...head, ...length] };
  },
  encode(value) {
    const head = new Uint8Array(PAGE_DATA_HEAD_BYTES);
    writeU32(head, 0, value.count);
    writeU32(head, 4, value.reserved);
    return concatBytes(head, value.entries.bytes, value.pages);
  },
  interpret: (value) => ({ count: value.count, reserved: value.reserved }),
};

function headFaults(
  count: number,
  reserved: number,
  tooLong: boolean,
  context: BodyContext,
): Fault[] {
  const faults: Fault[] = [];
  if (count === 0) {
    faults.push(fieldFault(context, "LC-PG-2", 0, { expected: "at least 1", actual: "0" }));
  } else if (tooLong) {
    const expected = "a count of entries that fit in the body";
    faults.push(fieldFault(context, "LC-PG-3", 0, { expected, actual: String(count) }));
  }
  if (reserved !== 0) {
    faults.push(fieldFault(context, "LC-PG-7", 4, { expected: "0x0", actual: hex(reserved) }));
  }
  return faults;
}

/** Encode a batch: its head and entries, then the pages as given. */
export function encodePageData(entries: readonly PageEntry[], pages: Uint8Array): Uint8Array {
  const table = EntryTable.of(PAGE_ENTRY, entries);
  return PAGE_DATA_CODEC.encode({ count: table.length, reserved: 0, entries: table, pages });
}

/** A raw u64. */
export const RAW_U64: EntryFormat<bigint> = {
  bytes: DIRTY_PFN_BYTES,
  read: readU64,
  write: (entry, bytes, offset) => writeU64(bytes, offset, entry),
};

/** The back channel's answer to a checkpoint (COLO). */
export interface DirtyPfnList {
  readonly pfns: EntryTable<bigint>;
}

/** Codec of CHECKPOINT_DIRTY_PFN_LIST. In a stream that runs forward the record itself is wrong. */
export const DIRTY_PFN_LIST_CODEC: RecordCodec<DirtyPfnList> = {
  sizes: atLeast(0, DIRTY_PFN_BYTES),
  lengthFaults: () => [],
  decode: (body) => ({ value: { pfns: new EntryTable(RAW_U64, body) }, faults: [] }),
  encode: (value) => value.pfns.bytes.slice(),
  interpret: (value) => printedTable("pfn", value.pfns),
};
