/**
 * The page contents of a resident guest: placing, comparing, copying and digesting pages. The
 * tables that lead from a pfn to its frame are the caller's banks. Source: specification LC-SIM-1,
 * LC-SIM-2, LC-VER-2.
 */
import { PAGE_BYTES } from "../../format/index.js";
import { BANK_PFNS, PAGE_WINDOW_BYTES, type Xxh3 } from "../port.js";
import { FrameArena } from "./arena.js";
import type { Bank, Banks } from "./banks.js";
import type { PageComparer } from "./compare.js";
import { ContentIndex } from "./contents.js";
import { PairFold } from "./pairs.js";
import { digestPage } from "./xxh3.js";
import { Xxh3Lanes } from "./xxh3-lanes.js";

const PAGE_WORDS = PAGE_BYTES / 4;
const WINDOW_PAGES = PAGE_WINDOW_BYTES / PAGE_BYTES;

/** The page window and the frames behind it; one guest at a time. */
export class ResidentPages {
  readonly window = new Uint8Array(PAGE_WINDOW_BYTES);
  readonly windowWords = new Uint32Array(this.window.buffer);
  /** One view for each page of the window, made once. */
  readonly #pages: readonly Uint8Array[];
  readonly #zeroPage = new Uint8Array(PAGE_BYTES);
  /** Digest of a zero page, as halves: most guests have many. */
  readonly #zeroDigest = new Uint32Array(2);
  readonly #zeroBits = new Uint8Array(WINDOW_PAGES / 8);
  readonly #compare: PageComparer;
  readonly #arena = new FrameArena();
  readonly #contents: ContentIndex;
  readonly #lanes = new Xxh3Lanes();
  /** Digest of one page, as halves. */
  readonly #digest = new Uint32Array(2);
  readonly #pairs = new PairFold();
  /** Pfns whose page is a frame; the other populated ones have a zero page. */
  framedPages = 0;

