/** Contract of a page engine: entries are checked, counted, committed or dropped. */
import { beforeEach, describe, expect, it, test } from "vitest";
import {
  ENTRY_FAULT_PFN,
  ENTRY_FAULT_RESERVED,
  ENTRY_FAULT_TYPE,
  ENTRY_FAULTS_LISTED,
  type PageEngine,
} from "../../src/engine/port.js";
import {
  HVM_PFN_LIMIT,
  PAGE_TYPE_BROKEN,
  PAGE_TYPE_L1TAB,
  PAGE_TYPE_L4TAB,
  PAGE_TYPE_NOTAB,
  PAGE_TYPE_PIN,
  PAGE_TYPE_XALLOC,
  PAGE_TYPE_XTAB,
  PAGE_TYPES_INVALID,
  PAGE_TYPES_POPULATED,
  PAGE_TYPES_WITH_DATA,
} from "../../src/format/index.js";
import {
  checkAll,
  commitAll,
  type Entry,
  HVM_INDEXED,
  PV_INDEXED,
  plain,
  runsOf,
} from "./builders.js";

const ALL_TYPES = Array.from({ length: 16 }, (_, type) => type);
const isOneOf = (types: number, type: number) => ((types >> type) & 1) === 1;

/** Entries: faults, counts, last writer, guests. */
export function describeEntries(make: () => PageEngine): void {
  describe("entries", () => {
    let engine: PageEngine;
    beforeEach(() => {
      engine = make();
      engine.reset(HVM_INDEXED);
    });

    describeChecks(() => engine);
    describeBounds(() => engine);
    describeCommit(() => engine);
    describeDrop(() => engine);
  });
}

function describeChecks(engine: () => PageEngine): void {
  test.each(ALL_TYPES)("type %i is invalid only from 5 to 8, alone and among others", (type) => {
    const codes = isOneOf(PAGE_TYPES_INVALID, type) ? [ENTRY_FAULT_TYPE] : [];
    expect(checkAll(engine(), [{ pfn: 7, type }]).faults.map((f) => f.code)).toEqual(codes);
    const among = [...plain(0, 21), { pfn: 7, type }, ...plain(30, 21)];
    const { faults } = checkAll(engine(), among);
    expect(faults.map((f) => [f.entryIndex, f.code])).toEqual(codes.map((code) => [21, code]));
    const eight = Array.from({ length: 8 }, (_, i) => ({ pfn: i, type }));
    expect(checkAll(engine(), eight).faultCounts[ENTRY_FAULT_TYPE]).toBe(codes.length * 8);
  });

  test.each([1, 2, 4, 8, 16, 32, 64, 128, 255])("reserved bits 0x%i are a fault", (reserved) => {
    const { faults, faultCounts } = checkAll(engine(), [...plain(0, 8), { pfn: 8, reserved }]);
    expect(faults).toEqual([
      { entryIndex: 8, code: ENTRY_FAULT_RESERVED, low: 8, high: reserved * 2 ** 20 },
    ]);
    expect(faultCounts).toEqual([0, 0, 1, 0]);
  });

  it("takes an entry with reserved bits as if they were zero", () => {
    const reserved = Array.from({ length: 8 }, (_, i) => ({ pfn: 0x1_0000_0000 + i, reserved: 3 }));
    commitAll(engine(), [...reserved, { pfn: 99, reserved: 255, type: PAGE_TYPE_XALLOC }]);
    expect(runsOf(engine())).toEqual([
      [99, 1],
      [0x1_0000_0000, 8],
    ]);
    expect(engine().lastOrdinal(0x1_0000_0007)).toBe(7);
  });

  it("lists the faults of one entry by ascending code, halves unsigned", () => {
    engine().reset(PV_INDEXED);
    const { faults } = checkAll(engine(), [{ pfn: 2 ** 52 - 1, type: 8, reserved: 255 }], 10);
    const halves = { low: 0xffff_ffff, high: 0x8fff_ffff };
    expect(faults).toEqual([
      { entryIndex: 0, code: ENTRY_FAULT_TYPE, ...halves },
      { entryIndex: 0, code: ENTRY_FAULT_RESERVED, ...halves },
      { entryIndex: 0, code: ENTRY_FAULT_PFN, ...halves },
    ]);
  });

  it("counts entries by type and data pages over all steps of a batch", () => {
    const entries = ALL_TYPES.flatMap((type) =>
      Array.from({ length: type + 1 }, (_, i) => ({ pfn: type * 100 + i, type })),
    );
    const { typeCounts, dataPages } = checkAll(engine(), entries, HVM_PFN_LIMIT, 10);
    expect(typeCounts).toEqual(ALL_TYPES.map((type) => type + 1));
    const withData = entries.filter((e) => isOneOf(PAGE_TYPES_WITH_DATA, e.type));
    expect(dataPages).toBe(withData.length);
  });

  it("lists the first faults of a step and counts all, entry indexes going on over steps", () => {
    const entries = Array.from({ length: 5000 }, (_, pfn) => ({ pfn, type: 6, reserved: 1 }));
    engine().beginBatch(HVM_PFN_LIMIT);
    const { faults, faultCounts } = checkAll(engine(), entries, HVM_PFN_LIMIT, 3000);
    expect(faultCounts).toEqual([0, 5000, 5000, 0]);
    expect(faults.length).toBe(2 * ENTRY_FAULTS_LISTED);
    expect(faults[0]).toMatchObject({ entryIndex: 0, code: ENTRY_FAULT_TYPE });
    expect(faults[ENTRY_FAULTS_LISTED]).toMatchObject({ entryIndex: 3000, low: 3000 });
    expect(faults.at(-1)).toMatchObject({
      entryIndex: 3000 + ENTRY_FAULTS_LISTED / 2 - 1,
      code: ENTRY_FAULT_RESERVED,
    });
  });

  it("forgets the faults and counts of one batch with the next", () => {
    checkAll(engine(), [{ pfn: 1, type: 5 }]);
    engine().dropEntries();
    const { faults, typeCounts, dataPages } = checkAll(engine(), [{ pfn: 1, type: 15 }]);
    expect([faults.length, typeCounts[5], typeCounts[15], dataPages]).toEqual([0, 0, 1, 0]);
  });
}

