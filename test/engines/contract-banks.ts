/** Contract of a page engine: batches that spread over banks or over window steps. */
import { beforeEach, describe, expect, it } from "vitest";
import type { PageEngine } from "../../src/engine/port.js";
import { CapacityError } from "../../src/findings/index.js";
import {
  HVM_PFN_LIMIT,
  PAGE_BYTES,
  PAGE_TYPE_L1TAB,
  PAGE_TYPE_L2TAB,
  PAGE_TYPE_NOTAB,
  PAGE_TYPE_XALLOC,
  PAGE_TYPE_XTAB,
} from "../../src/format/index.js";
import {
  BANK,
  checkAll,
  commitAll,
  fillPages,
  HVM_INDEXED,
  HVM_RESIDENT,
  PV_INDEXED,
  pageAt,
  pageOf,
  placeAll,
  plain,
  runsOf,
  WINDOW_ENTRIES,
  writeEntry,
} from "./builders.js";

/** Banks: batches over several of them, long batches, runs. */
export function describeBanks(make: () => PageEngine): void {
  describe("banks", () => {
    let engine: PageEngine;
    beforeEach(() => {
      engine = make();
      engine.reset(HVM_RESIDENT);
    });

    describeSpread(() => engine);
    describeLongBatches(() => engine);
    describeRuns(() => engine);
  });
}

function describeSpread(engine: () => PageEngine): void {
  const spread = [5, BANK + 5, 6, 3 * BANK - 1, BANK + 6, 5, 40 * BANK, BANK + 5];

  it("places, compares and indexes the pages of one batch in all its banks", () => {
    const entries = spread.map((pfn) => ({ pfn }));
    const pages = spread.map((_, i) => pageOf(i + 1));
    placeAll(engine(), entries, pages, { firstOrdinal: 100 });
    const last = new Map(spread.map((pfn, i) => [pfn, i]));
    for (const [pfn, i] of last) {
      expect(pageAt(engine(), pfn)).toEqual(pages[i]);
      expect(engine().lastOrdinal(pfn)).toBe(100 + i);
    }
    expect(engine().stats()).toMatchObject({
      populatedPages: 6,
      maxPfn: 40 * BANK,
      distinctPages: 6,
      banks: 4,
    });
    checkAll(engine(), entries);
    engine().commitEntries();
    fillPages(engine(), pages);
    const overwritten = spread.flatMap((pfn, i) => (last.get(pfn) === i ? [] : [i]));
    expect(engine().comparePages(0, spread.length)).toEqual(overwritten);
    expect(engine().comparePages(0, spread.length)).toEqual(overwritten);
  });

  it("keeps pfns, types and pages of a spread batch readable by data page", () => {
    const types = [PAGE_TYPE_XTAB, PAGE_TYPE_L2TAB, PAGE_TYPE_NOTAB, PAGE_TYPE_L1TAB];
    const entries = types.map((type, i) => ({ pfn: (3 - i) * BANK + i, type }));
    checkAll(engine(), entries);
    engine().commitEntries();
    expect([0, 1, 2].map((page) => engine().dataPagePfn(page))).toEqual([
      2 * BANK + 1,
      BANK + 2,
      3,
    ]);
    engine().placePages(1, fillPages(engine(), [pageOf(8), pageOf(9)]));
    engine().placePages(0, fillPages(engine(), [pageOf(7)]));
    engine().indexPages(2, 0);
    expect([2 * BANK + 1, BANK + 2, 3].map((pfn) => pageAt(engine(), pfn))).toEqual(
      [7, 8, 9].map(pageOf),
    );
    expect([2 * BANK + 1, BANK + 2, 3].map((pfn) => engine().lastOrdinal(pfn))).toEqual([0, 1, -1]);
    expect(engine().pageType(3)).toBe(PAGE_TYPE_L1TAB);
  });

  it("parts eight entries in a row between two banks", () => {
    placeAll(engine(), plain(0, 1), [pageOf(9)]);
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
    placeAll(engine(), plain(BANK - 3, 8), seeds.map(pageOf), { firstOrdinal: 10 });
    seeds.forEach((seed, i) => {
      expect(pageAt(engine(), BANK - 3 + i)).toEqual(pageOf(seed));
      expect(engine().lastOrdinal(BANK - 3 + i)).toBe(10 + i);
    });
    expect(runsOf(engine())).toEqual([
      [0, 1],
      [BANK - 3, 8],
    ]);
  });

  it("goes to and fro between banks, batch by batch", () => {
    for (let round = 0; round < 6; round++) {
      const base = (round % 3) * BANK;
      const seeds = Array.from({ length: 20 }, (_, i) => round * 10 + i);
      placeAll(engine(), plain(base, 20), seeds.map(pageOf), { firstOrdinal: round * 20 });
    }
    for (let round = 3; round < 6; round++) {
      const pfn = (round % 3) * BANK + 19;
      expect(pageAt(engine(), pfn)).toEqual(pageOf(round * 10 + 19));
      expect(engine().lastOrdinal(pfn)).toBe(round * 20 + 19);
    }
    expect(engine().stats()).toMatchObject({ banks: 3, populatedPages: 60 });
  });

  it("begins in one bank without data and goes on in another", () => {
    commitAll(engine(), plain(0, 1));
    const entries = [{ pfn: 9, type: PAGE_TYPE_XALLOC }, { pfn: BANK }, { pfn: 8 }];
    placeAll(engine(), entries, [1, 2].map(pageOf));
    expect([9, BANK, 8].map((pfn) => pageAt(engine(), pfn))).toEqual([0, 1, 2].map(pageOf));
  });

  it("counts frames over all banks against the limit", () => {
    engine().reset({ ...HVM_RESIDENT, maxFrameBytes: 3 * PAGE_BYTES });
    const entries = [0, BANK, 2 * BANK, 1].map((pfn) => ({ pfn }));
    placeAll(engine(), entries.slice(0, 3), [1, 2, 3].map(pageOf));
    expect(() => placeAll(engine(), entries.slice(3), [pageOf(4)])).toThrow(CapacityError);
    expect(engine().stats()).toMatchObject({ distinctPages: 3 });
    placeAll(engine(), entries.slice(1), [0, 0, 4].map(pageOf));
    expect(pageAt(engine(), 1)).toEqual(pageOf(4));
    placeAll(engine(), [{ pfn: BANK }, { pfn: 2 * BANK }], [4, 0].map(pageOf));
    expect(() => placeAll(engine(), entries.slice(0, 3), [5, 6, 7].map(pageOf))).toThrow(
      CapacityError,
    );
  });
}

