/** Faults of a libxc stream's headers, framing, record types and order. Rules: LC-HDR to LC-CP. */
import {
  CPUID_LEAF_BYTES,
  DIRTY_PFN_BYTES,
  LIBXL_REC_TYPE_CHECKPOINT_END,
  PAGE_BYTES,
  PAGE_TYPE_XTAB,
  REC_TYPE_CHECKPOINT,
  REC_TYPE_CHECKPOINT_DIRTY_PFN_LIST,
  REC_TYPE_END,
  REC_TYPE_HVM_CONTEXT,
  REC_TYPE_SHARED_INFO,
  REC_TYPE_STATIC_DATA_END,
  REC_TYPE_TOOLSTACK,
  REC_TYPE_X86_CPUID_POLICY,
  REC_TYPE_X86_MSR_POLICY,
  REC_TYPE_X86_PV_INFO,
  REC_TYPE_X86_PV_P2M_FRAMES,
  REC_TYPE_X86_PV_VCPU_EXTENDED,
  REC_TYPE_X86_TSC_INFO,
  RECORD_BODY_MAX,
  RECORD_OPTIONAL,
} from "../../../format/index.js";
import { writeU16, writeU16BE, writeU32, writeU32BE } from "../../../stream/index.js";
import { libxcRecord } from "../cpu.js";
import type { BatchItem, Item, RecordItem } from "../items.js";
import {
  CUT,
  cutHeader,
  drop,
  editBody,
  editHeader,
  insertAfter,
  insertBefore,
  isBatch,
  nth,
  recordOf,
  replace,
} from "./edits.js";
import { entryBytes } from "./entries.js";
import type { Edit, FaultRow } from "./fault.js";

const NO_BODY = new Uint8Array(0);
const MANDATORY_UNKNOWN = 0x13;
const OPTIONAL_UNKNOWN = RECORD_OPTIONAL + 1;
/** A fault before the domain header can only show where nothing has to be recognised first. */
const INSIDE_LIBXL = { containers: ["libxl", "xl", "libvirt"] } as const;
const VERSION_2 = { version: 2 } as const;
const PV = { kind: "pv" } as const;
const HVM = { kind: "hvm" } as const;
const REMUS = { containers: ["libxl", "xl", "libvirt"], checkpointsMin: 2 } as const;

const libxc = (type: number, skip = 0) => recordOf("libxc", type, skip);
const end = libxc(REC_TYPE_END);
const marker = (type: number): RecordItem => libxcRecord(type, NO_BODY);

