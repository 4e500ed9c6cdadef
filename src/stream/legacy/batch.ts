/**
 * The page batches of a legacy stream, given as PAGE_DATA records: entries are judged, those that
 * mean nothing dropped, the others widened into the sink's window; pages go from the input to the
 * sink's window untouched. A batch without a usable page gives nothing.
 *
 *   legacy, UL:  31..28 type | 27..0 pfn         libxc, u64:  63..60 type | 51..0 pfn
 *
 * Source: Xen 4.5 xc_domain_restore.c (facts); LG-CH-2..4, LG-CNV-1.
 */
import { counted } from "../../findings/index.js";
import {
  ENTRY_BYTES,
  LEGACY_BATCH_MAX,
  LEGACY_ENTRY_NOTHING,
  LEGACY_ENTRY_PFN_MASK,
  LEGACY_ENTRY_TYPE_MASK,
  LEGACY_ENTRY_TYPE_SHIFT,
  LEGACY_TYPE_FIRST_WITHOUT_DATA,
  PAGE_BYTES,
  PAGE_DATA_HEAD_BYTES,
  PAGE_TYPE_XTAB,
  PAGE_TYPES_INVALID,
  PAGE_TYPES_POPULATED,
  REC_TYPE_PAGE_DATA,
} from "../../format/index.js";
import { feedPages } from "../libxc/batch.js";
import { viewOf } from "../magic.js";
import { printedBlob } from "../print.js";
import type { BatchEvent, BatchLayout, BatchSink, Job, Reader } from "../protocol.js";
import type { PfnSet } from "./pfn-set.js";
import type { LegacySession } from "./session.js";

/** Reads the batches of one stream; its buffers are reused from batch to batch. */
export class BatchReader {
  readonly #session: LegacySession;
  readonly #filled: PfnSet | null;
  readonly #raw: Uint8Array;
  /** The entries that are given, as they stand in the stream, and their ordinals there. */
  readonly #kept = new Uint32Array(LEGACY_BATCH_MAX);
  readonly #ordinals = new Uint32Array(LEGACY_BATCH_MAX);
  readonly #sorted = new Uint32Array(LEGACY_BATCH_MAX);
  #keptCount = 0;
  #dataPages = 0;
  #nothingWithPfnSeen = false;

  /** @param filled  takes the pfns that batches fill; null if nobody asks for them */
  constructor(session: LegacySession, filled: PfnSet | null) {
    this.#session = session;
    this.#filled = filled;
    this.#raw = new Uint8Array(LEGACY_BATCH_MAX * session.ulongBytes);
  }

