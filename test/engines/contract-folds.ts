/** Contract of a page engine: pages taken into a hash as pairs, and runs of last copies. */
import { createXXHash3, type IHasher } from "hash-wasm";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PageEngine } from "../../src/engine/port.js";
import {
  BANK,
  commitAll,
  fillPages,
  HVM_INDEXED,
  HVM_RESIDENT,
  pageOf,
  pageWithByte,
  placeAll,
  plain,
  WINDOW_PAGES,
} from "./builders.js";

/** Folding of the window, of held pages and of zero pages; runs of ordinals. */
export function describeFolds(make: () => PageEngine): void {
  let engine: PageEngine;
  let other: IHasher;
  beforeAll(async () => {
    other = await createXXHash3();
  });
  beforeEach(() => {
    engine = make();
    engine.reset(HVM_RESIDENT);
  });

  const digestOf = (bytes: Uint8Array) => BigInt(`0x${other.init().update(bytes).digest("hex")}`);
  const pairsOf = (first: number, pages: readonly Uint8Array[]) =>
    digestOf(
      new Uint8Array(
        BigUint64Array.from(pages.flatMap((page, i) => [BigInt(first + i), digestOf(page)])).buffer,
      ),
    );

  describe("folds", () => {
    it("takes pairs of pfn and digest from the window in either model, and counts zero pages", () => {
      const pages = [1, 0, 2, 0, 0].map(pageOf);
      pages.push(pageWithByte(4095, 1), pageWithByte(0, 1), pageWithByte(2048, 128));
      for (const options of [HVM_RESIDENT, HVM_INDEXED]) {
        engine.reset(options);
        fillPages(engine, pages);
        for (const first of [0, 7, 2 ** 32 - 3, 2 ** 52 - pages.length]) {
          const xxh3 = engine.createXxh3();
          expect(engine.foldWindow(first, 0, pages.length, xxh3)).toBe(3);
          expect(xxh3.digest()).toBe(pairsOf(first, pages));
        }
      }
    });

    it("goes on with a hash from any page of the window on, up to its last", () => {
      const pages = Array.from({ length: WINDOW_PAGES }, (_, i) => pageOf(i % 5));
      fillPages(engine, pages);
      const xxh3 = engine.createXxh3();
      expect(engine.foldWindow(100, 0, 3, xxh3)).toBe(1);
      engine.foldWindow(103, 3, WINDOW_PAGES - 4, xxh3);
      expect(engine.foldWindow(100 + WINDOW_PAGES - 1, WINDOW_PAGES - 1, 1, xxh3)).toBe(0);
      expect(xxh3.digest()).toBe(pairsOf(100, pages));
      expect(engine.foldWindow(0, WINDOW_PAGES, 0, xxh3)).toBe(0);
    });

    it("takes what pfns hold, across banks and where nothing is", () => {
      placeAll(engine, plain(BANK - 2, 4), [1, 0, 2, 1].map(pageOf));
      const xxh3 = engine.createXxh3();
      engine.foldPages(BANK - 3, 6, xxh3);
      engine.foldPages(BANK + 3, 1, xxh3);
      expect(xxh3.digest()).toBe(pairsOf(BANK - 3, [0, 1, 0, 2, 1, 0, 0].map(pageOf)));
      const nowhere = engine.createXxh3();
      engine.foldPages(9 * BANK - 1, 2, nowhere);
      expect(nowhere.digest()).toBe(pairsOf(9 * BANK - 1, [0, 0].map(pageOf)));
    });

    it("takes more held pages than a window has, and follows those that change", () => {
      const seeds = Array.from({ length: WINDOW_PAGES + 10 }, (_, i) => i % 7);
      placeAll(engine, plain(0, seeds.length), seeds.map(pageOf));
      placeAll(engine, plain(3, 1), [pageOf(99)]);
      seeds[3] = 99;
      const xxh3 = engine.createXxh3();
      engine.foldPages(0, seeds.length, xxh3);
      expect(xxh3.digest()).toBe(pairsOf(0, seeds.map(pageOf)));
    });

    it("takes zero pages that are nowhere, any number of them", () => {
      const xxh3 = engine.createXxh3();
      engine.foldZeroPages(2 ** 32 - 1, 2500, xxh3);
      const pages = Array.from({ length: 2500 }, () => pageOf(0));
      expect(xxh3.digest()).toBe(pairsOf(2 ** 32 - 1, pages));
    });
  });

  describe("runs of last copies", () => {
    it("are as long as ordinals follow one another, within the limit", () => {
      engine.reset(HVM_INDEXED);
      commitAll(engine, plain(10, 20), { firstOrdinal: 0 });
      commitAll(engine, plain(15, 2), { firstOrdinal: 20 });
      expect(engine.lastOrdinalRun(10, 100)).toBe(5);
      expect(engine.lastOrdinalRun(10, 3)).toBe(3);
      expect(engine.lastOrdinalRun(15, 100)).toBe(2);
      expect(engine.lastOrdinalRun(17, 100)).toBe(13);
      expect(engine.lastOrdinalRun(29, 100)).toBe(1);
    });

    it("are of pfns without a copy too, populated or not", () => {
      engine.reset(HVM_INDEXED);
      commitAll(engine, plain(10, 1), { firstOrdinal: 0 });
      engine.populate(12);
      expect(engine.lastOrdinalRun(0, 100)).toBe(10);
      expect(engine.lastOrdinalRun(11, 100)).toBe(100);
      expect(engine.lastOrdinalRun(5 * BANK + 1, 7)).toBe(7);
    });

    it("end with their bank", () => {
      engine.reset(HVM_INDEXED);
      commitAll(engine, plain(BANK - 3, 6), { firstOrdinal: 0 });
      expect(engine.lastOrdinalRun(BANK - 3, 100)).toBe(3);
      expect(engine.lastOrdinalRun(BANK, 100)).toBe(3);
      expect(engine.lastOrdinalRun(7 * BANK - 1, 100)).toBe(1);
    });
  });
}
