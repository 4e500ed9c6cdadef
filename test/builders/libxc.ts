/**
 * Builders of a libxc stream's parts: headers, each record, PAGE_DATA from a list of pages. Every
 * function makes a sound part by default and lets a test say otherwise.
 * Source: libxc-stream sections 1 to 7; the layouts are written down here a second time on purpose.
 */
import {
  concat,
  PAGE_BYTES,
  u8,
  u16be,
  u16le,
  u32be,
  u32le,
  u64be,
  u64le,
  zeros,
} from "./bytes.js";
import { libxcRecord, type Part, type RecordLies } from "./parts.js";

/** Record types of a libxc stream, by their names in the document. */
export const REC = {
  END: 0x00,
  PAGE_DATA: 0x01,
  X86_PV_INFO: 0x02,
  X86_PV_P2M_FRAMES: 0x03,
  X86_PV_VCPU_BASIC: 0x04,
  X86_PV_VCPU_EXTENDED: 0x05,
  X86_PV_VCPU_XSAVE: 0x06,
  SHARED_INFO: 0x07,
  X86_TSC_INFO: 0x08,
  HVM_CONTEXT: 0x09,
  HVM_PARAMS: 0x0a,
  TOOLSTACK: 0x0b,
  X86_PV_VCPU_MSRS: 0x0c,
  VERIFY: 0x0d,
  CHECKPOINT: 0x0e,
  CHECKPOINT_DIRTY_PFN_LIST: 0x0f,
  STATIC_DATA_END: 0x10,
  X86_CPUID_POLICY: 0x11,
  X86_MSR_POLICY: 0x12,
} as const;

/** Page types of PAGE_DATA entries. */
export const PAGE = {
  NOTAB: 0x0,
  L1TAB: 0x1,
  L2TAB: 0x2,
  L3TAB: 0x3,
  L4TAB: 0x4,
  PINNED: 0x8,
  BROKEN: 0xd,
  XALLOC: 0xe,
  XTAB: 0xf,
} as const;

/** Domain header type of x86 PV. */
export const DOMAIN_PV = 1;
/** Domain header type of x86 HVM and PVH. */
export const DOMAIN_HVM = 2;

/** Fields of both headers that are not to be what a v3 HVM stream has. */
export interface HeaderFields {
  readonly marker?: bigint;
  readonly id?: number;
  readonly version?: number;
  readonly options?: number;
  readonly reserved16?: number;
  readonly reserved32?: number;
  /** Domain type: 1 PV, 2 HVM. */
  readonly type?: number;
  readonly pageShift?: number;
  readonly domainReserved?: number;
  readonly xenMajor?: number;
  readonly xenMinor?: number;
}

/** Image header (24 bytes, big-endian) and domain header (16 bytes) as one part. */
export function headers(fields: HeaderFields = {}): Part {
  const bytes = concat(
    u64be(fields.marker ?? 0xffff_ffff_ffff_ffffn),
    u32be(fields.id ?? 0x5845_4e46),
    u32be(fields.version ?? 3),
    u16be(fields.options ?? 0),
    u16be(fields.reserved16 ?? 0),
    u32be(fields.reserved32 ?? 0),
    u32le(fields.type ?? DOMAIN_HVM),
    u16le(fields.pageShift ?? 12),
    u16le(fields.domainReserved ?? 0),
    u32le(fields.xenMajor ?? 4),
    u32le(fields.xenMinor ?? 22),
  );
  return { layer: "libxc", type: null, bytes };
}

/** One entry of a PAGE_DATA record. */
export interface PageEntry {
  readonly pfn: number | bigint;
  /** Page type; NOTAB if left out. */
  readonly type?: number;
  /** Bits 59..52. */
  readonly reserved?: number;
  /** Content; without it a zero page for the types that carry data, nothing for the others. */
  readonly page?: Uint8Array;
}

/** True for the page types that have 4096 bytes in the record. */
export function carriesData(type: number): boolean {
  return type < PAGE.BROKEN;
}

/** What a PAGE_DATA record may say that is not so. */
export interface PageDataLies extends RecordLies {
  readonly count?: number;
  readonly reserved?: number;
}