  constructor(compare: PageComparer) {
    this.#compare = compare;
    this.#contents = new ContentIndex(this.#arena, compare);
    this.#pages = Array.from({ length: WINDOW_PAGES }, (_, page) =>
      this.window.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES),
    );
    this.#digestInto(this.#zeroDigest, 0, new Uint32Array(PAGE_WORDS), 0);
  }

  /** Forget all pages; keep the memory, as far as the new limit allows it. */
  reset(maxFrameBytes: number): void {
    this.#arena.reset(maxFrameBytes);
    this.#contents.reset();
    this.framedPages = 0;
  }

  /** Frames in use. */
  get frames(): number {
    return this.#arena.held;
  }

  /**
   * Make a page of the window the contents of a pfn.
   *
   * @throws {CapacityError} "max-memory"; the pfn keeps what it had
   */
  place(bank: Bank, slot: number, windowPage: number): void {
    const arena = this.#arena;
    const held = bank.frames[slot]! - 1;
    if (this.isZero(windowPage)) {
      if (held >= 0) this.#setFrame(bank, slot, held, -1);
      return;
    }
    const page = this.#pages[windowPage]!;
    const equal = this.#contents.find(
      this.windowWords,
      windowPage * PAGE_WORDS,
      page,
      bank.ordinal,
    );
    if (equal >= 0) {
      arena.addUser(equal);
      this.#setFrame(bank, slot, held, equal);
      return;
    }
    let frame = held;
    if (held >= 0 && arena.usesOf(held) === 1) {
      this.#contents.remove(held);
    } else {
      frame = arena.allocate();
      this.#setFrame(bank, slot, held, frame);
    }
    arena.write(frame, page);
    this.#contents.add(frame, bank.ordinal);
  }

  /** True if a page of the window has the contents that a pfn has now. */
  equals(bank: Bank, slot: number, windowPage: number): boolean {
    const frame = bank.frames[slot]! - 1;
    if (frame < 0) return this.isZero(windowPage);
    return this.#compare(this.#pages[windowPage]!, this.#arena.bytesOf(frame)) === 0;
  }

  /** True if a page of the window is all zero. Most others show it by their first word. */
  isZero(windowPage: number): boolean {
    return (
      this.windowWords[windowPage * PAGE_WORDS] === 0 &&
      this.#compare(this.#pages[windowPage]!, this.#zeroPage) === 0
    );
  }

  /** See PageEngine.zeroPagesInWindow(). */
  zeroBits(count: number): Uint8Array {
    const bits = this.#zeroBits.subarray(0, Math.ceil(count / 8));
    bits.fill(0);
    for (let page = 0; page < count; page++) {
      if (this.isZero(page)) bits[page >> 3] = bits[page >> 3]! | (1 << (page & 7));
    }
    return bits;
  }

  /** See PageEngine.copyPages(). Frames that stand side by side are copied at once. */
  copy(banks: Banks, first: number, count: number, into: Uint8Array): void {
    for (let done = 0; done < count; ) {
      const bank = banks.holding(first + done);
      const slot = (first + done) % BANK_PFNS;
      const left = Math.min(count - done, BANK_PFNS - slot);
      const frame = bank === undefined ? 0 : bank.frames[slot]!;
      const run = bank === undefined ? left : this.#runLength(bank, slot, left);
      const at = done * PAGE_BYTES;
      if (frame === 0) into.fill(0, at, at + run * PAGE_BYTES);
      else into.set(this.#arena.run(frame - 1, run), at);
      done += run;
    }
  }

  /** See PageEngine.digestPages(). */
  digest(banks: Banks, first: number, count: number, into: BigUint64Array): void {
    const halves = new Uint32Array(into.buffer, into.byteOffset, count * 2);
    for (let i = 0; i < count; i++) {
      const bank = banks.holding(first + i);
      const frame = bank === undefined ? 0 : bank.frames[first + i - bank.firstPfn]!;
      if (frame === 0) halves.set(this.#zeroDigest, 2 * i);
      else {
        const words = this.#arena.wordsOf(frame - 1);
        this.#digestInto(halves, i, words, this.#arena.wordOffset(frame - 1));
      }
    }
  }

  /** See PageEngine.digestWindow(). */
  digestWindow(count: number, into: BigUint64Array): void {
    const halves = new Uint32Array(into.buffer, into.byteOffset, count * 2);
    for (let i = 0; i < count; i++) this.#digestInto(halves, i, this.windowWords, i * PAGE_WORDS);
  }

  /** See PageEngine.foldWindow(). */
  foldWindow(first: number, at: number, count: number, into: Xxh3): number {
    let zeroPages = 0;
    const digest = this.#digest;
    for (let i = 0; i < count; i++) {
      if (this.isZero(at + i)) {
        zeroPages++;
        digest.set(this.#zeroDigest);
      } else this.#digestInto(digest, 0, this.windowWords, (at + i) * PAGE_WORDS);
      this.#pairs.add(first + i, digest[0]!, digest[1]!, into);
    }
    this.#pairs.flush(into);
    return zeroPages;
  }

  /** See PageEngine.foldPages(). */
  foldPages(banks: Banks, first: number, count: number, into: Xxh3): void {
    const one = new BigUint64Array(this.#digest.buffer);
    for (let i = 0; i < count; i++) {
      this.digest(banks, first + i, 1, one);
      this.#pairs.add(first + i, this.#digest[0]!, this.#digest[1]!, into);
    }
    this.#pairs.flush(into);
  }

  /** See PageEngine.foldZeroPages(). */
  foldZeroPages(first: number, count: number, into: Xxh3): void {
    const [low, high] = this.#zeroDigest;
    for (let i = 0; i < count; i++) this.#pairs.add(first + i, low!, high!, into);
    this.#pairs.flush(into);
  }

  #digestInto(halves: Uint32Array, index: number, words: Uint32Array, at: number): void {
    digestPage(this.#lanes, words, at);
    halves[2 * index] = this.#lanes.resultLow;
    halves[2 * index + 1] = this.#lanes.resultHigh;
  }

  /** Give a pfn another frame, or none (-1), and let go of the one it had. */
  #setFrame(bank: Bank, slot: number, held: number, frame: number): void {
    bank.frames[slot] = frame + 1;
    if (held < 0) this.framedPages++;
    else {
      if (frame < 0) this.framedPages--;
      if (this.#arena.usesOf(held) === 1) this.#contents.remove(held);
      this.#arena.dropUser(held);
    }
  }

  /** How many pfns from `slot` on are of one kind: zero pages, or frames side by side. */
  #runLength(bank: Bank, slot: number, limit: number): number {
    const frames = bank.frames;
    const frame = frames[slot]!;
    let run = 1;
    if (frame === 0) while (run < limit && frames[slot + run] === 0) run++;
    else {
      const arena = this.#arena;
      while (
        run < limit &&
        frames[slot + run] === frame + run &&
        arena.adjoinsPrevious(frame - 1 + run)
      ) {
        run++;
      }
    }
    return run;
  }
}