function describeBounds(engine: () => PageEngine): void {
  const faultedPfns = (entries: Entry[], limit: number) =>
    checkAll(engine(), entries, limit).faults.filter((f) => f.code === ENTRY_FAULT_PFN);

  test.each(ALL_TYPES)("pv: an entry of type %i is bound by max_pfn", (type) => {
    engine().reset(PV_INDEXED);
    expect(faultedPfns([{ pfn: 999, type }], 1000)).toEqual([]);
    expect(faultedPfns([{ pfn: 1000, type }], 1000)).toHaveLength(1);
    expect(faultedPfns([{ pfn: 0, type }], 1)).toEqual([]);
    const eight = Array.from({ length: 8 }, (_, i) => ({ pfn: 993 + i, type }));
    expect(faultedPfns(eight, 1000).map((f) => f.entryIndex)).toEqual([7]);
    expect(faultedPfns(eight, 0)).toHaveLength(8);
  });

  test.each(ALL_TYPES)("hvm: type %i is bound by 2^36 only if it populates", (type) => {
    const bound = isOneOf(PAGE_TYPES_POPULATED, type);
    expect(faultedPfns([{ pfn: HVM_PFN_LIMIT - 1, type }], HVM_PFN_LIMIT)).toEqual([]);
    const beyond = [HVM_PFN_LIMIT, 2 ** 52 - 1].map((pfn) => ({ pfn, type }));
    expect(faultedPfns(beyond, HVM_PFN_LIMIT)).toHaveLength(bound ? 2 : 0);
    const eight = Array.from({ length: 8 }, (_, i) => ({ pfn: HVM_PFN_LIMIT - 4 + i, type }));
    expect(faultedPfns(eight, HVM_PFN_LIMIT)).toHaveLength(bound ? 4 : 0);
  });

  it("takes any pfn of 52 bits where the limit allows it", () => {
    engine().reset(PV_INDEXED);
    const first = 2 ** 52 - 8;
    commitAll(engine(), plain(first, 8), { pfnLimit: 2 ** 52 });
    expect(runsOf(engine())).toEqual([[first, 8]]);
    expect(engine().stats().maxPfn).toBe(2 ** 52 - 1);
    expect(engine().lastOrdinal(2 ** 52 - 1)).toBe(7);
  });
}

