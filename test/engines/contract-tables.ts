/** Contract of a page engine: PV page tables are found and scanned (LC-SIM-5). */
import { beforeEach, describe, expect, it, test } from "vitest";
import type { PageEngine } from "../../src/engine/port.js";
import { CapacityError } from "../../src/findings/index.js";
import {
  PAGE_TYPE_L1TAB,
  PAGE_TYPE_L3TAB,
  PAGE_TYPE_L4TAB,
  PAGE_TYPE_NOTAB,
  PAGE_TYPE_PIN,
  PAGE_TYPE_XTAB,
  PAGE_TYPES_TABLE,
  PAGE_TYPES_WITH_DATA,
} from "../../src/format/index.js";
import {
  BANK,
  checkAll,
  commitAll,
  type Entry,
  fillPages,
  PV_INDEXED,
  PV_RESIDENT,
  plain,
  present,
  runsOf,
  tableOf,
  WINDOW_PAGES,
} from "./builders.js";

const LIMIT = 4 * BANK;

/** Page tables: where they are in a batch, what they name. */
export function describeTables(make: () => PageEngine): void {
  describe("page tables", () => {
    let engine: PageEngine;
    beforeEach(() => {
      engine = make();
      engine.reset(PV_INDEXED);
    });

    const commit = (entries: Entry[]) => {
      checkAll(engine, entries, LIMIT);
      engine.commitEntries();
    };

    it("tells the data pages that are tables as runs", () => {
      const types = [1, 15, 9, 0, 0, 4, 13, 12, 14, 2, 0, 3];
      commit(types.map((type, pfn) => ({ pfn, type })));
      expect(engine.tableRanges()).toEqual([
        { first: 0, count: 2 },
        { first: 4, count: 3 },
        { first: 8, count: 1 },
      ]);
    });

    it("tells no tables where there are none", () => {
      commit([...plain(0, 100), { pfn: 3, type: PAGE_TYPE_XTAB }]);
      expect(engine.tableRanges()).toEqual([]);
    });

    const dataTypes = Array.from({ length: 16 }, (_, type) => type).filter(
      (type) => (PAGE_TYPES_WITH_DATA >> type) & 1,
    );
    test.each(dataTypes)("scans pages of type %i if they are tables", (type) => {
      commit([{ pfn: 1, type }]);
      fillPages(engine, [tableOf([[511, present(LIMIT)]])]);
      const { faults, faultCount } = engine.scanTables(0, 1, LIMIT - 1);
      const isTable = ((PAGE_TYPES_TABLE >> type) & 1) === 1;
      expect(faultCount).toBe(isTable ? 1 : 0);
      expect(faults).toEqual(isTable ? [{ dataPage: 0, slot: 511, pfn: LIMIT }] : []);
    });

    it("reads a slot's present bit and its bits 51 to 12, nothing else", () => {
      const pfn = 2 ** 40 - 1;
      const slot = (1n << 63n) | (0x7ffn << 52n) | present(pfn) | 0xffen;
      commit([{ pfn: 0, type: PAGE_TYPE_L4TAB | PAGE_TYPE_PIN }]);
      fillPages(engine, [
        tableOf([
          [0, slot],
          [1, slot - 1n],
          [2, present(7) | (1n << 52n)],
        ]),
      ]);
      const scan = engine.scanTables(0, 1, 7);
      expect(scan).toEqual({
        faults: [{ dataPage: 0, slot: 0, pfn }],
        faultCount: 1,
        populated: 1,
      });
      expect(engine.scanTables(0, 1, pfn)).toMatchObject({ faultCount: 0, populated: 1 });
    });

    it("populates the pfns that are named first by a slot, once, without a type", () => {
      commit([
        { pfn: 3, type: PAGE_TYPE_XTAB },
        { pfn: 5, type: PAGE_TYPE_L1TAB },
      ]);
      const named = [3, 4, 5, 4, BANK + 9, 2 * BANK, BANK + 9, 0];
      fillPages(engine, [tableOf(named.map((pfn, i) => [i * 3, present(pfn)]))]);
      expect(engine.scanTables(0, 1, LIMIT - 1)).toEqual({
        faults: [],
        faultCount: 0,
        populated: 5,
      });
      engine.indexPages(1, 0);
      expect(runsOf(engine)).toEqual([
        [0, 1],
        [3, 3],
        [BANK + 9, 1],
        [2 * BANK, 1],
      ]);
      expect([3, 4, 5].map((pfn) => engine.pageType(pfn))).toEqual([
        PAGE_TYPE_XTAB,
        PAGE_TYPE_NOTAB,
        PAGE_TYPE_L1TAB,
      ]);
      expect(engine.lastOrdinal(4)).toBe(-1);
    });

    it("numbers faults by data page of the batch, counts all, lists the first 1024", () => {
      const types = [PAGE_TYPE_NOTAB, PAGE_TYPE_L1TAB, PAGE_TYPE_NOTAB, PAGE_TYPE_L3TAB];
      commit([...plain(100, 2), ...types.map((type, pfn) => ({ pfn, type }))]);
      const full = tableOf(Array.from({ length: 512 }, (_, slot) => [slot, present(1000 + slot)]));
      fillPages(engine, [full, full, full, full]);
      const one = engine.scanTables(2, 4, 1000);
      expect(one.faultCount).toBe(2 * 511);
      expect(one.faults[0]).toEqual({ dataPage: 3, slot: 1, pfn: 1001 });
      expect(one.faults.at(-1)).toEqual({ dataPage: 5, slot: 511, pfn: 1511 });
      engine.indexPages(6, 0);
      commit(Array.from({ length: 3 }, (_, pfn) => ({ pfn, type: PAGE_TYPE_L1TAB })));
      fillPages(engine, [full, full, full]);
      const many = engine.scanTables(0, 3, 999);
      expect([many.faultCount, many.faults.length]).toEqual([1536, 1024]);
    });

    it("scans tables of a resident guest, in whatever bank they lie", () => {
      engine.reset(PV_RESIDENT);
      commit([
        { pfn: 1, type: PAGE_TYPE_L1TAB },
        { pfn: BANK + 1, type: PAGE_TYPE_L1TAB },
      ]);
      fillPages(engine, [tableOf([[0, present(BANK + 7)]]), tableOf([[0, present(7)]])]);
      engine.placePages(0, 2);
      expect(engine.scanTables(0, 2, LIMIT - 1).populated).toBe(2);
      expect([7, BANK + 7].map((pfn) => engine.isPopulated(pfn))).toEqual([true, true]);
      expect(engine.stats()).toMatchObject({ populatedPages: 4, zeroPages: 2, distinctPages: 2 });
    });

    it("scans a window full of tables that name other banks, again and again", () => {
      const count = WINDOW_PAGES;
      commit(Array.from({ length: count }, (_, pfn) => ({ pfn, type: PAGE_TYPE_L1TAB })));
      const tables = Array.from({ length: count }, (_, i) =>
        tableOf(
          Array.from({ length: 512 }, (_, slot) => [
            slot,
            present(BANK + ((i * 512 + slot) % BANK)),
          ]),
        ),
      );
      fillPages(engine, tables);
      const [before, after] = [new BigUint64Array(count), new BigUint64Array(count)];
      engine.digestWindow(count, before);
      expect(engine.scanTables(0, count, LIMIT - 1).populated).toBe(count * 512);
      expect(engine.scanTables(0, count, LIMIT - 1).populated).toBe(0);
      engine.digestWindow(count, after);
      expect(after).toEqual(before);
      expect(runsOf(engine)).toEqual([
        [0, count],
        [BANK, BANK],
      ]);
    });

    it("refuses to populate in a bank too many", () => {
      engine.reset({ ...PV_INDEXED, maxBanks: 1 });
      commit([{ pfn: 1, type: PAGE_TYPE_L1TAB }]);
      fillPages(engine, [tableOf([[0, present(BANK)]])]);
      expect(() => engine.scanTables(0, 1, LIMIT - 1)).toThrow(CapacityError);
      commitAll(engine, [{ pfn: 2 }], { pfnLimit: LIMIT });
      expect(engine.stats()).toMatchObject({ banks: 1, populatedPages: 2 });
    });
  });
}
