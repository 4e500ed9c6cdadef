/**
 * What a synthetic image is, told by the model that made it and never by reading it: whoever reads
 * the image can hold the result against this. Field names are those of the documents of verify and
 * restore. Source: INTERFACE, `generate`.
 */
import {
  ENTRY_BYTES,
  ENTRY_HIGH_TYPE_SHIFT,
  PAGE_BYTES,
  PAGE_TYPE_NAMES,
  REC_TYPE_PAGE_DATA,
  RECORD_NAMES,
} from "../../format/index.js";
import { readU32, writeU32 } from "../../stream/index.js";
import type { Item } from "./items.js";
import type { MemoryMap } from "./memory.js";
import type { GuestModel } from "./model.js";

/** Counts of a libxc stream, as the documents of verify have them. */
export interface StreamCounts {
  readonly records: number;
  readonly recordTypes: Readonly<Record<string, number>>;
  readonly entries: number;
  readonly dataPages: number;
  readonly pageTypes: Readonly<Record<string, number>>;
}

/** Counts items as they pass. */
export class ItemCounter {
  readonly #recordTypes = new Map<string, number>();
  readonly #entriesByType = new Uint32Array(16);
  #records = 0;
  #entries = 0;
  #dataPages = 0;

  add(item: Item): void {
    if (item.kind === "record" && item.layer === "libxc") this.#record(item.type);
    if (item.kind !== "batch") return;
    this.#record(REC_TYPE_PAGE_DATA);
    this.#entries += item.entries.length / ENTRY_BYTES;
    this.#dataPages += item.pages.length / PAGE_BYTES;
    for (let at = 4; at < item.entries.length; at += ENTRY_BYTES) {
      const type = readU32(item.entries, at) >>> ENTRY_HIGH_TYPE_SHIFT;
      this.#entriesByType[type] = (this.#entriesByType[type] ?? 0) + 1;
    }
  }

  counts(): StreamCounts {
    const pageTypes: Record<string, number> = {};
    for (const [type, count] of this.#entriesByType.entries()) {
      if (count > 0) pageTypes[PAGE_TYPE_NAMES[type] ?? `0x${type.toString(16)}`] = count;
    }
    return {
      records: this.#records,
      recordTypes: Object.fromEntries(this.#recordTypes),
      entries: this.#entries,
      dataPages: this.#dataPages,
      pageTypes,
    };
  }

  #record(type: number): void {
    const name = RECORD_NAMES[type] ?? `0x${type.toString(16).padStart(8, "0")}`;
    this.#recordTypes.set(name, (this.#recordTypes.get(name) ?? 0) + 1);
    this.#records += 1;
  }
}

/** How much memory the guest has in the end. */
export interface MemoryCounts {
  readonly populatedPages: number;
  /** Highest populated pfn. */
  readonly maxPfn: number;
}

/** Count the pfns that are populated after all passes. */
export function countMemory(memory: MemoryMap, lastPass: number): MemoryCounts {
  let populatedPages = 0;
  let maxPfn = -1;
  for (const { first, end } of memory.segments) {
    for (let pfn = first; pfn < end; pfn++) {
      if (!memory.stateAfter(pfn, lastPass).populated) continue;
      populatedPages += 1;
      maxPfn = pfn;
    }
  }
  return { populatedPages, maxPfn };
}

/** A running hash; the platform's is passed in. */
export interface RunningHash<H> {
  update(bytes: Uint8Array): unknown;
  /** A second hash that goes on from here. */
  copy(): H;
}

/** Pages that are hashed between two pauses. */
const STEP_PAGES = 256;
const PFN_BYTES = 8;
const PACKED_BYTES = PFN_BYTES + PAGE_BYTES;

/**
 * Hash the guest's memory: for each populated pfn ascending, the pfn as u64 LE and its page. Pauses
 * (yields the pages done so far) now and then, so that the caller can show progress or stop.
 *
 * @param stream  gets memory as the page records leave it
 * @returns a hash of memory after the restorer's fix-ups; up to the first of them it is the same
 */
export function* hashMemory<H extends RunningHash<H>>(
  model: GuestModel,
  lastPass: number,
  stream: H,
): Generator<number, H, void> {
  const { memory } = model;
  const isPopulated = (pfn: number): boolean =>
    inSegments(memory, pfn) && memory.stateAfter(pfn, lastPass).populated;
  const packed = new Uint8Array(STEP_PAGES * PACKED_BYTES);
  let restored: H | null = null;
  let pages = 0;
  const pfns: number[] = [];
  const flush = (): void => {
    const used = packed.subarray(0, pfns.length * PACKED_BYTES);
    const before = restored === null ? stream.copy() : null;
    stream.update(used);
    let changed = false;
    pfns.forEach((pfn, index) => {
      const page = used.subarray(index * PACKED_BYTES + PFN_BYTES, (index + 1) * PACKED_BYTES);
      changed = model.fixUp(pfn, page, isPopulated) || changed;
    });
    if (changed) restored ??= before;
    restored?.update(used);
    pages += pfns.length;
    pfns.length = 0;
  };
  for (const { first, end } of memory.segments) {
    for (let pfn = first; pfn < end; pfn++) {
      const { populated, version } = memory.stateAfter(pfn, lastPass);
      if (!populated) continue;
      const at = pfns.length * PACKED_BYTES;
      writeU32(packed, at, pfn);
      writeU32(packed, at + 4, 0);
      const page = packed.subarray(at + PFN_BYTES, at + PACKED_BYTES);
      if (version === null) page.fill(0);
      else model.page(pfn, version, page);
      pfns.push(pfn);
      if (pfns.length < STEP_PAGES) continue;
      flush();
      yield pages;
    }
  }
  flush();
  return restored ?? stream.copy();
}

function inSegments(memory: MemoryMap, pfn: number): boolean {
  return memory.segments.some(({ first, end }) => pfn >= first && pfn < end);
}
