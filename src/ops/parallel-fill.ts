/**
 * A resident guest in two steps: the stream is indexed without its pages, then the last copy of each
 * is set while another thread reads ahead and touches fresh memory. A page that was sent many times
 * is read once. The guest is the same as when its pages are placed as they come.
 */
import type { Worker } from "node:worker_threads";
import {
  FILL_FILLED,
  FILL_NEXT,
  FILL_SLOT_PAGES,
  FILL_SLOTS,
  FILL_STATES,
  FILL_STOP,
  type FillParts,
  type FillSpace,
  fillCounters,
  fillTask,
  readParts,
} from "../engine/index.js";
import { DEFAULT_LIMITS, InternalError } from "../findings/index.js";
import { PAGE_BYTES } from "../format/index.js";
import type { Guest } from "../guest/index.js";
import { type AsyncSource, FileSource } from "../input/index.js";
import { nodeOs } from "./builtins.js";
import { PhaseProgress, type ReadingHooks } from "./hooks.js";
import { startThreads } from "./threads.js";
import { Turns } from "./turns.js";

/** A thread starts in the time that a small part of so many bytes takes. */
const BYTES_WORTH_A_THREAD = 2 ** 30;
/** The other thread's last parts are waited for in pieces: it may have died. */
const WAIT_MS = 50;

/**
 * The file that a resident guest of this engine should be filled from by two threads; null where its
 * pages are placed as they come.
 *
 * @param threads  at most so many; null: two if the image is worth it and the machine has them
 */
export function fillSource(
  source: AsyncSource,
  engine: "wasm" | "reference",
  threads: number | null,
): FileSource | null {
  if (engine !== "wasm" || !(source instanceof FileSource)) return null;
  const worth = source.size >= BYTES_WORTH_A_THREAD;
  const wanted = threads ?? (worth ? nodeOs().availableParallelism() : 1);
  return wanted >= 2 ? source : null;
}

/**
 * Give a guest that was made with `fillLater` its contents.
 *
 * @param threadSilenceMs  as in Limits
 * @throws {CapacityError} "max-memory"
 * @throws {InputError} if the file cannot be read any more
 * @throws the reason of the hooks' signal, or what their callback throws
 */
export async function fillGuest(
  guest: Guest,
  source: FileSource,
  hooks: ReadingHooks = {},
  threadSilenceMs = DEFAULT_LIMITS.threadSilenceMs,
): Promise<void> {
  const fill = new Fill(guest, source, hooks);
  try {
    await fill.run(threadSilenceMs);
  } finally {
    await fill.stop();
  }
  guest.filled();
}

/** Pages that stand side by side in the input and are those of consecutive pfns. */
interface Piece {
  readonly firstPfn: number;
  readonly count: number;
  readonly byteOffset: number;
}

/** What is read at once: pieces of one bank, whole pages apart, and what lies between them. */
interface Part {
  readonly byteOffset: number;
  readonly bank: number;
  /** Index of the first piece; the next part's is the end. */
  readonly firstPiece: number;
  pageCount: number;
}

/** The last copies of all pages, in order of the input: a disk is read from its start to its end. */
interface Plan {
  readonly pieces: readonly Piece[];
  readonly parts: readonly Part[];
  readonly spaces: readonly FillSpace[];
}

function planOf(guest: Guest): Plan {
  const pieces = piecesOf(guest).sort((a, b) => a.byteOffset - b.byteOffset);
  const parts: Part[] = [];
  const spaces: FillSpace[] = [];
  const bankOf = (pfn: number): number => {
    const space = guest.engine.fillSpace(pfn);
    const known = spaces.findIndex(({ window }) => window === space.window);
    return known < 0 ? spaces.push(space) - 1 : known;
  };
  pieces.forEach(({ firstPfn, count, byteOffset }, firstPiece) => {
    const part = parts.at(-1);
    const bank = bankOf(firstPfn);
    const at = part === undefined ? 0 : (byteOffset - part.byteOffset) / PAGE_BYTES;
    const fits = at + count <= FILL_SLOT_PAGES && Number.isInteger(at);
    if (part !== undefined && part.bank === bank && fits) part.pageCount = at + count;
    else parts.push({ byteOffset, bank, firstPiece, pageCount: count });
  });
  return { pieces, parts, spaces };
}

function piecesOf(guest: Guest): Piece[] {
  const pieces: Piece[] = [];
  for (const run of guest.populatedRuns()) {
    for (let pfn = run.first; pfn < run.first + run.count; ) {
      const left = Math.min(FILL_SLOT_PAGES, run.first + run.count - pfn);
      const { byteOffset, count } = guest.copiesFrom(pfn, left);
      if (byteOffset >= 0) pieces.push({ firstPfn: pfn, count, byteOffset });
      pfn += count;
    }
  }
  return pieces;
}

function shared<A extends Float64Array | Uint32Array>(
  Type: { readonly BYTES_PER_ELEMENT: number; new (buffer: SharedArrayBuffer): A },
  numbers: readonly number[],
): A {
  const array = new Type(new SharedArrayBuffer(numbers.length * Type.BYTES_PER_ELEMENT));
  array.set(numbers);
  return array;
}

