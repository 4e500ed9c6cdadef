/**
 * Digests pages of a file in parts that any number of threads take from a shared counter. Nothing
 * of a guest is shared but the list of parts and the pairs that come of them, so each thread has an
 * instance over a memory of its own. Not the order of pairs in a hash: that is the caller's.
 */
import { PAGE_BYTES, TWO_POW_32 } from "../../format/index.js";
import { memoryPages, OUTBOX_BYTES, PAIR_BYTES, REGIONS } from "./layout.js";
import type { EngineModule } from "./platform.js";
import { xxh3Secret } from "./xxh3-secret.js";

/** Pages of one part at most: a window. */
export const PART_PAGES = REGIONS.pageWindow.bytes / PAGE_BYTES;

/** The parts, in shared memory; all arrays have one item for each part. */
export interface DigestParts {
  /** Of the first page in the file; -1 for pages that are zero and stand nowhere. */
  readonly byteOffsets: Float64Array;
  readonly firstPfns: Float64Array;
  readonly pageCounts: Uint32Array;
  /** Where the part's pairs begin, in pairs. */
  readonly pairsAt: Uint32Array;
  /** Pfn and digest, each u64 little-endian, for each page. */
  readonly pairs: Uint8Array;
  /** Next part, zero pages so far, threads at work, 1 if one failed. */
  readonly counters: Int32Array;
}

/** Items of `counters`. */
export const NEXT_PART = 0;
export const ZERO_PAGES = 1;
export const THREADS_AT_WORK = 2;
export const FAILED = 3;

/** As `fs.readSync`. */
export type ReadAt = (
  fd: number,
  into: Uint8Array,
  at: number,
  bytes: number,
  position: number,
) => number;

/** Everything a thread needs; can be sent to one. */
export interface DigestTask {
  readonly module: EngineModule;
  readonly fd: number;
  readonly parts: DigestParts;
  readonly secret: Uint8Array;
  readonly layout: {
    readonly memoryPages: number;
    readonly constants: number;
    readonly window: number;
    readonly outbox: number;
    readonly outboxBytes: number;
    readonly windowBytes: number;
    readonly pageBytes: number;
    readonly pairBytes: number;
    readonly twoPow32: number;
  };
}

/** The task of digesting `parts` of the file that `fd` is open on. */
export function digestTask(module: EngineModule, fd: number, parts: DigestParts): DigestTask {
  const layout = {
    memoryPages: memoryPages("indexed"),
    constants: REGIONS.constants.location,
    window: REGIONS.pageWindow.location,
    outbox: REGIONS.outbox.location,
    outboxBytes: OUTBOX_BYTES,
    windowBytes: REGIONS.pageWindow.bytes,
    pageBytes: PAGE_BYTES,
    pairBytes: PAIR_BYTES,
    twoPow32: TWO_POW_32,
  };
  return { module, fd, parts, secret: xxh3Secret(), layout };
}

/**
 * Take parts until none is left. Its text is sent to other threads, so it knows nothing but its
 * arguments and what every thread has; that is why it makes its instance by hand.
 *
 * @param taken  is called before each part is read; may throw to end all threads' work
 * @throws what `read` or `taken` throws; the other threads take no more parts then
 */
export function digestParts(task: DigestTask, read: ReadAt, taken?: (part: number) => void): void {
  const { fd, layout, parts } = task;
  const { counters, pageCounts } = parts;
  // biome-ignore lint/suspicious/noExplicitAny: this text runs where no types are
  const { Memory, Instance } = (globalThis as any).WebAssembly;
  const size = { initial: layout.memoryPages, maximum: layout.memoryPages, shared: true };
  const memory = new Memory(size);
  const { pairWindow, pairZeroPages } = new Instance(task.module, { env: { memory } }).exports;
  new Uint8Array(memory.buffer, layout.constants).set(task.secret);
  const window = new Uint8Array(memory.buffer, layout.window, layout.windowBytes);
  const outbox = new Uint8Array(memory.buffer, layout.outbox, layout.outboxBytes);
  try {
    while (Atomics.load(counters, 3) === 0) {
      const part = Atomics.add(counters, 0, 1);
      const count = pageCounts[part];
      if (count === undefined) return;
      taken?.(part);
      const pfn = parts.firstPfns[part] as number;
      const low = pfn % layout.twoPow32;
      const high = Math.floor(pfn / layout.twoPow32);
      const byteOffset = parts.byteOffsets[part] as number;
      if (byteOffset < 0) {
        pairZeroPages(count, low, high);
        Atomics.add(counters, 1, count);
      } else {
        const bytes = count * layout.pageBytes;
        let got = 0;
        while (got < bytes) {
          const more = read(fd, window, got, bytes - got, byteOffset + got);
          if (more === 0) break;
          got += more;
        }
        // The file had these bytes when it was indexed: it shrank since. Never show old ones.
        if (got < bytes) window.fill(0, got, bytes);
        Atomics.add(counters, 1, pairWindow(0, count, low, high));
      }
      const at = (parts.pairsAt[part] as number) * layout.pairBytes;
      parts.pairs.set(outbox.subarray(0, count * layout.pairBytes), at);
    }
  } catch (error) {
    Atomics.store(counters, 3, 1);
    throw error;
  }
}
