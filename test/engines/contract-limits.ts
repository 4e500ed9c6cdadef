/** Contract of a page engine: limits hold and leave it usable; a reset forgets everything. */
import { beforeEach, describe, expect, it } from "vitest";
import type { PageEngine } from "../../src/engine/port.js";
import { CapacityError } from "../../src/findings/index.js";
import { HVM_PFN_LIMIT, PAGE_BYTES, PAGE_TYPE_XTAB } from "../../src/format/index.js";
import {
  BANK,
  checkAll,
  commitAll,
  HVM_INDEXED,
  HVM_RESIDENT,
  PV_INDEXED,
  pageAt,
  pageOf,
  placeAll,
  plain,
  runsOf,
} from "./builders.js";

const ZERO = pageOf(0);

/** Limits of frames and of banks; resets. */
export function describeLimits(make: () => PageEngine): void {
  describe("limits and resets", () => {
    let engine: PageEngine;
    beforeEach(() => {
      engine = make();
      engine.reset(HVM_RESIDENT);
    });

    describeFrameLimit(() => engine);
    describeBankLimit(() => engine);
    describeReset(() => engine);
  });
}

function describeFrameLimit(engine: () => PageEngine): void {
  it("refuses one frame more than the limit, and stays as it was but for pages before", () => {
    engine().reset({ ...HVM_RESIDENT, maxFrameBytes: 2 * PAGE_BYTES });
    const seeds = [1, 0, 1, 2, 3, 4];
    const place = () => placeAll(engine(), plain(0, 6), seeds.map(pageOf));
    expect(place).toThrow(CapacityError);
    expect(place).toThrow(expect.objectContaining({ limit: "max-memory", option: "--max-memory" }));
    expect(engine().stats()).toMatchObject({ distinctPages: 2, residentBytes: 2 * PAGE_BYTES });
    expect(pageAt(engine(), 2)).toEqual(pageOf(1));
    expect(pageAt(engine(), 3)).toEqual(pageOf(2));
    expect(pageAt(engine(), 4)).toEqual(ZERO);
    placeAll(engine(), plain(3, 2), [0, 5].map(pageOf));
    expect(pageAt(engine(), 4)).toEqual(pageOf(5));
  });

  it("replaces a page at the limit if its frame has no other owner", () => {
    engine().reset({ ...HVM_RESIDENT, maxFrameBytes: PAGE_BYTES });
    placeAll(engine(), [{ pfn: 0 }], [pageOf(1)]);
    placeAll(engine(), [{ pfn: 0 }], [pageOf(2)]);
    expect(pageAt(engine(), 0)).toEqual(pageOf(2));
    placeAll(engine(), [{ pfn: 1 }], [pageOf(2)]);
    expect(() => placeAll(engine(), [{ pfn: 1 }], [pageOf(3)])).toThrow(CapacityError);
    expect([0, 1].map((pfn) => pageAt(engine(), pfn))).toEqual([2, 2].map(pageOf));
  });

  it("holds zero pages under a limit of nothing", () => {
    engine().reset({ ...HVM_RESIDENT, maxFrameBytes: 0 });
    placeAll(
      engine(),
      plain(0, 50),
      Array.from({ length: 50 }, () => ZERO),
    );
    expect(engine().stats()).toMatchObject({ populatedPages: 50, zeroPages: 50 });
  });
}

