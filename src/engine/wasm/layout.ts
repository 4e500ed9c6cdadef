/**
 * The memory of a bank as one table: every region a location and a size, chained from the one
 * before, and the fields of the header and result blocks. The one source of these numbers: written
 * into assembly/generated/ by scripts/generate.mjs, compared by hash when a module is loaded.
 * Not a codec: what stands in the regions is told where it is read and written.
 *
 *   hasher  | null guard | header | constants | result | faults | xxh3 state | xxh3 input |
 *   indexed | outbox | data list | entry window | page window | pfn flags | staging | ordinals |
 *   resident| pfn frames | frame refs | samples | digests | free list | digest table | arena |
 *
 * A memory ends where its kind of bank ends; parts that are never touched cost no RAM.
 */
import { ENTRY_BYTES, PAGE_BYTES } from "../../format/index.js";
import { BANK_PFNS, ENTRY_FAULTS_LISTED, ENTRY_WINDOW_BYTES, PAGE_WINDOW_BYTES } from "../port.js";

/** Bytes of a WebAssembly page, the unit in which memories are made. */
export const WASM_PAGE_BYTES = 65_536;

/** Data pages of the longest valid record: 128 MiB hold no more (LC-REC-4), with one to spare. */
export const DATA_PAGES_MAX = 32_767;
/** Pfns that share one mark of "touched": resets and commits pass over the chunks without it. */
export const CHUNK_PFN_SHIFT = 12;
export const CHUNK_COUNT = BANK_PFNS >> CHUNK_PFN_SHIFT;

/** Base of a bank that covers no pfns yet: no pfn is within 2^19 of it. */
export const PFN_BASE_UNBOUND = 1n << 63n;

/** One entry of the list of faults: dataPage or entryIndex u32, code or slot u32, low, high. */
export const FAULT_BYTES = 16;
/** One slot of the digest table: frame + 1 in the lower half, upper half of its key in the upper. */
export const DIGEST_SLOT_BYTES = 8;
/** Slots of the digest table at first and at most; it is rebuilt at powers of two in between. */
export const DIGEST_SLOTS_MIN = 512;
export const DIGEST_SLOTS_MAX = BANK_PFNS * 4;
/** Slots that one lookup visits at most, so that no image can make a lookup slow. */
export const DIGEST_PROBES_MAX = 512;
/** Pages with the same digest that one lookup compares at most (digests can be forged). */
export const DIGEST_COMPARES_MAX = 16;

/** Bytes of the default secret of XXH3, and of the input gathered before it is consumed. */
export const XXH3_SECRET_BYTES = 192;
export const XXH3_STRIPE_BYTES = 64;
export const XXH3_INPUT_BYTES = 65_536;
/** XXH3-64 of 4096 zero bytes: pages without a frame are digested without being read. */
export const ZERO_PAGE_DIGEST = 0x93d76fe148c689ban;

/** Pages that the outbox holds: what is copied out goes in steps of this many. */
export const OUTBOX_PAGES = 256;
export const OUTBOX_BYTES = OUTBOX_PAGES * PAGE_BYTES;

/** Bytes of a pair of pfn and digest, and pairs that the outbox takes at most. */
export const PAIR_BYTES = 16;
export const PAIRS_MAX = PAGE_WINDOW_BYTES / PAGE_BYTES;

/** Location and size of a region, both in bytes. */
export interface Region {
  readonly location: number;
  readonly bytes: number;
}

const REGION_BYTES = {
  nullGuard: PAGE_BYTES,
  header: PAGE_BYTES,
  constants: PAGE_BYTES,
  result: PAGE_BYTES,
  faults: ENTRY_FAULTS_LISTED * FAULT_BYTES,
  xxh3State: PAGE_BYTES,
  xxh3Input: XXH3_INPUT_BYTES,

  outbox: OUTBOX_BYTES,
  dataList: (DATA_PAGES_MAX + 1) * ENTRY_BYTES,
  entryWindow: ENTRY_WINDOW_BYTES,
  pageWindow: PAGE_WINDOW_BYTES,
  pfnFlags: BANK_PFNS,
  staging: BANK_PFNS,
  pfnOrdinals: BANK_PFNS * 4,

  pfnFrames: BANK_PFNS * 4,
  frameRefs: BANK_PFNS * 4,
  frameSamples: BANK_PFNS * 8,
  frameDigests: BANK_PFNS * 8,
  freeList: BANK_PFNS * 4,
  digestTable: DIGEST_SLOTS_MAX * DIGEST_SLOT_BYTES,
  arena: BANK_PFNS * PAGE_BYTES,
} as const;

export type RegionName = keyof typeof REGION_BYTES;

/** Last region of each kind of memory. */
const LAST_REGION = { hasher: "xxh3Input", indexed: "pfnOrdinals", resident: "arena" } as const;

