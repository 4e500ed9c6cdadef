/**
 * Digests of a guest's memory, equal for equal memory whatever the stream looked like. The hash of
 * pages is the engine's; SHA-256 is passed in, as this room is platform free.
 * Source: INTERFACE, `restore --digest`.
 */

import { PAGE_WINDOW_BYTES, type Xxh3 } from "../engine/port.js";
import { PAGE_BYTES, TWO_POW_32 } from "../format/index.js";
import { type Job, readInto } from "../stream/index.js";
import type { Guest } from "./guest.js";

/** A running SHA-256, as the platform has it. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** Another hash that has taken the same bytes. */
  copy(): Sha256;
  /** Lower-case hex of all bytes so far; ends the hash. */
  digestHex(): string;
}

/** SHA-256 over pfn (u64 LE) and page of each populated pfn, ascending, in both memory states. */
export interface Sha256Digests {
  readonly streamSha256: string;
  readonly restoredSha256: string;
}

const PFN_BYTES = 8;
/** Pages hashed at a time: one request, one update. Few, as their memory is made for each image. */
const STEP_PAGES = 64;
/** Pages folded at a time: a window of the engine. */
const FOLD_PAGES = PAGE_WINDOW_BYTES / PAGE_BYTES;

/**
 * Both SHA-256 digests in one pass over the populated pages. Up to the first page that differs
 * they are one: most guests have theirs at the very end.
 */
export function* digestSha256(guest: Guest, createSha256: () => Sha256): Job<Sha256Digests> {
  const stream = createSha256();
  let restored: Sha256 | null = null;
  const [firstFixed = Number.POSITIVE_INFINITY] = guest.fixedPfns();
  const pages = new Uint8Array(STEP_PAGES * PAGE_BYTES);
  const packed = new Uint8Array(STEP_PAGES * (PFN_BYTES + PAGE_BYTES));
  for (const { first, count } of steps(guest)) {
    yield* guest.readPages(first, count, pages, "stream");
    const used = pack(packed, pages, first, count);
    if (first + count > firstFixed) restored ??= stream.copy();
    stream.update(used);
    if (restored === null) continue;
    for (let i = 0; i < count; i += 1) {
      const at = i * (PFN_BYTES + PAGE_BYTES) + PFN_BYTES;
      guest.fixUpOf(first + i)?.(used.subarray(at, at + PAGE_BYTES));
    }
    restored.update(used);
  }
  const streamSha256 = stream.digestHex();
  return { streamSha256, restoredSha256: restored?.digestHex() ?? streamSha256 };
}

/** Digest of a guest's pages, and how many of them are zero. */
export interface PageDigests {
  /**
   * 16 hex digits: XXH3-64 over pfn and XXH3-64 of the page, each u64 LE, for each populated pfn
   * ascending, after the fix-ups.
   */
  readonly pageDigest: string;
  /** Populated pages that are all zero in `stream` state. */
  readonly zeroPages: number;
}

/** Both in one pass over the pages; those of an indexed guest are read into the engine's window. */
export function* digestXxh3(guest: Guest): Job<PageDigests> {
  const fold = new PageFold(guest);
  for (const run of guest.populatedRuns()) {
    for (let done = 0; done < run.count; done += FOLD_PAGES) {
      const count = Math.min(FOLD_PAGES, run.count - done);
      if (guest.model === "resident") yield* fold.held(run.first + done, count);
      else yield* fold.indexed(run.first + done, count);
    }
  }
  return fold.result();
}

/** Takes pages into the outer hash, ascending by pfn. */
class PageFold {
  readonly #guest: Guest;
  readonly #outer: Xxh3;
  /** Of single pages; made for the first. */
  #single: Xxh3 | null = null;
  readonly #fixedPfns: readonly number[];
  /** Of #fixedPfns: the first that is not passed yet. */
  #nextFixed = 0;
  #zeroPages = 0;

  constructor(guest: Guest) {
    this.#guest = guest;
    this.#outer = guest.engine.createXxh3();
    this.#fixedPfns = guest.fixedPfns();
  }

  result(): PageDigests {
    const { model, engine } = this.#guest;
    return {
      pageDigest: this.#outer.digest().toString(16).padStart(16, "0"),
      zeroPages: model === "resident" ? engine.stats().zeroPages : this.#zeroPages,
    };
  }