function describeLongBatches(engine: () => PageEngine): void {
  /** Check `steps` full windows; entry i of the batch is given by its pfn and type. */
  function checkLong(steps: number, entry: (i: number) => { pfn: number; type: number }): number {
    engine().beginBatch(HVM_PFN_LIMIT);
    let dataPages = 0;
    for (let step = 0; step < steps; step++) {
      const window = engine().entryWindow();
      for (let i = 0; i < WINDOW_ENTRIES; i++) {
        writeEntry(window, i, entry(step * WINDOW_ENTRIES + i));
      }
      ({ dataPages } = engine().checkEntries(WINDOW_ENTRIES));
    }
    return dataPages;
  }

  /** Mostly XALLOC over two banks, descending; every 64th entry has data, from pfn 0 on. */
  const mixed = (i: number) =>
    i % 64 === 0
      ? { pfn: i / 64, type: PAGE_TYPE_L1TAB }
      : { pfn: 2 * BANK - 1 - i, type: PAGE_TYPE_XALLOC };

  it("commits a batch of several windows as a whole", () => {
    const entries = 2 * WINDOW_ENTRIES;
    expect(checkLong(2, mixed)).toBe(entries / 64);
    expect(engine().stats()).toMatchObject({ populatedPages: 0, banks: 0 });
    engine().commitEntries();
    expect(engine().dataPagePfn(entries / 64 - 1)).toBe(entries / 64 - 1);
    engine().placePages(entries / 64 - 2, fillPages(engine(), [1, 2].map(pageOf)));
    engine().indexPages(entries / 64, 0);
    // Entry 0 would have been the pfn at the very top; every 64th below it is missing alike.
    expect(engine().stats()).toMatchObject({
      populatedPages: entries - entries / 64 + 256,
      maxPfn: 2 * BANK - 2,
      banks: 2,
    });
    expect(engine().lastOrdinal(77)).toBe(77);
    expect(engine().isPopulated(2 * BANK - 1 - 640)).toBe(false);
    expect(pageAt(engine(), entries / 64 - 1)).toEqual(pageOf(2));
    // Pfn 0 has data in the first entry and is named again by the last one.
    expect(engine().pageType(0)).toBe(PAGE_TYPE_XALLOC);
    expect(engine().pageType(entries / 64 - 2)).toBe(PAGE_TYPE_L1TAB);
  });

  it("drops a batch of several windows without a trace", () => {
    commitAll(engine(), plain(100, 3));
    const before = engine().stats();
    checkLong(2, mixed);
    engine().dropEntries();
    expect(engine().stats()).toEqual(before);
    commitAll(engine(), [{ pfn: BANK + 1 }]);
    expect(runsOf(engine())).toEqual([
      [100, 3],
      [BANK + 1, 1],
    ]);
  });

  it("goes on counting data pages beyond any valid record, changing nothing", () => {
    commitAll(engine(), plain(7, 1));
    const before = engine().stats();
    const seen = checkLong(3, (i) => ({ pfn: i, type: PAGE_TYPE_NOTAB }));
    expect(seen).toBe(3 * WINDOW_ENTRIES);
    engine().dropEntries();
    expect(engine().stats()).toEqual(before);
    expect(runsOf(engine())).toEqual([[7, 1]]);
    for (let pfn = 8; pfn < BANK; pfn += 97) {
      expect([engine().pageType(pfn), engine().lastOrdinal(pfn)]).toEqual([0, -1]);
    }
  });

  it("lets the last entry win over steps of a batch", () => {
    const entries = [
      { pfn: 1, type: PAGE_TYPE_L1TAB },
      { pfn: 2, type: PAGE_TYPE_XALLOC },
      { pfn: 1, type: PAGE_TYPE_L2TAB },
      { pfn: BANK, type: PAGE_TYPE_NOTAB },
      { pfn: 2, type: PAGE_TYPE_XTAB },
    ];
    engine().reset(PV_INDEXED);
    commitAll(engine(), entries, { pfnLimit: 2 * BANK, stepEntries: 1 });
    expect([1, 2, BANK].map((pfn) => engine().pageType(pfn))).toEqual([
      PAGE_TYPE_L2TAB,
      PAGE_TYPE_XTAB,
      PAGE_TYPE_NOTAB,
    ]);
    expect([1, 2, BANK].map((pfn) => engine().isPopulated(pfn))).toEqual([true, true, true]);
    expect([1, BANK].map((pfn) => engine().lastOrdinal(pfn))).toEqual([1, 2]);
  });
}

