/**
 * The digests that a manifest is made of: of each page, and of what is around the pages. The
 * manifest is manifest.ts's, its file manifest-file.ts's.
 */
import { PAGE_BYTES } from "../format/index.js";
import type { Guest, MemoryState } from "../guest/index.js";
import { type Job, readInto } from "../stream/index.js";
import type { ReadingHooks } from "./hooks.js";
import { STEP_PAGES } from "./pfn-sets.js";

/** Bytes outside the pages that are read at a time. */
const REST_BYTES = 1024 * 1024;

/** Digests of a guest's pages, a step at a time. */
export class PageDigests {
  readonly #guest: Guest;
  readonly #state: MemoryState;
  readonly #hooks: ReadingHooks;
  readonly #totalBytes: number;
  #doneBytes = 0;
  readonly #digests = new BigUint64Array(STEP_PAGES);

  constructor(guest: Guest, state: MemoryState, hooks: ReadingHooks = {}) {
    this.#guest = guest;
    this.#state = state;
    this.#hooks = hooks;
    this.#totalBytes = guest.engine.stats().populatedPages * PAGE_BYTES;
  }

  /** One digest a page; overwritten by the next call. */
  *of(first: number, count: number): Job<BigUint64Array> {
    const pages = this.#guest.engine.pageWindow().subarray(0, count * PAGE_BYTES);
    yield* this.#guest.readPages(first, count, pages, this.#state);
    this.#guest.engine.digestWindow(count, this.#digests);
    this.#doneBytes += pages.length;
    const { signal, onProgress } = this.#hooks;
    signal?.throwIfAborted();
    onProgress?.({ phase: "digest", bytes: this.#doneBytes, totalBytes: this.#totalBytes });
    return this.#digests;
  }
}

/** XXH3-64 of all bytes of the input that are no page's last copy, in order. */
export function* digestRest(guest: Guest, inputBytes: number): Job<bigint> {
  const hash = guest.engine.createXxh3();
  const buffer = new Uint8Array(REST_BYTES);
  let at = 0;
  for (const pageAt of lastCopies(guest)) {
    if (pageAt > at) yield* hashRange(hash, buffer, at, pageAt);
    at = pageAt + PAGE_BYTES;
  }
  if (inputBytes > at) yield* hashRange(hash, buffer, at, inputBytes);
  return hash.digest();
}

function* hashRange(
  hash: { update(bytes: Uint8Array): void },
  buffer: Uint8Array,
  from: number,
  to: number,
): Job<void> {
  for (let at = from; at < to; at += REST_BYTES) {
    const view = buffer.subarray(0, Math.min(REST_BYTES, to - at));
    hash.update(view.subarray(0, yield* readInto(at, view)));
  }
}

/** Where the last copy of each pfn stands, in order of the input: one bit a copy is held. */
function* lastCopies(guest: Guest): Generator<number> {
  const copies = guest.pages.nextOrdinal;
  const isLast = new Uint8Array(Math.ceil(copies / 8));
  for (const { first, count } of guest.populatedRuns()) {
    for (let pfn = first; pfn < first + count; pfn += 1) {
      const ordinal = guest.engine.lastOrdinal(pfn);
      if (ordinal >= 0) isLast[ordinal >> 3] = (isLast[ordinal >> 3] ?? 0) | (1 << (ordinal & 7));
    }
  }
  for (let ordinal = 0; ordinal < copies; ordinal += 1) {
    if ((((isLast[ordinal >> 3] ?? 0) >> (ordinal & 7)) & 1) === 0) continue;
    yield guest.pages.byteOffsetOf(ordinal, PAGE_BYTES);
  }
}

/** A digest as documents print it. */
export function hex64(value: bigint): string {
  return value.toString(16).padStart(16, "0");
}