  /**
   * Read a batch of `count` entries; the cursor stands behind the chunk's id.
   *
   * @param count  1..LEGACY_BATCH_MAX
   * @throws {StreamError} LG-CH-10 where the input ends inside the batch
   */
  *read(count: number): Reader<void> {
    const { cursor, ulongBytes } = this.#session;
    const entriesAt = cursor.byteOffset;
    yield* cursor.fill(this.#raw.subarray(0, count * ulongBytes));
    this.#take(count);
    const sound = yield* this.#judge(entriesAt);
    const pagesAt = cursor.byteOffset;
    const pageBytes = this.#dataPages * PAGE_BYTES;
    yield* this.#tell(count);
    if (this.#keptCount === 0) {
      yield this.#session.fault({ rule: "LG-CNV-1", actual: counted(count, "hole") });
      return;
    }
    if (sound && this.#filled !== null) this.#noteFilled(this.#filled);
    const ordinals = this.#ordinals;
    const layout: BatchLayout = {
      pagesByteOffset: pagesAt,
      entryByteOffset: (index) => entriesAt + (ordinals[index] ?? 0) * ulongBytes,
    };
    const bodyBytes = PAGE_DATA_HEAD_BYTES + this.#keptCount * ENTRY_BYTES + pageBytes;
    const source = { byteOffset: cursor.startByteOffset };
    const head = this.#session.head(REC_TYPE_PAGE_DATA, source, bodyBytes);
    const batch: BatchEvent = { event: "batch", head, sink: null, layout };
    yield batch;
    const { sink } = batch;
    let passedTo = pagesAt;
    if (sound && sink?.head(this.#keptCount, 0)) passedTo = yield* this.#feed(sink, pagesAt);
    else sink?.end(0);
    cursor.moveTo(passedTo);
    yield* cursor.pass(pagesAt + pageBytes - passedTo);
  }

  /** Tell of what the record has no room for: entries that mean nothing, upper halves in use. */
  *#tell(count: number): Reader<void> {
    const { ulongBytes } = this.#session;
    const dropped = count - this.#keptCount;
    const upper = ulongBytes === 4 ? null : this.#upperHalves(count);
    if (dropped === 0 && upper === null) return;
    const printed = upper === null ? {} : printedBlob("upperHalves", upper);
    yield this.#session.header("page batch", { entries: count, dropped, ...printed });
  }

  /** Octets 4 to 7 of each entry of eight; null where all are zero, as they should be. */
  #upperHalves(count: number): Uint8Array | null {
    const words = new Uint32Array(this.#raw.buffer, 0, count * 2);
    let bits = 0;
    for (let at = 1; at < words.length; at += 2) bits |= words[at] ?? 0;
    if (bits === 0) return null;
    return new Uint8Array(words.filter((_, at) => at % 2 === 1).buffer);
  }

  /** Drop the entries that mean nothing; count the pages behind them. */
  #take(count: number): void {
    const view = viewOf(this.#raw);
    const { ulongBytes } = this.#session;
    let kept = 0;
    let dataPages = 0;
    for (let ordinal = 0; ordinal < count; ordinal += 1) {
      const entry = view.getUint32(ordinal * ulongBytes, true);
      if (entry === LEGACY_ENTRY_NOTHING) continue;
      if (entry >>> LEGACY_ENTRY_TYPE_SHIFT < LEGACY_TYPE_FIRST_WITHOUT_DATA) dataPages += 1;
      this.#kept[kept] = entry;
      this.#ordinals[kept] = ordinal;
      kept += 1;
    }
    this.#keptCount = kept;
    this.#dataPages = dataPages;
  }

  /** LG-CH-2, LG-CH-3, LG-CH-4. Returns false if the batch must be refused. */
  *#judge(entriesAt: number): Reader<boolean> {
    const { ulongBytes } = this.#session;
    let sound = true;
    const place = (index: number) => {
      const entryIndex = this.#ordinals[index] ?? 0;
      const byteOffset = entriesAt + entryIndex * ulongBytes;
      const field = { at: 0, bytes: ulongBytes };
      return { byteOffset, entryIndex, recordType: "page batch", field };
    };
    for (let index = 0; index < this.#keptCount; index += 1) {
      const entry = this.#kept[index] ?? 0;
      const type = entry >>> LEGACY_ENTRY_TYPE_SHIFT;
      if (((PAGE_TYPES_INVALID >>> type) & 1) !== 0) {
        sound = false;
        const actual = hex(entry);
        yield this.#session.fault({ rule: "LG-CH-3", ...place(index), actual });
      } else if (type === PAGE_TYPE_XTAB && !this.#nothingWithPfnSeen) {
        this.#nothingWithPfnSeen = true;
        const expected = hex(LEGACY_ENTRY_NOTHING);
        yield this.#session.fault({
          rule: "LG-CH-2",
          ...place(index),
          expected,
          actual: hex(entry),
        });
      }
    }
    if (!this.#hasRepeats()) return sound;
    const seen = new Set<number>();
    for (let index = 0; index < this.#keptCount; index += 1) {
      const entry = this.#kept[index] ?? 0;
      if (!seen.has(entry)) seen.add(entry);
      else yield this.#session.fault({ rule: "LG-CH-4", ...place(index), actual: hex(entry) });
    }
    return false;
  }

  /** Which pfns are now there: those with a page, and those to be allocated. */
  #noteFilled(filled: PfnSet): void {
    for (let index = 0; index < this.#keptCount; index += 1) {
      const entry = this.#kept[index] ?? 0;
      const populates = (PAGE_TYPES_POPULATED >>> (entry >>> LEGACY_ENTRY_TYPE_SHIFT)) & 1;
      if (populates === 1) filled.add(entry & LEGACY_ENTRY_PFN_MASK);
    }
  }

  /** Savers write ascending pfns, so that sorting is for the unusual batch. */
  #hasRepeats(): boolean {
    const kept = this.#kept.subarray(0, this.#keptCount);
    if (isAscending(kept)) return false;
    const sorted = this.#sorted.subarray(0, this.#keptCount);
    sorted.set(kept);
    return !isAscending(sorted.sort());
  }

  /**
   * Entries, plan, pages. The sink is told of the end in any case, a cut one included.
   * Returns the first byte that was not read or passed over.
   */
  *#feed(sink: BatchSink, pagesAt: number): Job<number> {
    let wholePages = 0;
    try {
      for (let first = 0; first < this.#keptCount; ) {
        const window = sink.entryWindow();
        const step = Math.min(this.#keptCount - first, Math.floor(window.length / ENTRY_BYTES));
        this.#widen(first, step, viewOf(window));
        sink.entries(step);
        first += step;
      }
      const plan = sink.plan();
      if (plan === null) return pagesAt;
      wholePages = yield* feedPages(pagesAt, plan, sink);
      if (wholePages < plan.dataPages) throw this.#session.cursor.cut();
      return pagesAt + wholePages * PAGE_BYTES;
    } finally {
      sink.end(wholePages);
    }
  }

  /** Write entries into the sink's window as libxc has them. */
  #widen(first: number, count: number, window: DataView): void {
    for (let index = 0; index < count; index += 1) {
      const entry = this.#kept[first + index] ?? 0;
      window.setUint32(index * ENTRY_BYTES, entry & LEGACY_ENTRY_PFN_MASK, true);
      window.setUint32(index * ENTRY_BYTES + 4, entry & LEGACY_ENTRY_TYPE_MASK, true);
    }
  }
}

function isAscending(entries: Uint32Array): boolean {
  for (let index = 1; index < entries.length; index += 1) {
    if ((entries[index] ?? 0) <= (entries[index - 1] ?? 0)) return false;
  }
  return true;
}

function hex(entry: number): string {
  return `0x${entry.toString(16).padStart(8, "0")}`;
}
