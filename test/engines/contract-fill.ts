/** Contract of a page engine: contents that are set by pfn, between batches. */
import { beforeEach, describe, expect, it } from "vitest";
import type { PageEngine } from "../../src/engine/port.js";
import { CapacityError, InternalError } from "../../src/findings/index.js";
import { PAGE_BYTES } from "../../src/format/index.js";
import {
  BANK,
  commitAll,
  HVM_INDEXED,
  HVM_RESIDENT,
  pageAt,
  pageOf,
  placeAll,
  plain,
  WINDOW_PAGES,
} from "./builders.js";

const ZERO = pageOf(0);

/** Write pages to a place of the bank's window, and set them. */
function setAll(engine: PageEngine, first: number, at: number, seeds: readonly number[]): void {
  const { window } = engine.fillSpace(first);
  seeds.forEach((seed, index) => {
    window.set(pageOf(seed), (at + index) * PAGE_BYTES);
  });
  engine.setPages(first, at, seeds.length);
}

/** Setting pages: as placing, but by pfn. */
export function describeFilling(make: () => PageEngine): void {
  describe("filling", () => {
    let engine: PageEngine;
    beforeEach(() => {
      engine = make();
      engine.reset(HVM_RESIDENT);
    });

    it("sets pages from any place of the window, zeros and equal ones without a frame each", () => {
      commitAll(engine, plain(10, 8));
      setAll(engine, 11, WINDOW_PAGES - 5, [1, 0, 2, 1, 1]);
      const seeds = [0, 1, 0, 2, 1, 1, 0, 0];
      expect(seeds.map((_, i) => pageAt(engine, 10 + i))).toEqual(seeds.map(pageOf));
      expect(engine.stats()).toMatchObject({
        populatedPages: 8,
        zeroPages: 4,
        distinctPages: 2,
        residentBytes: 2 * PAGE_BYTES,
        pagesPlaced: 5,
        bytesPlaced: 5 * PAGE_BYTES,
      });
    });

    it("replaces what a pfn had, and frees the frame that nobody else has", () => {
      placeAll(engine, plain(0, 3), [1, 1, 2].map(pageOf));
      setAll(engine, 0, 0, [0, 3, 3]);
      expect([0, 1, 2].map((pfn) => pageAt(engine, pfn))).toEqual([0, 3, 3].map(pageOf));
      expect(engine.stats()).toMatchObject({ distinctPages: 1, zeroPages: 1 });
    });

    it("leaves the stream's order alone: a later batch wins, and its ordinals stay", () => {
      placeAll(engine, plain(0, 2), [1, 2].map(pageOf));
      setAll(engine, 0, 7, [5]);
      expect([0, 1].map((pfn) => engine.lastOrdinal(pfn))).toEqual([0, 1]);
      placeAll(engine, [{ pfn: 0 }], [pageOf(6)]);
      expect(pageAt(engine, 0)).toEqual(pageOf(6));
    });

    it("has a window for each bank, and none where there is no bank", () => {
      commitAll(engine, [{ pfn: 4 }]);
      commitAll(engine, [{ pfn: BANK + 4 }]);
      setAll(engine, 4, 0, [1]);
      setAll(engine, BANK + 4, 0, [2]);
      expect([4, BANK + 4].map((pfn) => pageAt(engine, pfn))).toEqual([1, 2].map(pageOf));
      expect(() => engine.setPages(5 * BANK, 0, 1)).toThrow(InternalError);
    });

    it("refuses what is not one bank's, not in the window, or not resident", () => {
      commitAll(engine, [{ pfn: BANK - 1 }, { pfn: BANK }]);
      expect(() => engine.setPages(BANK - 1, 0, 2)).toThrow(InternalError);
      expect(() => engine.setPages(BANK - 1, WINDOW_PAGES, 1)).toThrow(InternalError);
      engine.reset(HVM_INDEXED);
      commitAll(engine, [{ pfn: 1 }]);
      expect(() => engine.fillSpace(1)).toThrow(InternalError);
      expect(() => engine.setPages(1, 0, 1)).toThrow(InternalError);
    });

    it("refuses one frame more than the limit of all banks, and keeps what was set before", () => {
      engine.reset({ ...HVM_RESIDENT, maxFrameBytes: 3 * PAGE_BYTES });
      commitAll(engine, plain(0, 2));
      commitAll(engine, plain(BANK, 4));
      setAll(engine, 0, 0, [1, 2]);
      const over = () => setAll(engine, BANK, 0, [3, 3, 4, 5]);
      expect(over).toThrow(CapacityError);
      expect(over).toThrow(expect.objectContaining({ limit: "max-memory" }));
      expect(pageAt(engine, BANK + 1)).toEqual(pageOf(3));
      expect(pageAt(engine, BANK + 2)).toEqual(ZERO);
      expect(engine.stats().distinctPages).toBe(3);
    });
  });
}
