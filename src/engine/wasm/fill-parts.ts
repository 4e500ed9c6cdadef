/**
 * Reads pages of a file ahead of the thread that sets them: each part goes to a slot of the page
 * window of its bank, and that thread takes the slots in any order. Frames that will be needed are
 * touched on the way: most of what fresh memory costs is its page faults. Sets nothing itself.
 *
 *   page window   slot 0, of the thread that sets | slots 1..7, of the one that reads ahead
 */
import { PAGE_BYTES } from "../../format/index.js";
import type { FillSpace } from "../port.js";
import type { ReadAt } from "./digest-parts.js";
import { HEADER, REGIONS } from "./layout.js";

/** Pages of one part at most, and slots of a window. */
export const FILL_SLOT_PAGES = 64;
export const FILL_SLOTS = 8;

/**
 * Frames are touched so far ahead of those in use: near them both threads would fault for the same
 * ones.
 */
const TOUCH_FROM = 1024;
const TOUCH_END = 3072;

/** Items of `counters`; from FILL_STATES on one for each slot: 0 free, else its part + 1. */
export const FILL_NEXT = 0;
export const FILL_STOP = 1;
export const FILL_FILLED = 2;
export const FILL_STATES = 4;

/** The parts; all arrays but `counters` have one item for each part. */
export interface FillParts {
  /** Of the first page in the file. */
  readonly byteOffsets: Float64Array;
  readonly pageCounts: Uint32Array;
  /** Index of the bank in the list of spaces. */
  readonly banks: Uint32Array;
  readonly counters: Int32Array;
}

/** Everything the thread that reads ahead needs; can be sent to it. */
export interface FillTask {
  readonly fd: number;
  readonly parts: FillParts;
  /** The memories of the banks, and frames of each that need no touching. */
  readonly memories: readonly ArrayBufferLike[];
  readonly touched: readonly number[];
  readonly layout: {
    readonly pageBytes: number;
    readonly window: number;
    readonly slotPages: number;
    readonly slots: number;
    readonly states: number;
    readonly framesHigh: number;
    readonly touchFrom: number;
    readonly touchEnd: number;
    readonly arena: number;
  };
}

/** Fresh counters: all slots are free. */
export function fillCounters(): Int32Array {
  return new Int32Array(new SharedArrayBuffer((FILL_STATES + FILL_SLOTS) * 4));
}

/** The task of reading `parts` of the file that `fd` is open on. */
export function fillTask(fd: number, parts: FillParts, spaces: readonly FillSpace[]): FillTask {
  const layout = {
    pageBytes: PAGE_BYTES,
    window: REGIONS.pageWindow.location,
    slotPages: FILL_SLOT_PAGES,
    slots: FILL_SLOTS,
    states: FILL_STATES,
    framesHigh: HEADER.framesHigh.location,
    touchFrom: TOUCH_FROM,
    touchEnd: TOUCH_END,
    arena: REGIONS.arena.location,
  };
  const memories = spaces.map(({ window }) => window.buffer);
  const touched = spaces.map(({ framesTouched }) => framesTouched);
  return { fd, parts, memories, touched, layout };
}

/**
 * Read parts ahead until none is left or somebody stops. Its text is sent to another thread, so it
 * knows nothing but its arguments and what every thread has.
 *
 * @throws what `read` throws; the part it was about is left to the others
 */
export function readParts(task: FillTask, read: ReadAt): void {
  const { fd, parts, memories, layout } = task;
  const { counters, pageCounts } = parts;
  const touched = [...task.touched];
  const spaces = memories.map((memory, bank) => ({
    window: new Uint8Array(
      memory,
      layout.window,
      layout.slots * layout.slotPages * layout.pageBytes,
    ),
    framesHigh: new Int32Array(memory, layout.framesHigh, 1),
    arena: new Int32Array(memory, layout.arena),
    /** No more are needed than the bank has pages to set. */
    frames: pageCounts.reduce(
      (sum, count, part) => sum + (parts.banks[part] === bank ? count : 0),
      0,
    ),
  }));
  const touchFrames = (bank: number) => {
    const { framesHigh, arena, frames } = spaces[bank] as (typeof spaces)[number];
    const high = Atomics.load(framesHigh, 0);
    const end = Math.min(high + layout.touchEnd, frames);
    let frame = Math.max(high + layout.touchFrom, touched[bank] as number);
    for (; frame < end; frame++) {
      // Changes no byte, and is one write: what reads first would cost two faults.
      Atomics.compareExchange(arena, (frame * layout.pageBytes) / 4, 0, 0);
    }
    touched[bank] = Math.max(frame, touched[bank] as number);
  };
  for (let slot = 1; Atomics.load(counters, 1) === 0; ) {
    const state = layout.states + slot;
    const held = Atomics.load(counters, state);
    if (held !== 0) {
      Atomics.wait(counters, state, held);
      continue;
    }
    const part = Atomics.add(counters, 0, 1);
    const count = pageCounts[part];
    if (count === undefined) return;
    const bank = parts.banks[part] as number;
    touchFrames(bank);
    const { window } = spaces[bank] as (typeof spaces)[number];
    const at = slot * layout.slotPages * layout.pageBytes;
    const bytes = count * layout.pageBytes;
    let got = 0;
    while (got < bytes) {
      const position = (parts.byteOffsets[part] as number) + got;
      const more = read(fd, window, at + got, bytes - got, position);
      if (more === 0) break;
      got += more;
    }
    // The file had these bytes when it was indexed: it shrank since. Never show old ones.
    if (got < bytes) window.fill(0, at + got, at + bytes);
    Atomics.store(counters, state, part + 1);
    Atomics.add(counters, 2, 1);
    Atomics.notify(counters, 2);
    slot = slot + 1 < layout.slots ? slot + 1 : 1;
  }
}
