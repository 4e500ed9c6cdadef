/** Contract of a page engine: contents of a resident guest. */
import { beforeEach, describe, expect, it } from "vitest";
import type { PageEngine } from "../../src/engine/port.js";
import { PAGE_BYTES, PAGE_TYPE_XALLOC } from "../../src/format/index.js";
import {
  checkAll,
  commitAll,
  fillPages,
  HVM_RESIDENT,
  pageAt,
  pageOf,
  pageWithByte,
  placeAll,
  plain,
  WINDOW_PAGES,
} from "./builders.js";

const ZERO = pageOf(0);

/** Pages: placing, sharing, freeing, comparing. */
export function describePages(make: () => PageEngine): void {
  describe("pages", () => {
    let engine: PageEngine;
    beforeEach(() => {
      engine = make();
      engine.reset(HVM_RESIDENT);
    });

    describePlacing(() => engine);
    describeSharing(() => engine);
    describeComparing(() => engine);
  });
}

function describePlacing(engine: () => PageEngine): void {
  it("holds what was placed, and zeros everywhere else", () => {
    placeAll(engine(), [{ pfn: 3 }, { pfn: 5 }], [pageOf(1), pageOf(2)]);
    const into = new Uint8Array(8 * PAGE_BYTES).fill(0xaa);
    engine().copyPages(1, 6, into);
    const expected = [0, 0, 1, 0, 2, 0].map(pageOf);
    expected.forEach((page, i) => {
      expect(into.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES)).toEqual(page);
    });
    expect(into[6 * PAGE_BYTES]).toBe(0xaa);
  });

  it("places pages of a batch in several steps, from any data page on", () => {
    checkAll(engine(), plain(100, WINDOW_PAGES + 3));
    engine().commitEntries();
    const pages = Array.from({ length: WINDOW_PAGES + 3 }, (_, i) => pageOf(i + 1));
    engine().placePages(0, fillPages(engine(), pages.slice(0, WINDOW_PAGES)));
    engine().placePages(WINDOW_PAGES + 1, fillPages(engine(), pages.slice(WINDOW_PAGES + 1)));
    engine().indexPages(WINDOW_PAGES + 3, 0);
    expect(pageAt(engine(), 100)).toEqual(pages[0]);
    expect(pageAt(engine(), 100 + WINDOW_PAGES - 1)).toEqual(pages[WINDOW_PAGES - 1]);
    expect(pageAt(engine(), 100 + WINDOW_PAGES)).toEqual(ZERO);
    expect(pageAt(engine(), 102 + WINDOW_PAGES)).toEqual(pages[WINDOW_PAGES + 2]);
    expect(engine().stats().pagesPlaced).toBe(WINDOW_PAGES + 2);
    expect(engine().stats().bytesPlaced).toBe((WINDOW_PAGES + 2) * PAGE_BYTES);
  });

  it("lets the last of two pages for one pfn win within a batch", () => {
    placeAll(engine(), [{ pfn: 1 }, { pfn: 2 }, { pfn: 1 }], [1, 2, 3].map(pageOf));
    expect(pageAt(engine(), 1)).toEqual(pageOf(3));
    expect(engine().stats().distinctPages).toBe(2);
    expect(engine().lastOrdinal(1)).toBe(2);
  });

  it("tells zero pages from pages with a single bit set, wherever it is", () => {
    const places = [0, 1, 63, 64, 127, 128, 2047, 2048, PAGE_BYTES - 1];
    const pages = places.map((at) => pageWithByte(at, at === 64 ? 1 : 0x80));
    placeAll(engine(), plain(0, places.length + 1), [...pages, ZERO]);
    expect(engine().stats()).toMatchObject({
      zeroPages: 1,
      distinctPages: places.length,
      residentBytes: places.length * PAGE_BYTES,
    });
    pages.forEach((page, pfn) => {
      expect(pageAt(engine(), pfn)).toEqual(page);
    });
  });

  it("populates a single pfn with a zero page, once", () => {
    expect(engine().populate(77)).toBe(true);
    expect(engine().populate(77)).toBe(false);
    expect(engine().pageType(77)).toBe(0);
    expect(pageAt(engine(), 77)).toEqual(ZERO);
    expect(engine().stats()).toMatchObject({ populatedPages: 1, zeroPages: 1, maxPfn: 77 });
    placeAll(engine(), [{ pfn: 77 }], [pageOf(9)]);
    expect(engine().populate(77)).toBe(false);
    expect(pageAt(engine(), 77)).toEqual(pageOf(9));
  });

  it("takes XALLOC for a zero page, and keeps contents that were there before", () => {
    placeAll(engine(), [{ pfn: 1 }], [pageOf(1)]);
    commitAll(engine(), [
      { pfn: 1, type: PAGE_TYPE_XALLOC },
      { pfn: 2, type: PAGE_TYPE_XALLOC },
    ]);
    expect(pageAt(engine(), 1)).toEqual(pageOf(1));
    expect(pageAt(engine(), 2)).toEqual(ZERO);
    expect(engine().stats()).toMatchObject({ populatedPages: 2, zeroPages: 1 });
  });
}

