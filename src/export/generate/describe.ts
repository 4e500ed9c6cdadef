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
export interface RunningHash {
  update(bytes: Uint8Array): void;
}

/** Pages that are hashed between two pauses. */
const STEP_PAGES = 256;
const PFN_BYTES = 8;

/**
 * Hash the guest's memory: for each populated pfn ascending, the pfn as u64 LE and its page. Pauses
 * (yields the pages done so far) now and then, so that the caller can show progress or stop.
 *
 * @param stream    gets memory as the page records leave it
 * @param restored  gets memory after the restorer's fix-ups
 */
export function* hashMemory(
  model: GuestModel,
  lastPass: number,
  stream: RunningHash,
  restored: RunningHash,
): Generator<number, void, void> {
  const { memory } = model;
  const isPopulated = (pfn: number): boolean =>
    inSegments(memory, pfn) && memory.stateAfter(pfn, lastPass).populated;
  const packed = new Uint8Array(STEP_PAGES * (PFN_BYTES + PAGE_BYTES));
  let used = 0;
  let pages = 0;
  const pfns: number[] = [];
  const flush = (): void => {
    stream.update(packed.subarray(0, used));
    pfns.forEach((pfn, index) => {
      const at = index * (PFN_BYTES + PAGE_BYTES) + PFN_BYTES;
      model.fixUp(pfn, packed.subarray(at, at + PAGE_BYTES), isPopulated);
    });
    restored.update(packed.subarray(0, used));
    pages += pfns.length;
    used = 0;
    pfns.length = 0;
  };
  for (const { first, end } of memory.segments) {
    for (let pfn = first; pfn < end; pfn++) {
      const { populated, version } = memory.stateAfter(pfn, lastPass);
      if (!populated) continue;
      writeU32(packed, used, pfn);
      writeU32(packed, used + 4, 0);
      const page = packed.subarray(used + PFN_BYTES, used + PFN_BYTES + PAGE_BYTES);
      if (version === null) page.fill(0);
      else model.page(pfn, version, page);
      used += PFN_BYTES + PAGE_BYTES;
      pfns.push(pfn);
      if (pfns.length < STEP_PAGES) continue;
      flush();
      yield pages;
    }
  }
  flush();
}

function inSegments(memory: MemoryMap, pfn: number): boolean {
  return memory.segments.some(({ first, end }) => pfn >= first && pfn < end);
}