/** A PAGE_DATA record: count, entries, then the pages of those that carry data. */
export function pageData(entries: readonly PageEntry[], lies: PageDataLies = {}): Part {
  const head = new Uint8Array(8 + 8 * entries.length);
  const view = new DataView(head.buffer);
  view.setUint32(0, lies.count ?? entries.length, true);
  view.setUint32(4, lies.reserved ?? 0, true);
  const pages: Uint8Array[] = [];
  for (const [i, { pfn, type = PAGE.NOTAB, reserved = 0, page }] of entries.entries()) {
    const high = Math.floor(Number(pfn) / 2 ** 32) % 2 ** 20;
    view.setUint32(8 + 8 * i, Number(BigInt.asUintN(32, BigInt(pfn))), true);
    view.setUint32(12 + 8 * i, ((type << 28) | (reserved << 20) | high) >>> 0, true);
    if (page !== undefined) pages.push(page);
    else if (carriesData(type)) pages.push(zeros(PAGE_BYTES));
  }
  return libxcRecord(REC.PAGE_DATA, [head, ...pages], lies);
}

/** END. */
export const end = (): Part => libxcRecord(REC.END);
/** VERIFY. */
export const verify = (): Part => libxcRecord(REC.VERIFY);
/** CHECKPOINT. */
export const checkpoint = (): Part => libxcRecord(REC.CHECKPOINT);
/** STATIC_DATA_END. */
export const staticDataEnd = (): Part => libxcRecord(REC.STATIC_DATA_END);

/** Fields of X86_TSC_INFO. */
export interface TscFields {
  readonly mode?: number;
  readonly khz?: number;
  readonly nsec?: bigint;
  readonly incarnation?: number;
  readonly reserved?: number;
}

/** X86_TSC_INFO, 24 bytes. */
export function tscInfo(fields: TscFields = {}): Part {
  const { mode = 0, khz = 2_400_000, nsec = 1_000n, incarnation = 1, reserved = 0 } = fields;
  return libxcRecord(
    REC.X86_TSC_INFO,
    concat(u32le(mode), u32le(khz), u64le(nsec), u32le(incarnation), u32le(reserved)),
  );
}

/** One entry of HVM_PARAMS. */
export type HvmParam = readonly [index: number | bigint, value: number | bigint];

/** HVM_PARAMS: count, reserved word, entries. */
export function hvmParams(params: readonly HvmParam[], lies: { count?: number } = {}): Part {
  const entries = params.map(([index, value]) => concat(u64le(index), u64le(value)));
  const count = lies.count ?? params.length;
  return libxcRecord(REC.HVM_PARAMS, concat(u32le(count), u32le(0), ...entries));
}

/** One 24-byte entry of X86_CPUID_POLICY. */
export type CpuidLeaf = readonly [
  leaf: number,
  subleaf: number,
  eax: number,
  ebx: number,
  ecx: number,
  edx: number,
];

/** Subleaf of a leaf that has none. */
export const NO_SUBLEAF = 0xffff_ffff;

/** X86_CPUID_POLICY. */
export function cpuidPolicy(leaves: readonly CpuidLeaf[]): Part {
  return libxcRecord(REC.X86_CPUID_POLICY, concat(...leaves.flat().map(u32le)));
}

/** One 16-byte entry of X86_MSR_POLICY, whose flags are 0. */
export type MsrValue = readonly [index: number, value: bigint];

/** X86_MSR_POLICY. */
export function msrPolicy(values: readonly MsrValue[]): Part {
  const entries = values.map(([index, value]) => concat(u32le(index), u32le(0), u64le(value)));
  return libxcRecord(REC.X86_MSR_POLICY, concat(...entries));
}

/** X86_PV_INFO: guest width in bytes and levels of its page tables. */
export function pvInfo(width: number, levels = width === 8 ? 4 : 3): Part {
  return libxcRecord(REC.X86_PV_INFO, concat(u8(width), u8(levels), zeros(6)));
}

/** X86_PV_P2M_FRAMES: `frames` are the pfns of the pages that hold p2m entries start..end. */
export function p2mFrames(start: number, end: number, frames: readonly (number | bigint)[]): Part {
  return libxcRecord(REC.X86_PV_P2M_FRAMES, concat(u32le(start), u32le(end), ...frames.map(u64le)));
}

/** Any of the four vcpu records: id, reserved word, blob. */
export function vcpuRecord(type: number, id: number, blob: Uint8Array, reserved = 0): Part {
  return libxcRecord(type, concat(u32le(id), u32le(reserved), blob));
}

/** SHARED_INFO, one page. */
export function sharedInfo(page: Uint8Array = zeros(PAGE_BYTES)): Part {
  return libxcRecord(REC.SHARED_INFO, page);
}
