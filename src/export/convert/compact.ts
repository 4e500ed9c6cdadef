/**
 * A guest's memory as PAGE_DATA records that hold each page once: the last copy of each pfn, in pfn
 * order, 1024 entries a record. Populated pages, their contents and, for PV, the type recorded last
 * for each pfn come out as they were. Source: PAGE_DATA; LC-PG-9..11, LC-SIM-1, LC-SIM-5.
 */
import {
  ENTRY_BYTES,
  PAGE_BYTES,
  PAGE_TYPE_NOTAB,
  PAGE_TYPE_XALLOC,
  PAGE_TYPES_WITH_DATA,
} from "../../format/index.js";
import type { Guest } from "../../guest/index.js";
import { type Job, PAGE_ENTRY } from "../../stream/index.js";
import { beginPageData } from "../writers/libxc.js";
import type { ByteSink } from "../writers/sink.js";
import type { MemoryPatch } from "./memory-patch.js";

/** Entries of a full record, as savers write them (LC-PG-9). */
const ENTRIES_PER_RECORD = 1024;

/** One entry; its page, if its type carries one, is read from the guest. */
interface PlannedEntry {
  readonly pfn: number;
  readonly type: number;
}

/** Where the pages come from and go to, and what is changed on the way. */
interface PageCopy {
  readonly guest: Guest;
  readonly sink: ByteSink;
  readonly patch: MemoryPatch | null;
}

/** Write all memory of a guest whose stream was read. */
export function* writeCompactPages(copy: PageCopy): Job<void> {
  const { guest } = copy;
  yield* writeRecords(copy, entriesOf(guest));
  if (guest.kind === "pv") yield* writeRecords(copy, laterTypes(guest));
}

/** Populated pfns, and for PV the holes that have a type of their own, ascending. */
function* entriesOf(guest: Guest): Generator<PlannedEntry> {
  let next = 0;
  for (const run of guest.populatedRuns()) {
    if (guest.kind === "pv") yield* holes(guest, next, run.first);
    for (let pfn = run.first; pfn < run.first + run.count; pfn += 1) {
      yield { pfn, type: populatedType(guest, pfn) };
    }
    next = run.first + run.count;
  }
  if (guest.kind === "pv") yield* holes(guest, next, guest.maxPfn + 1);
}

/** Not populated, but named by an entry: BROKEN or XTAB. */
function* holes(guest: Guest, first: number, end: number): Generator<PlannedEntry> {
  for (let pfn = first; pfn < end; pfn += 1) {
    const type = guest.engine.pageType(pfn);
    if (type !== PAGE_TYPE_NOTAB) yield { pfn, type };
  }
}

/** A type that makes the page what it is; laterTypes() has what this cannot say. */
function populatedType(guest: Guest, pfn: number): number {
  const type = guest.engine.pageType(pfn);
  const hasData = guest.engine.lastOrdinal(pfn) >= 0;
  if (carriesPage(type)) return type;
  if (hasData) return PAGE_TYPE_NOTAB;
  return PAGE_TYPE_XALLOC;
}

/** Populated pages whose last entry was one without a page (LC-PG-11): said once more, behind. */
function* laterTypes(guest: Guest): Generator<PlannedEntry> {
  for (const run of guest.populatedRuns()) {
    for (let pfn = run.first; pfn < run.first + run.count; pfn += 1) {
      const type = guest.engine.pageType(pfn);
      if (populatedType(guest, pfn) !== type) yield { pfn, type };
    }
  }
}

function carriesPage(type: number): boolean {
  return ((PAGE_TYPES_WITH_DATA >>> type) & 1) === 1;
}

/** Entries as records, each with its pages behind it. */
function* writeRecords(copy: PageCopy, planned: Iterable<PlannedEntry>): Job<void> {
  const entries = new Uint8Array(ENTRIES_PER_RECORD * ENTRY_BYTES);
  const pages = new Uint8Array(ENTRIES_PER_RECORD * PAGE_BYTES);
  const pfns: number[] = [];
  let count = 0;
  for (const { pfn, type } of planned) {
    PAGE_ENTRY.write({ type, reserved: 0, pfn }, entries, count * ENTRY_BYTES);
    if (carriesPage(type)) pfns.push(pfn);
    count += 1;
    if (count < ENTRIES_PER_RECORD) continue;
    yield* writeOne(copy, entries, pfns, pages);
    pfns.length = 0;
    count = 0;
  }
  if (count === 0) return;
  yield* writeOne(copy, entries.subarray(0, count * ENTRY_BYTES), pfns, pages);
}

/** One record; runs of pfns are read at once. */
function* writeOne(
  { guest, sink, patch }: PageCopy,
  entries: Uint8Array,
  pfns: readonly number[],
  pages: Uint8Array,
): Job<void> {
  for (let i = 0; i < pfns.length; ) {
    const first = pfns[i] ?? 0;
    let run = 1;
    while (pfns[i + run] === first + run) run += 1;
    const into = pages.subarray(i * PAGE_BYTES, (i + run) * PAGE_BYTES);
    yield* guest.readPages(first, run, into, "stream");
    i += run;
  }
  for (const [i, pfn] of pfns.entries()) {
    if (patch === null) break;
    patch.apply(pfn, pages.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES));
  }
  beginPageData(sink, entries, pfns.length);
  sink.write(pages.subarray(0, pfns.length * PAGE_BYTES));
}