/** One guest while it is filled. */
class Fill {
  readonly #guest: Guest;
  readonly #source: FileSource;
  readonly #plan: Plan;
  readonly #parts: FillParts;
  readonly #progress: PhaseProgress<"read">;
  readonly #turns: Turns;
  readonly #workers: readonly Worker[];
  readonly #set: Uint8Array;
  #left: number;

  constructor(guest: Guest, source: FileSource, hooks: ReadingHooks) {
    this.#guest = guest;
    this.#source = source;
    const plan = planOf(guest);
    this.#plan = plan;
    const { parts, pieces } = plan;
    this.#parts = {
      byteOffsets: shared(
        Float64Array,
        parts.map(({ byteOffset }) => source.baseOffset + byteOffset),
      ),
      pageCounts: shared(
        Uint32Array,
        parts.map(({ pageCount }) => pageCount),
      ),
      banks: shared(
        Uint32Array,
        parts.map(({ bank }) => bank),
      ),
      counters: fillCounters(),
    };
    const pages = pieces.reduce((sum, { count }) => sum + count, 0);
    this.#progress = new PhaseProgress(hooks, pages * PAGE_BYTES, "read");
    this.#turns = new Turns(hooks.signal);
    this.#left = parts.length;
    this.#set = new Uint8Array(this.#left);
    const task = fillTask(source.fd, this.#parts, plan.spaces);
    this.#workers = startThreads(1, readParts, task, {
      after: `Atomics.store(task.parts.counters, ${FILL_STOP}, 1);
        Atomics.notify(task.parts.counters, ${FILL_FILLED});`,
    });
  }

  async run(threadSilenceMs: number): Promise<void> {
    const { counters, pageCounts } = this.#parts;
    let silentMs = 0;
    while (this.#left > 0) {
      await this.#turns.next();
      const filled = Atomics.load(counters, FILL_FILLED);
      if (this.#takeSlots() > 0) {
        silentMs = 0;
        continue;
      }
      const part = Atomics.add(counters, FILL_NEXT, 1);
      const isGone = Atomics.load(counters, FILL_STOP) !== 0 || silentMs >= threadSilenceMs;
      if (part < pageCounts.length) this.#readAndSet(part);
      else if (isGone) this.#setWhatIsLeft();
      else {
        const startMs = performance.now();
        Atomics.wait(counters, FILL_FILLED, filled, WAIT_MS);
        silentMs += performance.now() - startMs;
      }
    }
  }

  /**
   * Whatever happened: the other thread takes no more parts, waits for nobody, and is gone when this
   * is done. One that still reads would read into the next image's window, or from its file.
   */
  async stop(): Promise<void> {
    const { counters, pageCounts } = this.#parts;
    Atomics.store(counters, FILL_STOP, 1);
    Atomics.store(counters, FILL_NEXT, pageCounts.length);
    for (let slot = 0; slot < FILL_SLOTS; slot += 1) this.#free(slot);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** Set what was read ahead. Returns how many parts that was. */
  #takeSlots(): number {
    let parts = 0;
    for (let slot = 1; slot < FILL_SLOTS; slot += 1) {
      const part = Atomics.load(this.#parts.counters, FILL_STATES + slot) - 1;
      if (part < 0) continue;
      this.#setPart(part, slot);
      this.#free(slot);
      parts += 1;
    }
    return parts;
  }

  #free(slot: number): void {
    Atomics.store(this.#parts.counters, FILL_STATES + slot, 0);
    Atomics.notify(this.#parts.counters, FILL_STATES + slot);
  }

  #readAndSet(part: number): void {
    const { byteOffset, bank, pageCount } = this.#partAt(part);
    const slot = this.#plan.spaces[bank]?.window.subarray(0, pageCount * PAGE_BYTES);
    if (slot === undefined) throw new InternalError("each part has a bank");
    const got = this.#source.read(slot, byteOffset);
    // The file had these bytes when it was indexed: it shrank since. Never show old ones.
    if (got < slot.length) slot.fill(0, got);
    this.#setPart(part, 0);
  }

  #partAt(part: number): Part {
    const found = this.#plan.parts[part];
    if (found === undefined) throw new InternalError("each number is that of a part");
    return found;
  }

  /** The other thread is gone, or stuck, maybe with a part that it had taken. */
  #setWhatIsLeft(): void {
    this.#takeSlots();
    for (let part = 0; part < this.#set.length; part += 1) {
      if (this.#set[part] === 0) this.#readAndSet(part);
    }
  }

  #setPart(part: number, slot: number): void {
    const { byteOffset, firstPiece } = this.#partAt(part);
    const { pieces, parts } = this.#plan;
    const end = parts[part + 1]?.firstPiece ?? pieces.length;
    for (let index = firstPiece; index < end; index += 1) {
      const piece = pieces[index];
      if (piece === undefined) throw new InternalError("each part has pieces");
      const at = slot * FILL_SLOT_PAGES + (piece.byteOffset - byteOffset) / PAGE_BYTES;
      this.#guest.engine.setPages(piece.firstPfn, at, piece.count);
      this.#progress.add(piece.count * PAGE_BYTES);
    }
    this.#set[part] = 1;
    this.#left -= 1;
  }
}