function describeRuns(engine: () => PageEngine): void {
  it("gives maximal runs, ascending, across banks", () => {
    engine().reset(HVM_INDEXED);
    commitAll(engine(), [...plain(5 * BANK, 2), ...plain(2 * BANK - 3, 6), ...plain(7, 1)]);
    commitAll(engine(), [...plain(4095, 3), ...plain(9, 1), ...plain(5 * BANK - 1, 1)]);
    expect(runsOf(engine())).toEqual([
      [7, 1],
      [9, 1],
      [4095, 3],
      [2 * BANK - 3, 6],
      [5 * BANK - 1, 3],
    ]);
  });

  it("ends a run where the next pfns were never named", () => {
    engine().reset(HVM_INDEXED);
    commitAll(engine(), [...plain(4088, 8), { pfn: 8192 }, ...plain(12_287, 1)]);
    expect(runsOf(engine())).toEqual([
      [4088, 8],
      [8192, 1],
      [12_287, 1],
    ]);
  });

  it("gives one run for banks that are full", () => {
    engine().reset(HVM_INDEXED);
    for (let first = 0; first < BANK + 8192; first += 8192) {
      commitAll(engine(), plain(first, 8192), { firstOrdinal: first });
    }
    expect(runsOf(engine())).toEqual([[0, BANK + 8192]]);
    expect(engine().lastOrdinal(BANK)).toBe(BANK);
  });

  it("gives runs while pages are copied out between them", () => {
    placeAll(engine(), [{ pfn: 1 }, { pfn: 3 }, { pfn: BANK }], [1, 2, 3].map(pageOf));
    const seen: Uint8Array[] = [];
    for (const run of engine().populatedRuns()) seen.push(pageAt(engine(), run.first));
    expect(seen).toEqual([1, 2, 3].map(pageOf));
  });

  it("copies pages across banks, whether there is a bank or not", () => {
    placeAll(engine(), [{ pfn: BANK - 1 }, { pfn: 2 * BANK }], [1, 2].map(pageOf));
    const into = new Uint8Array(3 * PAGE_BYTES).fill(1);
    engine().copyPages(BANK - 1, 3, into);
    expect(into).toEqual(Uint8Array.from([...pageOf(1), ...pageOf(0), ...pageOf(0)]));
    engine().copyPages(2 * BANK - 1, 2, into);
    expect(into.subarray(0, 2 * PAGE_BYTES)).toEqual(Uint8Array.from([...pageOf(0), ...pageOf(2)]));
  });
}