function describeBankLimit(engine: () => PageEngine): void {
  const tooMany = expect.objectContaining({ limit: "max-banks", option: "--max-memory" });

  it("takes nothing of a batch that would need a bank too many", () => {
    engine().reset({ ...HVM_INDEXED, maxBanks: 3 });
    commitAll(engine(), plain(0, 2));
    const before = engine().stats();
    checkAll(
      engine(),
      [0, 1, 2, 3].map((n) => ({ pfn: n * BANK + 9 })),
    );
    expect(() => engine().commitEntries()).toThrow(tooMany);
    expect(engine().stats()).toEqual(before);
    expect(runsOf(engine())).toEqual([[0, 2]]);
    commitAll(
      engine(),
      [2, 1, 0].map((n) => ({ pfn: n * BANK + 9 })),
    );
    expect(engine().stats()).toMatchObject({ banks: 3, populatedPages: 5 });
    checkAll(engine(), [{ pfn: 7 * BANK }]);
    expect(() => engine().commitEntries()).toThrow(tooMany);
    expect(() => engine().populate(7 * BANK)).toThrow(tooMany);
  });

  it("refuses a hostile batch that names a bank per entry, and goes on", () => {
    engine().reset({ ...HVM_INDEXED, maxBanks: 100 });
    const entries = Array.from({ length: 3000 }, (_, i) => ({ pfn: i * 43 * BANK + i }));
    checkAll(engine(), entries, HVM_PFN_LIMIT, 1000);
    expect(() => engine().commitEntries()).toThrow(tooMany);
    expect(engine().stats()).toMatchObject({ banks: 0, populatedPages: 0 });
    commitAll(engine(), entries.slice(0, 100));
    expect(engine().stats()).toMatchObject({ banks: 100, populatedPages: 100 });
    expect(engine().lastOrdinal(99 * 43 * BANK + 99)).toBe(99);
  });

  it("does not count the banks of a dropped batch", () => {
    engine().reset({ ...HVM_INDEXED, maxBanks: 2 });
    for (let round = 0; round < 5; round++) {
      checkAll(
        engine(),
        [10 + round, 20 + round].map((n) => ({ pfn: n * BANK })),
        HVM_PFN_LIMIT,
        1,
      );
      engine().dropEntries();
    }
    commitAll(engine(), [{ pfn: 50 * BANK }, { pfn: 60 * BANK }]);
    expect(engine().stats().banks).toBe(2);
  });

  it("pv: counts the banks of entries without data too", () => {
    engine().reset({ ...PV_INDEXED, maxBanks: 1 });
    checkAll(engine(), [{ pfn: 0 }, { pfn: BANK, type: PAGE_TYPE_XTAB }], 2 * BANK);
    expect(() => engine().commitEntries()).toThrow(tooMany);
  });
}

function describeReset(engine: () => PageEngine): void {
  it("forgets everything at a reset", () => {
    placeAll(
      engine(),
      plain(4000, 300),
      Array.from({ length: 300 }, (_, i) => pageOf(i)),
    );
    engine().reset(HVM_RESIDENT);
    expect(engine().stats()).toEqual({
      populatedPages: 0,
      maxPfn: -1,
      zeroPages: 0,
      distinctPages: 0,
      residentBytes: 0,
      pagesPlaced: 0,
      bytesPlaced: 0,
      banks: 0,
    });
    expect(runsOf(engine())).toEqual([]);
    expect([engine().pageType(4001), engine().lastOrdinal(4001)]).toEqual([0, -1]);
    expect(pageAt(engine(), 4001)).toEqual(ZERO);
  });

  it("finds no contents of the image before, though its memory is used again", () => {
    placeAll(
      engine(),
      plain(0, 100),
      Array.from({ length: 100 }, (_, i) => pageOf(i + 1)),
    );
    engine().reset(HVM_RESIDENT);
    commitAll(engine(), plain(0, 100));
    expect(pageAt(engine(), 50)).toEqual(ZERO);
    placeAll(engine(), plain(0, 2), [7, 7].map(pageOf));
    expect(engine().stats()).toMatchObject({ distinctPages: 1, zeroPages: 98 });
    expect(pageAt(engine(), 1)).toEqual(pageOf(7));
  });

  it.each([4089, 4096, 8185])("forgets a short run of pfns from %i on", (first) => {
    commitAll(engine(), plain(0, 1));
    placeAll(
      engine(),
      plain(first, 8),
      Array.from({ length: 8 }, (_, i) => pageOf(i + 1)),
    );
    engine().reset(HVM_RESIDENT);
    commitAll(engine(), plain(20_000, 1));
    for (let pfn = first; pfn < first + 8; pfn++) {
      expect(engine().isPopulated(pfn)).toBe(false);
      expect(engine().lastOrdinal(pfn)).toBe(-1);
      expect(pageAt(engine(), pfn)).toEqual(ZERO);
    }
  });

  it("can be reset amid a batch, and to the other memory model and back", () => {
    checkAll(engine(), plain(0, 10));
    engine().reset(HVM_INDEXED);
    commitAll(engine(), plain(5, 10), { firstOrdinal: 40 });
    expect([engine().lastOrdinal(4), engine().lastOrdinal(5)]).toEqual([-1, 40]);
    checkAll(engine(), plain(0, 10));
    engine().commitEntries();
    engine().reset(HVM_RESIDENT);
    placeAll(engine(), plain(0, 1), [pageOf(1)]);
    expect(runsOf(engine())).toEqual([[0, 1]]);
  });
}
