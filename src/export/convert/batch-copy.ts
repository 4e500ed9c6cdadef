/**
 * A batch on its way into the guest and, at the same time, into an output: a sink around the
 * guest's sink. Entries are written without their reserved bits, and only once the guest took all
 * of them. Windows stay the guest's: no page is copied on its way. Source: PAGE_DATA; LC-VER-2.
 */
import {
  ENTRY_BYTES,
  ENTRY_HIGH_RESERVED_MASK,
  PAGE_BYTES,
  PAGE_TYPE_XALLOC,
  PAGE_TYPES_POPULATED,
} from "../../format/index.js";
import type { Guest } from "../../guest/index.js";
import {
  type BatchPlan,
  type BatchSink,
  EntryTable,
  type Job,
  PAGE_ENTRY,
  readU32,
  writeU32,
} from "../../stream/index.js";
import { beginPageData } from "../writers/libxc.js";
import type { ByteSink } from "../writers/sink.js";
import type { MemoryPatch } from "./memory-patch.js";

const ENTRIES_START_BYTES = 1024 * ENTRY_BYTES;

/** Grows with what was read, never with what a record claims; reused from batch to batch. */
export class EntryBuffer {
  #bytes = new Uint8Array(ENTRIES_START_BYTES);
  #used = 0;

  clear(): void {
    this.#used = 0;
  }

  /** Add raw entries, without their reserved bits. */
  add(raw: Uint8Array): void {
    const end = this.#used + raw.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = grown;
    }
    this.#bytes.set(raw, this.#used);
    for (let at = this.#used + 4; at < end; at += ENTRY_BYTES) {
      const high = readU32(this.#bytes, at);
      if ((high & ENTRY_HIGH_RESERVED_MASK) !== 0) {
        writeU32(this.#bytes, at, high & ~ENTRY_HIGH_RESERVED_MASK);
      }
    }
    this.#used = end;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }
}

/** What a copy needs besides the guest's sink. */
export interface BatchOutput {
  readonly guest: Guest;
  readonly output: ByteSink;
  /** Cleared first; no other batch may use it before this one's end. */
  readonly entries: EntryBuffer;
}

/** The same, what is changed on the way, and who is told of what was mended. */
export interface BatchCopyOptions extends BatchOutput {
  readonly patch: MemoryPatch | null;
  /** Is told how many pages behind VERIFY were replaced by what a restorer keeps. */
  readonly mended: (pages: number) => void;
}

/** The guest must ask for all data pages (`readData`): those that it passes over are not copied. */
export class BatchCopy implements BatchSink {
  readonly #inner: BatchSink;
  readonly #options: BatchCopyOptions;

  constructor(inner: BatchSink, options: BatchCopyOptions) {
    this.#inner = inner;
    this.#options = options;
    options.entries.clear();
  }

  head(entryCount: number, reserved: number): boolean {
    return this.#inner.head(entryCount, reserved);
  }

  entryWindow(): Uint8Array {
    return this.#inner.entryWindow();
  }

  entries(entryCount: number): void {
    const raw = this.#inner.entryWindow().subarray(0, entryCount * ENTRY_BYTES);
    this.#options.entries.add(raw);
    this.#inner.entries(entryCount);
  }

  plan(): BatchPlan | null {
    const plan = this.#inner.plan();
    if (plan !== null) {
      beginPageData(this.#options.output, this.#options.entries.bytes, plan.dataPages);
    }
    return plan;
  }

  pageWindow(): Uint8Array {
    return this.#inner.pageWindow();
  }

  *pages(first: number, count: number): Job<void> {
    const window = this.#inner.pageWindow().subarray(0, count * PAGE_BYTES);
    if (this.#options.guest.verifying) {
      yield* this.#verified(first, window.slice());
    } else {
      this.#write(first, window);
      yield* this.#inner.pages(first, count);
    }
  }

  end(wholePages: number): void {
    this.#inner.end(wholePages);
  }

  /** Behind VERIFY a page that differs is told of and dropped: what is held is written instead. */
  *#verified(first: number, pages: Uint8Array): Job<void> {
    const { guest, mended } = this.#options;
    const count = pages.length / PAGE_BYTES;
    yield* this.#inner.pages(first, count);
    let differing = 0;
    for (let i = 0; i < count; i += 1) {
      const sent = pages.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
      const held = yield* guest.readPage(guest.engine.dataPagePfn(first + i), "restored");
      if (!equal(held, sent)) {
        differing += 1;
        sent.set(held);
      }
    }
    this.#write(first, pages);
    if (differing > 0) mended(differing);
  }

  /** Pages go out as they are, but for those that are patched: the guest's own stay the same. */
  #write(first: number, pages: Uint8Array): void {
    const { guest, output, patch } = this.#options;
    let written = 0;
    for (let at = 0; patch !== null && at < pages.length; at += PAGE_BYTES) {
      const pfn = guest.engine.dataPagePfn(first + at / PAGE_BYTES);
      if (!patch.touches(pfn)) continue;
      const page = pages.slice(at, at + PAGE_BYTES);
      patch.apply(pfn, page);
      output.write(pages.subarray(written, at));
      output.write(page);
      written = at + PAGE_BYTES;
    }
    output.write(pages.subarray(written));
  }
}

/**
 * A batch behind VERIFY whose pages cannot be compared: none is read. What it says of memory is
 * which pfns get a page, and those that had none are written as entries without data.
 */
export class PopulateOnly implements BatchSink {
  readonly #inner: BatchSink;
  readonly #options: BatchOutput;
  readonly #entry = new Uint8Array(ENTRY_BYTES);

  constructor(inner: BatchSink, options: BatchOutput) {
    this.#inner = inner;
    this.#options = options;
    options.entries.clear();
  }

  head(entryCount: number, reserved: number): boolean {
    return this.#inner.head(entryCount, reserved);
  }

  entryWindow(): Uint8Array {
    return this.#inner.entryWindow();
  }

  entries(entryCount: number): void {
    const { guest, entries } = this.#options;
    const raw = this.#inner.entryWindow().subarray(0, entryCount * ENTRY_BYTES);
    for (const { type, pfn } of new EntryTable(PAGE_ENTRY, raw)) {
      const populates = ((PAGE_TYPES_POPULATED >>> type) & 1) === 1;
      if (!populates || pfn >= guest.pfnLimit || guest.isPopulated(pfn)) continue;
      PAGE_ENTRY.write({ type: PAGE_TYPE_XALLOC, reserved: 0, pfn }, this.#entry, 0);
      entries.add(this.#entry);
    }
    this.#inner.entries(entryCount);
  }

  plan(): BatchPlan | null {
    const plan = this.#inner.plan();
    if (plan === null) return null;
    const { output, entries } = this.#options;
    if (entries.bytes.length > 0) beginPageData(output, entries.bytes, 0);
    return { ...plan, ranges: [] };
  }

  pageWindow(): Uint8Array {
    return this.#inner.pageWindow();
  }

  *pages(): Job<void> {}

  end(wholePages: number): void {
    this.#inner.end(wholePages);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i += 1) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}