  /** Pages that the engine holds. */
  *held(first: number, count: number): Job<void> {
    const { engine } = this.#guest;
    for (let at = first; at < first + count; ) {
      const fixed = this.#fixedWithin(first + count);
      if (fixed > at) engine.foldPages(at, fixed - at, this.#outer);
      if (fixed === first + count) return;
      engine.pageWindow().set(yield* this.#guest.readPage(fixed, "restored"));
      engine.foldWindow(fixed, 0, 1, this.#outer);
      this.#nextFixed += 1;
      at = fixed + 1;
    }
  }

  /** Pages that stand in the input; so many as fit the window. */
  *indexed(first: number, count: number): Job<void> {
    const guest = this.#guest;
    const window = guest.engine.pageWindow();
    for (let at = 0; at < count; ) {
      const { byteOffset, count: pages } = guest.copiesFrom(first + at, count - at);
      if (byteOffset < 0) {
        yield* this.#copyless(first + at, pages);
      } else {
        const view = window.subarray(at * PAGE_BYTES, (at + pages) * PAGE_BYTES);
        const got = yield* readInto(byteOffset, view);
        // The input had these bytes when it was indexed: it shrank since. Never show old ones.
        if (got < view.length) view.fill(0, got);
        this.#window(first + at, at, pages);
      }
      at += pages;
    }
  }

  /** Pages of the window, from page `at` of it on. */
  #window(first: number, at: number, count: number): void {
    const { engine } = this.#guest;
    const end = first + count;
    for (let pfn = first; pfn < end; ) {
      const fixed = this.#fixedWithin(end);
      const place = at + pfn - first;
      if (fixed > pfn) {
        this.#zeroPages += engine.foldWindow(pfn, place, fixed - pfn, this.#outer);
        pfn = fixed;
        continue;
      }
      const start = place * PAGE_BYTES;
      const page = engine.pageWindow().subarray(start, start + PAGE_BYTES);
      if (page.every((byte) => byte === 0)) this.#zeroPages += 1;
      this.#guest.fixUpOf(fixed)?.(page);
      engine.foldWindow(fixed, place, 1, this.#outer);
      this.#nextFixed += 1;
      pfn += 1;
    }
  }

  /** Populated pages that the stream brought no contents for. */
  *#copyless(first: number, count: number): Job<void> {
    const { engine } = this.#guest;
    const end = first + count;
    this.#zeroPages += count;
    for (let pfn = first; pfn < end; ) {
      const fixed = this.#fixedWithin(end);
      if (fixed > pfn) engine.foldZeroPages(pfn, fixed - pfn, this.#outer);
      if (fixed === end) return;
      const page = yield* this.#guest.readPage(fixed, "restored");
      this.#single ??= engine.createXxh3();
      this.#single.reset();
      this.#single.update(page);
      this.#outer.update(pairOf(fixed, this.#single.digest()));
      this.#nextFixed += 1;
      pfn = fixed + 1;
    }
  }

  /** The next page with a fix-up before `end`; `end` if there is none. */
  #fixedWithin(end: number): number {
    return Math.min(this.#fixedPfns[this.#nextFixed] ?? end, end);
  }
}

function pairOf(pfn: number, digest: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(pfn), digest).buffer);
}

/** The populated pfns in pieces of at most STEP_PAGES. */
function* steps(guest: Guest): Generator<{ first: number; count: number }> {
  for (const run of guest.populatedRuns()) {
    for (let done = 0; done < run.count; done += STEP_PAGES) {
      yield { first: run.first + done, count: Math.min(STEP_PAGES, run.count - done) };
    }
  }
}

function pack(into: Uint8Array, pages: Uint8Array, first: number, count: number): Uint8Array {
  const view = new DataView(into.buffer);
  for (let i = 0; i < count; i += 1) {
    const at = i * (PFN_BYTES + PAGE_BYTES);
    view.setUint32(at, (first + i) % TWO_POW_32, true);
    view.setUint32(at + 4, Math.floor((first + i) / TWO_POW_32), true);
    into.set(pages.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES), at + PFN_BYTES);
  }
  return into.subarray(0, count * (PFN_BYTES + PAGE_BYTES));
}