/** Rows of headers, records, types. */
export const LIBXC_FRAMING_FAULTS: readonly FaultRow[] = [
  { rule: "LC-HDR-1", edit: cutHeader("image header", 20) },
  { rule: "LC-HDR-2", needs: INSIDE_LIBXL, edit: imageHeader((bytes) => bytes.fill(0, 0, 1)) },
  {
    rule: "LC-HDR-3",
    needs: INSIDE_LIBXL,
    edit: imageHeader((bytes) => writeU32BE(bytes, 8, 0x58454e47)),
  },
  { rule: "LC-HDR-4", edit: imageHeader((bytes) => writeU32BE(bytes, 12, 4)) },
  { rule: "LC-HDR-5", edit: imageHeader((bytes) => writeU16BE(bytes, 16, 1)) },
  { rule: "LC-HDR-6", edit: imageHeader((bytes) => writeU16BE(bytes, 16, 2)) },
  { rule: "LC-HDR-7", edit: imageHeader((bytes) => writeU32BE(bytes, 20, 1)) },
  { rule: "LC-DOM-1", edit: domainHeader((bytes) => writeU32(bytes, 0, 4)) },
  { rule: "LC-DOM-2", edit: domainHeader((bytes) => writeU16(bytes, 4, 13)) },
  { rule: "LC-DOM-3", edit: domainHeader((bytes) => writeU16(bytes, 6, 1)) },
  { rule: "LC-REC-2", edit: insertBefore(tsc(), () => [marker(MANDATORY_UNKNOWN)]) },
  { rule: "LC-REC-3", edit: insertBefore(tsc(), () => [marker(OPTIONAL_UNKNOWN)]) },
  {
    rule: "LC-REC-4",
    needs: { checkpointsMax: 0 },
    edit: insertBefore(end, () => [
      { ...marker(REC_TYPE_X86_TSC_INFO), claimedBytes: RECORD_BODY_MAX + 1 },
      CUT,
    ]),
  },
  { rule: "LC-REC-5", edit: replace(tsc(), (item) => [...cutInside(item as RecordItem), CUT]) },
  {
    rule: "LC-REC-6",
    needs: PV,
    edit: replace(libxc(REC_TYPE_X86_PV_VCPU_EXTENDED), (item) => {
      const record = item as RecordItem;
      return [{ ...record, body: record.body.subarray(0, record.body.length - 4), padding: 1 }];
    }),
  },
  {
    rule: "LC-REC-8",
    needs: { version: 3 },
    edit: editBody(libxc(REC_TYPE_STATIC_DATA_END), () => new Uint8Array(8)),
  },
  {
    rule: "LC-TYP-1",
    needs: HVM,
    edit: insertBefore(tsc(), () => [
      libxcRecord(REC_TYPE_SHARED_INFO, new Uint8Array(PAGE_BYTES)),
    ]),
  },
  { rule: "LC-TYP-2", edit: insertBefore(tsc(), () => [marker(REC_TYPE_TOOLSTACK)]) },
  {
    rule: "LC-TYP-3",
    edit: insertBefore(tsc(), () => [
      libxcRecord(REC_TYPE_CHECKPOINT_DIRTY_PFN_LIST, new Uint8Array(DIRTY_PFN_BYTES)),
    ]),
  },
  {
    rule: "LC-TYP-4",
    needs: VERSION_2,
    edit: insertBefore(nth(isMemory, 0), () => [libxcRecord(REC_TYPE_X86_CPUID_POLICY, oneLeaf())]),
  },
];

/** Rows of order and checkpoints. */
export const LIBXC_ORDER_FAULTS: readonly FaultRow[] = [
  {
    rule: "LC-ORD-1",
    needs: { kind: "pv", version: 3 },
    edit: moved(REC_TYPE_X86_PV_INFO, REC_TYPE_STATIC_DATA_END),
  },
  { rule: "LC-ORD-2", needs: { version: 3 }, edit: drop(libxc(REC_TYPE_STATIC_DATA_END)) },
  {
    rule: "LC-ORD-4",
    needs: { version: 3 },
    edit: insertAfter(libxc(REC_TYPE_STATIC_DATA_END), () => [marker(REC_TYPE_STATIC_DATA_END)]),
  },
  {
    rule: "LC-ORD-5",
    needs: PV,
    edit: insertBefore(libxc(REC_TYPE_X86_PV_P2M_FRAMES), () => [holeBatch()]),
  },
  {
    rule: "LC-ORD-7",
    needs: { containers: ["libxc"], checkpointsMax: 0 },
    edit: insertAfter(end, () => [marker(REC_TYPE_END)]),
  },
  { rule: "LC-ORD-9", needs: PV, edit: drop(() => isMemory) },
  {
    rule: "LC-CP-1",
    needs: { containers: ["libxc"], checkpointsMax: 0 },
    edit: insertBefore(end, () => [marker(REC_TYPE_CHECKPOINT)]),
  },
  {
    rule: "LC-CP-2",
    needs: { ...REMUS, kind: "pv" },
    edit: repeatedInSecondEpoch(REC_TYPE_X86_PV_P2M_FRAMES),
  },
  {
    rule: "LC-CP-5",
    needs: REMUS,
    edit: replace(libxc(REC_TYPE_CHECKPOINT, 1), () => [marker(REC_TYPE_END), CUT]),
  },
  {
    rule: "LC-CP-6",
    needs: REMUS,
    edit: replace(libxc(REC_TYPE_CHECKPOINT, 1), () => [CUT]),
  },
  {
    rule: "LC-CP-7",
    needs: REMUS,
    edit: insertBefore(libxc(REC_TYPE_CHECKPOINT, 1), () => [marker(OPTIONAL_UNKNOWN)]),
  },
];