export type MemoryKind = keyof typeof LAST_REGION;

/** Every region, in order; each begins on the first page boundary after the one before. */
export const REGIONS = chain(REGION_BYTES, 0, PAGE_BYTES);

const U32 = 4;
const U64 = 8;

/** Fields of the header: what a bank is and how full it is. Written by assembly/ but for two. */
export const HEADER = chain(
  {
    /** First pfn of the bank; PFN_BASE_UNBOUND while it belongs to none. */
    pfnBase: U64,
    /** First pfn that is out of bounds, for the batch being checked. */
    pfnLimit: U64,
    /** Bit n set: entries of type n are looked up (bound and remembered). */
    lookedUpTypes: U32,
    /** Entries checked since the batch began. */
    batchEntries: U32,
    /** Entries in the data list. Written by the bridge too, when it moves a list. */
    listed: U32,
    /** 1 if the memory has the regions of a resident bank. Written by the bridge, once. */
    resident: U32,
    populatedPages: U32,
    /** Highest populated pfn of the bank, from its base, + 1. */
    pfnTop: U32,
    /** Pfns that have a frame; the other populated ones are zero pages. */
    mappedPages: U32,
    /** Frames in use, frames ever taken since the reset, and frames on the free list. */
    framesInUse: U32,
    framesHigh: U32,
    framesFree: U32,
    /** Size of the digest table now, and its slots that are not empty (dead ones too). */
    digestSlots: U32,
    digestSlotsUsed: U32,
    /** One byte per chunk of pfns: its tables hold something; its staging plane does. */
    chunkTouched: CHUNK_COUNT,
    chunkStaged: CHUNK_COUNT,
  },
  REGIONS.header.location,
  U64,
);

/** Fields of the result block: what the last call of its kind saw. */
export const RESULT = chain(
  {
    /** checkEntries: entries by type and entries with data, whole batch so far. */
    typeCounts: 16 * U32,
    dataPages: U32,
    /** checkEntries: faults of the step by code (index 0 unused); scanTables: index 0 only. */
    faultCounts: 4 * U32,
    /** checkEntries: entries of the step that are looked up, and the pfn of the first of them. */
    lookedUp: U32,
    lookedUpFirst: U64,
    /** Nonzero: the step's looked-up entries lie in more than one bank. */
    lookedUpSpread: U32,
    /** The first data page of the batch; nonzero: those so far lie in more than one bank. */
    dataFirst: U64,
    dataSpread: U32,
    /** scanTables: pfns populated here, and pfns of other banks left in the entry window. */
    populated: U32,
    elsewhere: U32,
    /** nextRun: first pfn of the run, from the base. */
    runFirst: U32,
    digest: U64,
  },
  REGIONS.result.location,
  U64,
);

/**
 * The xxh3 state: accumulators of the stream and of a finish, bytes consumed, stripe in block. The
 * last stripe consumed stands at the end of the region, right before the input: a digest of all
 * bytes so far may need some of it again.
 */
export const XXH3_STATE = chain(
  {
    accumulators: 8 * U64,
    finish: 8 * U64,
    consumedBytes: U64,
    stripeInBlock: U32,
  },
  REGIONS.xxh3State.location,
  U64,
);

/** Every function that the module exports; the check fails on one more and on one less. */
export const EXPORTS = [
  "layoutHash",
  "resetBank",
  "bindBank",
  "beginBatch",
  "checkEntries",
  "stageEntries",
  "commitEntries",
  "commitStaged",
  "dropStaged",
  "placePages",
  "setPages",
  "comparePages",
  "scanTables",
  "indexPages",
  "populate",
  "nextRun",
  "gatherPages",
  "digestPages",
  "digestWindow",
  "zeroPages",
  "pairWindow",
  "pairPages",
  "pairZeroPages",
  "xxh3Reset",
  "xxh3Consume",
  "xxh3Digest",
] as const;

export type ExportName = (typeof EXPORTS)[number];

/**
 * Size of a kind of memory.
 *
 * @returns WebAssembly pages of 64 KiB, initial and maximum alike: memories never grow
 */
export function memoryPages(kind: MemoryKind): number {
  const last = REGIONS[LAST_REGION[kind]];
  return Math.ceil((last.location + last.bytes) / WASM_PAGE_BYTES);
}

/** Lay parts of the given sizes behind one another, each rounded up to `align` bytes. */
function chain<N extends string>(
  parts: Readonly<Record<N, number>>,
  origin: number,
  align: number,
): Readonly<Record<N, Region>> {
  const chained = {} as Record<N, Region>;
  let location = origin;
  for (const name of Object.keys(parts) as N[]) {
    chained[name] = { location, bytes: parts[name] };
    location += Math.ceil(parts[name] / align) * align;
  }
  return chained;
}
