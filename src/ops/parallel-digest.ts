/**
 * The page digest of an indexed guest by several threads: each takes parts of the file, digests
 * them, and leaves pairs of pfn and digest, which are hashed in order at the end. One thread does
 * the same in guest/; both give the same digest, and only the time differs.
 */
import { readSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import {
  type DigestParts,
  type DigestTask,
  digestParts,
  digestTask,
  FAILED,
  NEXT_PART,
  PART_PAGES,
  THREADS_AT_WORK,
  ZERO_PAGES,
} from "../engine/index.js";
import type { Guest, PageDigests } from "../guest/index.js";
import { type AsyncSource, driveSync, FileSource } from "../input/index.js";
import { nodeOs } from "./builtins.js";
import type { Platform } from "./runtime.js";
import { startThreads } from "./threads.js";

/** A thread takes as long to start as one needs for so many pages: 1 GiB of them is worth it. */
const PAGES_WORTH_A_THREAD = 1 << 18;
/** Threads by default at most: reading memory does not get faster by more. */
const DEFAULT_THREADS = 4;
const PAIR_BYTES = 16;
/** Waiting for other threads is cut in pieces, lest one that died is waited for. */
const WAIT_MS = 50;
const WAITS = 1200;

/** How many threads a digest should have. */
export interface ThreadChoice {
  /** Null: as many as the guest is worth and the machine has. */
  readonly threads: number | null;
  /** Is told of the pages whose turn has come; may throw to end the work. */
  readonly onPages?: ((pages: number) => void) | undefined;
}

/**
 * The page digest by several threads.
 *
 * @returns null where one thread is right: the guest is small, held in memory, or not in a file
 */
export function parallelDigest(
  platform: Platform,
  guest: Guest,
  source: AsyncSource,
  choice: ThreadChoice,
): PageDigests | null {
  const pages = guest.engine.stats().populatedPages;
  const threads = choice.threads ?? threadsFor(pages);
  if (threads < 2 || pages === 0 || guest.model !== "indexed" || guest.engine.name !== "wasm") {
    return null;
  }
  if (!(source instanceof FileSource)) return null;
  const parts = partsOf(guest, source.baseOffset, pages);
  if (!runThreads(platform, source.fd, parts, threads, choice.onPages)) return null;
  const outer = guest.engine.createXxh3();
  for (const pfn of guest.fixedPfns()) {
    outer.reset();
    outer.update(driveSync(guest.readPage(pfn, "restored"), source));
    fixPair(parts, pfn, outer.digest());
  }
  outer.reset();
  outer.update(parts.pairs);
  const pageDigest = outer.digest().toString(16).padStart(16, "0");
  return { pageDigest, zeroPages: Atomics.load(parts.counters, ZERO_PAGES) };
}

function threadsFor(pages: number): number {
  const worth = 1 + Math.floor(pages / PAGES_WORTH_A_THREAD);
  return Math.min(worth, nodeOs().availableParallelism(), DEFAULT_THREADS);
}

/** Every populated pfn, ascending, in parts that stand in the file side by side. */
function partsOf(guest: Guest, baseOffset: number, pages: number): DigestParts {
  const byteOffsets: number[] = [];
  const firstPfns: number[] = [];
  const pageCounts: number[] = [];
  for (const run of guest.populatedRuns()) {
    for (let pfn = run.first; pfn < run.first + run.count; ) {
      const left = Math.min(PART_PAGES, run.first + run.count - pfn);
      const { byteOffset, count } = guest.copiesFrom(pfn, left);
      byteOffsets.push(byteOffset < 0 ? -1 : baseOffset + byteOffset);
      firstPfns.push(pfn);
      pageCounts.push(count);
      pfn += count;
    }
  }
  const parts = {
    byteOffsets: new Float64Array(new SharedArrayBuffer(byteOffsets.length * 8)),
    firstPfns: new Float64Array(new SharedArrayBuffer(firstPfns.length * 8)),
    pageCounts: new Uint32Array(new SharedArrayBuffer(pageCounts.length * 4)),
    pairsAt: new Uint32Array(new SharedArrayBuffer(pageCounts.length * 4)),
    pairs: new Uint8Array(new SharedArrayBuffer(pages * PAIR_BYTES)),
    counters: new Int32Array(new SharedArrayBuffer(16)),
  };
  parts.byteOffsets.set(byteOffsets);
  parts.firstPfns.set(firstPfns);
  parts.pageCounts.set(pageCounts);
  for (let part = 1; part < pageCounts.length; part += 1) {
    parts.pairsAt[part] = (parts.pairsAt[part - 1] ?? 0) + (pageCounts[part - 1] ?? 0);
  }
  return parts;
}

/** Returns false if another thread could not do its part: one alone will tell why. */
function runThreads(
  platform: Platform,
  fd: number,
  parts: DigestParts,
  threads: number,
  onPages: ((pages: number) => void) | undefined,
): boolean {
  const task = digestTask(platform.module(), fd, parts);
  const { counters } = parts;
  const workers = startWorkers(task, threads - 1);
  const telling = new Telling(parts, onPages);
  try {
    digestParts(task, readSync, (part) => telling.tell(part));
    for (let waits = 0; waits < WAITS; waits += 1) {
      const atWork = Atomics.load(counters, THREADS_AT_WORK);
      if (atWork === 0) return Atomics.load(counters, FAILED) === 0;
      Atomics.wait(counters, THREADS_AT_WORK, atWork, WAIT_MS);
    }
    return false;
  } catch (error) {
    if (telling.stopped) throw error;
    return false;
  } finally {
    // Those that have not begun yet find no part left; the others are done, or not waited for.
    Atomics.store(counters, NEXT_PART, parts.pageCounts.length);
    for (const worker of workers) void worker.terminate();
  }
}

/** Tells of pages as their turn comes, and knows whether it was that which ended the work. */
class Telling {
  stopped = false;
  readonly #parts: DigestParts;
  readonly #onPages: ((pages: number) => void) | undefined;
  #told = 0;

  constructor(parts: DigestParts, onPages: ((pages: number) => void) | undefined) {
    this.#parts = parts;
    this.#onPages = onPages;
  }

  tell(part: number): void {
    const before = this.#parts.pairsAt[part] ?? 0;
    this.stopped = true;
    this.#onPages?.(before - this.#told);
    this.stopped = false;
    this.#told = before;
  }
}

/** Threads that count themselves while they are at work. */
function startWorkers(task: DigestTask, wanted: number): Worker[] {
  return startThreads(wanted, digestParts, task, {
    before: `Atomics.add(task.parts.counters, ${THREADS_AT_WORK}, 1);`,
    after: `Atomics.sub(task.parts.counters, ${THREADS_AT_WORK}, 1);
      Atomics.notify(task.parts.counters, ${THREADS_AT_WORK});`,
  });
}

/** Put the digest of a page with its fix-up in place of that without. */
function fixPair(parts: DigestParts, pfn: number, digest: bigint): void {
  const part = lastAtMost(parts.firstPfns, pfn);
  const pair = (parts.pairsAt[part] ?? 0) + pfn - (parts.firstPfns[part] ?? 0);
  const view = new DataView(parts.pairs.buffer);
  view.setBigUint64(pair * PAIR_BYTES + 8, digest, true);
}

/** Index of the last of ascending numbers that is not above `value`. */
function lastAtMost(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((ascending[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