function describeSharing(engine: () => PageEngine): void {
  it("shares one frame among equal pages", () => {
    const pages = Array.from({ length: 300 }, (_, i) => pageOf(1 + (i % 3)));
    placeAll(engine(), plain(0, 300), pages);
    expect(engine().stats().distinctPages).toBe(3);
    placeAll(engine(), plain(1000, 3), [3, 2, 1].map(pageOf));
    expect(engine().stats().distinctPages).toBe(3);
    expect(pageAt(engine(), 299)).toEqual(pageOf(3));
    expect(pageAt(engine(), 1000)).toEqual(pageOf(3));
  });

  it("frees a frame with its last owner only", () => {
    placeAll(engine(), plain(0, 3), [1, 1, 1].map(pageOf));
    placeAll(engine(), [{ pfn: 0 }], [pageOf(2)]);
    expect(engine().stats().distinctPages).toBe(2);
    expect(pageAt(engine(), 1)).toEqual(pageOf(1));
    placeAll(engine(), plain(1, 2), [2, 2].map(pageOf));
    expect(engine().stats()).toMatchObject({ distinctPages: 1, zeroPages: 0 });
    expect([0, 1, 2].map((pfn) => pageAt(engine(), pfn))).toEqual([2, 2, 2].map(pageOf));
  });

  it("gives up the frame of a page that turns zero", () => {
    placeAll(engine(), plain(0, 2), [1, 1].map(pageOf));
    placeAll(engine(), [{ pfn: 0 }], [ZERO]);
    expect(engine().stats()).toMatchObject({ distinctPages: 1, zeroPages: 1 });
    placeAll(engine(), [{ pfn: 1 }], [ZERO]);
    expect(engine().stats()).toMatchObject({ distinctPages: 0, zeroPages: 2, residentBytes: 0 });
    placeAll(engine(), plain(0, 2), [1, 2].map(pageOf));
    expect(engine().stats()).toMatchObject({ distinctPages: 2, zeroPages: 0 });
    expect(pageAt(engine(), 1)).toEqual(pageOf(2));
  });

  it("changes nothing when a page is sent again as it was", () => {
    placeAll(engine(), plain(0, 2), [1, 2].map(pageOf));
    const before = engine().stats();
    placeAll(engine(), plain(0, 2), [1, 2].map(pageOf));
    expect(engine().stats()).toEqual({ ...before, pagesPlaced: 4, bytesPlaced: 4 * PAGE_BYTES });
  });

  it("never shares a frame that was freed with the page it held", () => {
    const seeds = Array.from({ length: 160 }, (_, i) => i + 1);
    placeAll(engine(), plain(0, 160), seeds.map(pageOf));
    let next = 161;
    for (let cycle = 0; cycle < 150; cycle++) {
      const first = (cycle * 37) % 61;
      const freed = seeds.slice(first, first + 100);
      placeAll(
        engine(),
        plain(first, 100),
        freed.map(() => ZERO),
      );
      const returned = freed.map((seed, i) => ((i * 7 + cycle) % 10 < 6 ? next++ : seed));
      seeds.splice(first, 100, ...returned);
      placeAll(engine(), plain(first, 100), returned.map(pageOf));
      expect(engine().stats().distinctPages).toBe(160);
      checkAll(engine(), plain(0, 160));
      engine().commitEntries();
      expect(engine().comparePages(0, fillPages(engine(), seeds.map(pageOf)))).toEqual([]);
    }
  });

  it.each([
    ["different", pageOf],
    // One byte each, mostly where few others look: a sample of the page cannot tell them apart.
    ["nearly equal", (seed: number) => pageWithByte((seed * 37) % PAGE_BYTES, seed === 0 ? 0 : 1)],
  ])("keeps sharing exactly through many rounds of %s pages that come and go", (_, make) => {
    const pool = Array.from({ length: 900 }, (_, seed) => make(seed));
    const seeds = new Array<number>(400).fill(0);
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 60; round++) {
      // Every third round most pages turn zero, so that frames are freed and taken again.
      const fresh = seeds.map((seed) => {
        if (random(4) === 0) return seed;
        return round % 3 === 2 ? 0 : random(pool.length);
      });
      fresh.forEach((seed, pfn) => {
        seeds[pfn] = seed;
      });
      const pages = seeds.map((seed) => pool[seed]!);
      placeAll(engine(), plain(0, 400), pages);
      expect(engine().stats().distinctPages).toBe(new Set(seeds.filter((s) => s !== 0)).size);
      checkAll(engine(), plain(0, 400));
      engine().commitEntries();
      expect(engine().comparePages(0, fillPages(engine(), pages))).toEqual([]);
    }
  });
}

function describeComparing(engine: () => PageEngine): void {
  it("names the data pages that differ from what is held, ascending", () => {
    placeAll(engine(), plain(0, 6), [1, 2, 0, 0, 5, 6].map(pageOf));
    const before = engine().stats();
    checkAll(engine(), [...plain(0, 6), { pfn: 5 }]);
    engine().commitEntries();
    const late = pageOf(6);
    late[PAGE_BYTES - 1]! ^= 1;
    fillPages(engine(), [pageOf(2), ZERO, pageOf(1), pageOf(5), late]);
    expect(engine().comparePages(1, 5)).toEqual([3, 5]);
    fillPages(engine(), [pageOf(6)]);
    expect(engine().comparePages(6, 1)).toEqual([]);
    expect(engine().stats()).toEqual(before);
  });

  it("finds no difference in a zero page for a pfn that was just populated", () => {
    checkAll(engine(), plain(0, 2));
    engine().commitEntries();
    fillPages(engine(), [ZERO, pageOf(1)]);
    expect(engine().comparePages(0, 2)).toEqual([1]);
  });

  it("tells which pages of the window are zero", () => {
    checkAll(engine(), plain(0, 11));
    engine().commitEntries();
    const seeds = [0, 1, 0, 0, 2, 3, 4, 0, 5, 0, 6];
    fillPages(engine(), seeds.map(pageOf));
    expect(Array.from(engine().zeroPagesInWindow(11))).toEqual([0b1000_1101, 0b010]);
    expect(Array.from(engine().zeroPagesInWindow(1))).toEqual([0b1]);
  });
}