function describeCommit(engine: () => PageEngine): void {
  it("changes no pfn before the commit", () => {
    checkAll(engine(), plain(0, 100));
    expect(engine().stats()).toMatchObject({ populatedPages: 0, maxPfn: -1, banks: 0 });
    expect(engine().isPopulated(5)).toBe(false);
    engine().commitEntries();
    expect(engine().stats()).toMatchObject({ populatedPages: 100, maxPfn: 99, banks: 1 });
  });

  it("populates the pfns of entries with data and of XALLOC, no others", () => {
    engine().reset(PV_INDEXED);
    const valid = ALL_TYPES.filter((type) => !isOneOf(PAGE_TYPES_INVALID, type));
    commitAll(
      engine(),
      valid.map((type) => ({ pfn: type, type })),
      { pfnLimit: 16 },
    );
    for (const type of valid) {
      expect(engine().isPopulated(type)).toBe(isOneOf(PAGE_TYPES_POPULATED, type));
      expect(engine().pageType(type)).toBe(type);
    }
  });

  it("lets the last entry for a pfn win, within a batch and across batches", () => {
    engine().reset(PV_INDEXED);
    const first = [PAGE_TYPE_L1TAB, PAGE_TYPE_XTAB, PAGE_TYPE_L4TAB | PAGE_TYPE_PIN];
    commitAll(
      engine(),
      first.map((type) => ({ pfn: 3, type })),
      { pfnLimit: 10 },
    );
    expect(engine().pageType(3)).toBe(PAGE_TYPE_L4TAB | PAGE_TYPE_PIN);
    expect(engine().lastOrdinal(3)).toBe(1);
    commitAll(engine(), [{ pfn: 3, type: PAGE_TYPE_NOTAB }], { pfnLimit: 10, firstOrdinal: 2 });
    expect(engine().pageType(3)).toBe(PAGE_TYPE_NOTAB);
    expect(engine().lastOrdinal(3)).toBe(2);
    expect(engine().stats().populatedPages).toBe(1);
  });

  it("pv: XTAB and BROKEN leave their type but keep what is populated", () => {
    engine().reset(PV_INDEXED);
    commitAll(engine(), plain(0, 16), { pfnLimit: 16 });
    const gone = plain(0, 8).map((e) => ({ ...e, type: PAGE_TYPE_XTAB }));
    commitAll(engine(), [...gone, { pfn: 9, type: PAGE_TYPE_BROKEN }], { pfnLimit: 16 });
    expect(engine().stats().populatedPages).toBe(16);
    expect(engine().pageType(7)).toBe(PAGE_TYPE_XTAB);
    expect(engine().pageType(9)).toBe(PAGE_TYPE_BROKEN);
    expect(engine().lastOrdinal(7)).toBe(7);
  });

  it("hvm: XTAB and BROKEN are never looked up and leave no type", () => {
    const far = { pfn: 2 ** 50, type: PAGE_TYPE_XTAB };
    commitAll(engine(), [{ pfn: 1 }, { pfn: 1, type: PAGE_TYPE_BROKEN }, far]);
    expect(engine().pageType(1)).toBe(PAGE_TYPE_NOTAB);
    expect(engine().pageType(far.pfn)).toBe(0);
    expect(engine().stats()).toMatchObject({ populatedPages: 1, maxPfn: 1, banks: 1 });
  });

  it("commits a batch without any entry that is looked up", () => {
    commitAll(engine(), [{ pfn: 4, type: PAGE_TYPE_XTAB }]);
    expect(runsOf(engine())).toEqual([]);
    expect(engine().stats().banks).toBe(0);
  });

  it("tells pfn and type of each data page by its ordinal in the batch", () => {
    const types = [PAGE_TYPE_XTAB, PAGE_TYPE_L1TAB, PAGE_TYPE_XALLOC, PAGE_TYPE_NOTAB];
    const entries = types.map((type, i) => ({ pfn: 0x7_0000_0000 + i, type, reserved: i }));
    checkAll(engine(), entries);
    engine().commitEntries();
    expect([0, 1].map((page) => engine().dataPagePfn(page))).toEqual([
      0x7_0000_0001, 0x7_0000_0003,
    ]);
    expect([0, 1].map((page) => engine().dataPageType(page))).toEqual([
      PAGE_TYPE_L1TAB,
      PAGE_TYPE_NOTAB,
    ]);
  });

  it("records only whole pages as copies", () => {
    checkAll(engine(), plain(10, 20));
    engine().commitEntries();
    engine().indexPages(13, 500);
    expect([9, 10, 22, 23].map((pfn) => engine().lastOrdinal(pfn))).toEqual([-1, 500, 512, -1]);
    expect(engine().stats().populatedPages).toBe(20);
  });

  it("takes the highest ordinal there is", () => {
    commitAll(engine(), plain(0, 8), { firstOrdinal: 2 ** 32 - 9 });
    expect(engine().lastOrdinal(7)).toBe(2 ** 32 - 2);
  });
}

function describeDrop(engine: () => PageEngine): void {
  it("leaves no trace of a dropped batch", () => {
    commitAll(engine(), plain(0, 4));
    const before = engine().stats();
    checkAll(engine(), [...plain(0, 50), { pfn: 2 ** 30, type: PAGE_TYPE_L1TAB }]);
    engine().dropEntries();
    expect(engine().stats()).toEqual(before);
    expect(runsOf(engine())).toEqual([[0, 4]]);
    expect(engine().pageType(2 ** 30)).toBe(0);
  });

  it("leaves no trace of a dropped batch that had faults", () => {
    checkAll(engine(), [{ pfn: 2 ** 51 }, { pfn: 3, type: 5 }, ...plain(0, 30)]);
    engine().dropEntries();
    expect(runsOf(engine())).toEqual([]);
    commitAll(engine(), plain(1, 1));
    expect(runsOf(engine())).toEqual([[1, 1]]);
  });
}