function imageHeader(change: (bytes: Uint8Array) => unknown) {
  return editHeader("image header", (bytes) => {
    change(bytes);
    return undefined;
  });
}

function domainHeader(change: (bytes: Uint8Array) => unknown) {
  return editHeader("domain header", (bytes) => {
    change(bytes);
    return undefined;
  });
}

function tsc() {
  return libxc(REC_TYPE_X86_TSC_INFO);
}

/** Half of a record whose header promises it whole. */
function cutInside(record: RecordItem): Item[] {
  const body = record.body.subarray(0, record.body.length / 2);
  return [{ ...record, body, claimedBytes: record.body.length }];
}

function isMemory(item: Item): boolean {
  return isBatch(item) || (item.kind === "record" && item.type === REC_TYPE_X86_PV_P2M_FRAMES);
}

function oneLeaf(): Uint8Array {
  const leaf = new Uint8Array(CPUID_LEAF_BYTES);
  writeU32(leaf, 4, 0xffff_ffff);
  return leaf;
}

/** A batch of one hole. */
function holeBatch(): BatchItem {
  return { kind: "batch", entries: entryBytes(PAGE_TYPE_XTAB, 0), pages: NO_BODY };
}

/** Take a record out where it stands and put it behind another one. */
function moved(type: number, behind: number): Edit {
  return function* edit(items) {
    const isMoved = libxc(type)();
    const isBehind = libxc(behind)();
    const held: Item[] = [];
    for (const item of items) {
      if (isMoved(item)) held.push(item);
      else yield item;
      if (isBehind(item)) yield* held;
    }
  };
}

/** Send a record of the first epoch again at the beginning of the second. */
function repeatedInSecondEpoch(type: number): Edit {
  return function* edit(items) {
    const isRepeated = libxc(type)();
    const isBoundary = recordOf("libxl", LIBXL_REC_TYPE_CHECKPOINT_END)();
    const held: Item[] = [];
    for (const item of items) {
      if (isRepeated(item)) held.push(item);
      yield item;
      if (isBoundary(item)) yield* held;
    }
  };
}

export const POLICY_FAULTS: readonly FaultRow[] = [
  {
    rule: "LC-POL-1",
    needs: { version: 3 },
    edit: editBody(libxc(REC_TYPE_X86_CPUID_POLICY), (body) => body.subarray(0, body.length - 8)),
  },
  {
    rule: "LC-POL-2",
    needs: { version: 3 },
    edit: editBody(libxc(REC_TYPE_X86_CPUID_POLICY), (body) => {
      writeU32(body, 0, 0x20);
      return undefined;
    }),
  },
  {
    rule: "LC-POL-3",
    needs: { version: 3 },
    edit: editBody(libxc(REC_TYPE_X86_MSR_POLICY), (body) => {
      writeU32(body, 4, 1);
      return undefined;
    }),
  },
  { rule: "LC-POL-4", needs: { version: 3 }, edit: drop(libxc(REC_TYPE_X86_MSR_POLICY)) },
  {
    rule: "LC-POL-5",
    needs: { version: 3 },
    edit: insertAfter(libxc(REC_TYPE_X86_MSR_POLICY), (_, item) => [item]),
  },
];

export const TSC_FAULTS: readonly FaultRow[] = [
  { rule: "LC-TSC-1", edit: editBody(tsc(), (body) => body.subarray(0, 16)) },
  {
    rule: "LC-TSC-2",
    edit: editBody(tsc(), (body) => {
      writeU32(body, 20, 1);
      return undefined;
    }),
  },
  {
    rule: "LC-TSC-3",
    edit: editBody(tsc(), (body) => {
      writeU32(body, 0, 3);
      return undefined;
    }),
  },
  {
    rule: "LC-HVM-6",
    needs: HVM,
    edit: insertAfter(libxc(REC_TYPE_HVM_CONTEXT), (_, item) => [item]),
  },
];
