/**
 * Digests of a guest's memory, equal for equal memory whatever the stream looked like. The hash of
 * pages is the engine's; SHA-256 is passed in, as this room is platform free.
 * Source: INTERFACE, `restore --digest`.
 */
import { PAGE_BYTES, TWO_POW_32 } from "../format/index.js";
import type { Job } from "../stream/index.js";
import type { Guest } from "./guest.js";

/** A running SHA-256, as the platform has it. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** Lower-case hex of all bytes so far; ends the hash. */
  digestHex(): string;
}

/** SHA-256 over pfn (u64 LE) and page of each populated pfn, ascending, in both memory states. */
export interface Sha256Digests {
  readonly streamSha256: string;
  readonly restoredSha256: string;
}

const PFN_BYTES = 8;
/** Pages hashed at a time: one request, one update. */
const STEP_PAGES = 256;

/** Both SHA-256 digests in one pass over the populated pages. */
export function* digestSha256(guest: Guest, createSha256: () => Sha256): Job<Sha256Digests> {
  const stream = createSha256();
  const restored = guest.fixedPfns().length === 0 ? null : createSha256();
  const pages = new Uint8Array(STEP_PAGES * PAGE_BYTES);
  const packed = new Uint8Array(STEP_PAGES * (PFN_BYTES + PAGE_BYTES));
  for (const { first, count } of steps(guest)) {
    yield* guest.readPages(first, count, pages, "stream");
    const used = pack(packed, pages, first, count);
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

/**
 * `pageDigest`: XXH3-64 over pfn and XXH3-64 of the page, each u64 LE, for each populated pfn
 * ascending, after the fix-ups.
 *
 * @returns 16 hex digits
 */
export function* digestXxh3(guest: Guest): Job<string> {
  const { engine } = guest;
  const outer = engine.createXxh3();
  const digests = new BigUint64Array(STEP_PAGES);
  const pairs = new BigUint64Array(STEP_PAGES * 2);
  const pages = guest.model === "resident" ? null : new Uint8Array(STEP_PAGES * PAGE_BYTES);
  for (const { first, count } of steps(guest)) {
    if (pages === null) {
      engine.digestPages(first, count, digests);
    } else {
      const view = pages.subarray(0, count * PAGE_BYTES);
      yield* guest.readPages(first, count, view, "stream");
      engine.pageWindow().set(view);
      engine.digestWindow(count, digests);
    }
    for (let i = 0; i < count; i += 1) {
      pairs[i * 2] = BigInt(first + i);
      const fixed = guest.fixUpOf(first + i) !== undefined;
      pairs[i * 2 + 1] = fixed ? yield* digestFixed(guest, first + i) : (digests[i] ?? 0n);
    }
    outer.update(new Uint8Array(pairs.buffer, 0, count * 16));
  }
  return outer.digest().toString(16).padStart(16, "0");
}

/** Number of populated pages that are all zero in `stream` state, read where not resident. */
export function* countZeroPages(guest: Guest): Job<number> {
  if (guest.model === "resident") return guest.engine.stats().zeroPages;
  const pages = new Uint8Array(STEP_PAGES * PAGE_BYTES);
  let zeroPages = 0;
  for (const { first, count } of steps(guest)) {
    const view = pages.subarray(0, count * PAGE_BYTES);
    yield* guest.readPages(first, count, view, "stream");
    guest.engine.pageWindow().set(view);
    const bits = guest.engine.zeroPagesInWindow(count);
    for (let i = 0; i < count; i += 1) zeroPages += ((bits[i >> 3] ?? 0) >> (i & 7)) & 1;
  }
  return zeroPages;
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

function* digestFixed(guest: Guest, pfn: number): Job<bigint> {
  const hash = guest.engine.createXxh3();
  hash.update(yield* guest.readPage(pfn, "restored"));
  return hash.digest();
}
