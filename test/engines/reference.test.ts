/** The reference engine keeps the contract of a page engine; the rest is the port by sentences. */
import { describe, expect, it } from "vitest";
import {
  BANK_PFNS,
  ENTRY_FAULT_PFN,
  ENTRY_FAULT_RESERVED,
  ENTRY_FAULT_TYPE,
  ENTRY_FAULTS_LISTED,
  type PageEngine,
} from "../../src/engine/port.js";
import { createReferenceEngine } from "../../src/engine/reference/index.js";
import { CapacityError, InternalError } from "../../src/findings/index.js";
import { PAGE_BYTES } from "../../src/format/index.js";
import { describePageEngine } from "./contract.js";
import {
  batch,
  check,
  commit,
  contentsOf,
  entry,
  fillWindow,
  HVM_INDEXED,
  HVM_LIMIT,
  HVM_RESIDENT,
  PV_RESIDENT,
  page,
  WINDOW_ENTRIES,
  WINDOW_PAGES,
} from "./reference-drive.js";

const NOTAB = 0x0;
const L1TAB = 0x1;
const L4TAB_PIN = 0xc;
const BROKEN = 0xd;
const XALLOC = 0xe;
const XTAB = 0xf;
const TYPES_WITH_DATA = [0, 1, 2, 3, 4, 9, 10, 11, 12];
const INVALID_TYPES = [5, 6, 7, 8];

function engineFor(options = HVM_RESIDENT): PageEngine {
  const engine = createReferenceEngine(Buffer.compare);
  engine.reset(options);
  return engine;
}

/** The error's limit, or "none". */
function limitHit(act: () => void): string {
  try {
    act();
  } catch (error) {
    if (error instanceof CapacityError) return `${error.limit} ${error.option}`;
    throw error;
  }
  return "none";
}

const shared = createReferenceEngine(Buffer.compare);

describePageEngine("reference", () => shared);

describe("checking entries", () => {
  it("counts entries by type, invalid ones too, over all steps of a batch", () => {
    const engine = engineFor();
    engine.beginBatch(HVM_LIMIT);
    check(engine, [entry(NOTAB, 1), entry(NOTAB, 2), entry(5, 3)]);
    const step = check(engine, [entry(XTAB, 4), entry(L1TAB, 5), entry(NOTAB, 6)]);
    const counts = new Array<number>(16).fill(0);
    counts[NOTAB] = 3;
    counts[5] = 1;
    counts[XTAB] = 1;
    counts[L1TAB] = 1;
    expect([...step.typeCounts]).toEqual(counts);
    expect(step.dataPages).toBe(4);
  });

  it("begins its counts anew with each batch", () => {
    const engine = engineFor();
    engine.beginBatch(HVM_LIMIT);
    check(engine, [entry(NOTAB, 1), entry(6, 2)]);
    engine.dropEntries();
    const step = commit(engine, [entry(XTAB, 1)]);
    expect(step.dataPages).toBe(0);
    expect(step.typeCounts[NOTAB]).toBe(0);
    expect([...step.faultCounts]).toEqual([0, 0, 0, 0]);
  });

  it("takes a page for the types 0..4 and 9..12 and for no other", () => {
    const engine = engineFor();
    for (let type = 0; type < 16; type++) {
      engine.beginBatch(HVM_LIMIT);
      const step = check(engine, [entry(type, 7)]);
      expect(step.dataPages, `type ${type}`).toBe(TYPES_WITH_DATA.includes(type) ? 1 : 0);
      engine.dropEntries();
    }
  });

  it.each(["hvm", "pv"] as const)("rejects an entry of type 0x5..0x8 in a %s guest", (guest) => {
    const engine = engineFor({ ...HVM_RESIDENT, guest });
    for (let type = 0; type < 16; type++) {
      engine.beginBatch(HVM_LIMIT);
      const { faults } = check(engine, [entry(NOTAB, 1), entry(type, 7)]);
      const wanted = { entryIndex: 1, code: ENTRY_FAULT_TYPE, low: 7, high: (type << 28) >>> 0 };
      expect(faults, `type ${type}`).toEqual(INVALID_TYPES.includes(type) ? [wanted] : []);
      engine.dropEntries();
    }
  });

  it("rejects every reserved bit of an entry, whatever its type", () => {
    const engine = engineFor();
    for (const type of [NOTAB, L4TAB_PIN, BROKEN, XTAB]) {
      for (let bit = 0; bit < 8; bit++) {
        engine.beginBatch(HVM_LIMIT);
        const step = check(engine, [entry(type, 9, 1 << bit), entry(type, 9)]);
        expect(step.faults.map(({ entryIndex, code }) => [entryIndex, code])).toEqual([
          [0, ENTRY_FAULT_RESERVED],
        ]);
        engine.dropEntries();
      }
    }
  });

  it("holds hvm entries to the limit only if they populate", () => {
    const engine = engineFor();
    engine.beginBatch(HVM_LIMIT);
    const beyond = [NOTAB, L4TAB_PIN, BROKEN, XALLOC, XTAB, 5].map((type) =>
      entry(type, HVM_LIMIT),
    );
    const { faults } = check(engine, beyond);
    expect(faults.map(({ entryIndex, code }) => [entryIndex, code])).toEqual([
      [0, ENTRY_FAULT_PFN],
      [1, ENTRY_FAULT_PFN],
      [3, ENTRY_FAULT_PFN],
      [5, ENTRY_FAULT_TYPE],
    ]);
  });

  it("holds every pv entry to the limit", () => {
    const engine = engineFor(PV_RESIDENT);
    engine.beginBatch(100);
    const types = [NOTAB, BROKEN, XALLOC, XTAB, 5];
    check(
      engine,
      types.map((type) => entry(type, 99)),
    );
    const { faults } = check(
      engine,
      types.map((type) => entry(type, 100)),
    );
    expect(faults.map(({ entryIndex, code }) => [entryIndex, code])).toEqual([
      [5, ENTRY_FAULT_PFN],
      [6, ENTRY_FAULT_PFN],
      [7, ENTRY_FAULT_PFN],
      [8, ENTRY_FAULT_PFN],
      [9, ENTRY_FAULT_TYPE],
      [9, ENTRY_FAULT_PFN],
    ]);
  });

  it.each([1, 100, BANK_PFNS, BANK_PFNS + 3, 2 ** 32, 2 ** 32 + 5, 2 ** 36, 2 ** 52 - 1])(
    "finds pfn limit - 1 in bounds and the limit out of bounds: %d",
    (limit) => {
      const engine = engineFor();
      engine.beginBatch(limit);
      expect(check(engine, [entry(NOTAB, limit - 1), entry(NOTAB, limit - 1)]).faults).toEqual([]);
      expect(check(engine, [entry(NOTAB, limit)]).faults[0]?.code).toBe(ENTRY_FAULT_PFN);
      const far = check(engine, [entry(NOTAB, 2 ** 52 - 1)]);
      expect(far.faults[0]?.code).toBe(ENTRY_FAULT_PFN);
    },
  );

  it("tests the limit also within a run of like entries", () => {
    const engine = engineFor();
    engine.beginBatch(3);
    const { faults } = check(
      engine,
      [0, 1, 2, 3, 1, 4].map((pfn) => entry(NOTAB, pfn)),
    );
    expect(faults.map(({ entryIndex }) => entryIndex)).toEqual([3, 5]);
  });

  it("finds reserved bits in each of a run of like entries", () => {
    const engine = engineFor();
    engine.beginBatch(HVM_LIMIT);
    const { faults, typeCounts } = check(
      engine,
      [1, 1, 0, 0, 1].map((reserved, i) => entry(NOTAB, i, reserved)),
    );
    expect(faults.map(({ entryIndex }) => entryIndex)).toEqual([0, 1, 4]);
    expect(typeCounts[NOTAB]).toBe(5);
  });

  it("lists an entry with several faults once for each, codes ascending, halves unsigned", () => {
    const engine = engineFor(PV_RESIDENT);
    engine.beginBatch(1);
    const { faults } = check(engine, [entry(8, 0xf_ffff_ffff_ffff, 0xff)]);
    const raw = { entryIndex: 0, low: 0xffff_ffff, high: 0x8fff_ffff };
    expect(faults).toEqual([
      { ...raw, code: ENTRY_FAULT_TYPE },
      { ...raw, code: ENTRY_FAULT_RESERVED },
      { ...raw, code: ENTRY_FAULT_PFN },
    ]);
  });

  it("lists 1024 faults of a step and counts all of them, by step", () => {
    const engine = engineFor();
    engine.beginBatch(HVM_LIMIT);
    const step = check(engine, new Array<bigint>(1500).fill(entry(5, 1, 1)));
    expect(step.faults.length).toBe(ENTRY_FAULTS_LISTED);
    expect([...step.faultCounts]).toEqual([0, 1500, 1500, 0]);
    const next = check(engine, [entry(NOTAB, 1), entry(5, 1)]);
    expect([...next.faultCounts]).toEqual([0, 1, 0, 0]);
    expect(next.faults[0]?.entryIndex).toBe(1501);
  });

  it("takes a whole entry window in one step", () => {
    const engine = engineFor();
    engine.beginBatch(HVM_LIMIT);
    const words = new Uint32Array(engine.entryWindow().buffer);
    for (let i = 0; i < WINDOW_ENTRIES; i++) {
      words[2 * i] = i;
      words[2 * i + 1] = 0xe000_0000;
    }
    expect(engine.checkEntries(WINDOW_ENTRIES).typeCounts[XALLOC]).toBe(WINDOW_ENTRIES);
    engine.commitEntries();
    expect([...engine.populatedRuns()]).toEqual([{ first: 0, count: WINDOW_ENTRIES }]);
  });

  it("changes no pfn before the commit", () => {
    const engine = engineFor();
    engine.beginBatch(HVM_LIMIT);
    check(engine, [entry(L1TAB, 1), entry(XALLOC, 2)]);
    expect(engine.stats().populatedPages).toBe(0);
    expect(engine.stats().banks).toBe(0);
    expect(engine.isPopulated(1)).toBe(false);
    expect(engine.pageType(1)).toBe(0);
  });
});

describe("committing and dropping", () => {
  it("leaves no trace of a dropped batch", () => {
    const engine = engineFor();
    batch(engine, [entry(NOTAB, 1)], [page(1)]);
    const before = engine.stats();
    engine.beginBatch(HVM_LIMIT);
    check(engine, [entry(L1TAB, 1), entry(NOTAB, 2), entry(XALLOC, 9 * BANK_PFNS)]);
    engine.dropEntries();
    expect(engine.stats()).toEqual(before);
    expect(engine.pageType(1)).toBe(NOTAB);
    expect(engine.isPopulated(2)).toBe(false);
    commit(engine, [entry(NOTAB, 3)]);
    expect([...engine.populatedRuns()]).toEqual([
      { first: 1, count: 1 },
      { first: 3, count: 1 },
    ]);
  });

  it("populates an hvm pfn of every type but BROKEN and XTAB, which leave no type", () => {
    const engine = engineFor();
    const types = [...TYPES_WITH_DATA, XALLOC, BROKEN, XTAB];
    commit(
      engine,
      types.map((type) => entry(type, 100 + type)),
    );
    for (const type of types) {
      const leaves = type !== BROKEN && type !== XTAB;
      expect(engine.isPopulated(100 + type), `type ${type}`).toBe(leaves);
      expect(engine.pageType(100 + type), `type ${type}`).toBe(leaves ? type : 0);
    }
  });

  it("keeps type and contents of an hvm pfn that becomes XTAB or BROKEN later", () => {
    const engine = engineFor();
    batch(engine, [entry(L1TAB, 5), entry(NOTAB, 6)], [page(1), page(2)]);
    commit(engine, [entry(XTAB, 5), entry(BROKEN, 6)]);
    expect(engine.pageType(5)).toBe(L1TAB);
    expect(contentsOf(engine, 5)).toEqual(page(1));
    expect(contentsOf(engine, 6)).toEqual(page(2));
  });

  it("records the type of every pv entry, but populates for XTAB and BROKEN no page", () => {
    const engine = engineFor(PV_RESIDENT);
    batch(engine, [entry(L1TAB, 5)], [page(1)], 0, 100);
    commit(engine, [entry(XTAB, 5), entry(BROKEN, 6), entry(XTAB, 7), entry(XALLOC, 8)], 100);
    expect([5, 6, 7, 8].map((pfn) => engine.pageType(pfn))).toEqual([XTAB, BROKEN, XTAB, XALLOC]);
    expect([5, 6, 7, 8].map((pfn) => engine.isPopulated(pfn))).toEqual([true, false, false, true]);
    expect(contentsOf(engine, 5)).toEqual(page(1));
    expect(engine.stats().maxPfn).toBe(8);
  });

  it("lets the last entry of a pfn win, also between data and other entries", () => {
    const engine = engineFor(PV_RESIDENT);
    commit(engine, [entry(NOTAB, 1), entry(XTAB, 1), entry(L1TAB, 1), entry(BROKEN, 2)], 100);
    expect(engine.pageType(1)).toBe(L1TAB);
    commit(engine, [entry(L1TAB, 2), entry(XALLOC, 2), entry(NOTAB, 1), entry(XTAB, 1)], 100);
    expect(engine.pageType(1)).toBe(XTAB);
    expect(engine.pageType(2)).toBe(XALLOC);
  });

  it("takes entries with reserved bits, with the bits masked", () => {
    const engine = engineFor();
    commit(engine, [entry(NOTAB, 7, 0xff), entry(NOTAB, 8), entry(L1TAB, 9, 1)]);
    expect([...engine.populatedRuns()]).toEqual([{ first: 7, count: 3 }]);
    expect(engine.pageType(9)).toBe(L1TAB);
    expect(engine.dataPagePfn(0)).toBe(7);
  });

  it("takes entries checked in several steps in their order", () => {
    const engine = engineFor();
    engine.beginBatch(HVM_LIMIT);
    check(engine, [entry(NOTAB, 1), entry(L1TAB, BANK_PFNS)]);
    check(engine, [entry(XALLOC, 2)]);
    check(engine, [entry(L1TAB, 1), entry(NOTAB, BANK_PFNS)]);
    engine.commitEntries();
    expect([0, 1, 2, 3].map((i) => engine.dataPagePfn(i))).toEqual([1, BANK_PFNS, 1, BANK_PFNS]);
    expect([0, 1, 2, 3].map((i) => engine.dataPageType(i))).toEqual([0, 1, 1, 0]);
    expect(engine.pageType(1)).toBe(L1TAB);
    expect(engine.pageType(BANK_PFNS)).toBe(NOTAB);
  });

  it("takes nothing of a batch that needs too many banks", () => {
    const engine = engineFor({ ...HVM_RESIDENT, maxBanks: 2 });
    commit(engine, [entry(NOTAB, 0)]);
    engine.beginBatch(HVM_LIMIT);
    check(engine, [entry(NOTAB, 1), entry(XALLOC, BANK_PFNS), entry(XALLOC, 2 * BANK_PFNS)]);
    expect(limitHit(() => engine.commitEntries())).toBe("max-banks --max-memory");
    engine.dropEntries();
    expect(engine.stats()).toMatchObject({ populatedPages: 1, banks: 1 });
    commit(engine, [entry(NOTAB, 1), entry(XALLOC, 5 * BANK_PFNS)]);
    expect(engine.stats()).toMatchObject({ populatedPages: 3, banks: 2 });
  });

  it("refuses a batch that alone names more banks than there may be", () => {
    const engine = engineFor({ ...HVM_RESIDENT, maxBanks: 2 });
    engine.beginBatch(HVM_LIMIT);
    const spread = [0, 1, 2, 3, 0, 4].map((bank) => entry(XALLOC, bank * BANK_PFNS));
    expect(check(engine, spread).typeCounts[XALLOC]).toBe(6);
    expect(limitHit(() => engine.commitEntries())).toBe("max-banks --max-memory");
    expect(engine.stats().banks).toBe(0);
  });

  it("makes no bank for an hvm entry that populates nothing", () => {
    const engine = engineFor({ ...HVM_RESIDENT, maxBanks: 1 });
    commit(engine, [entry(NOTAB, 1), entry(XTAB, 2 ** 52 - 1), entry(BROKEN, 2 ** 40)]);
    expect(engine.stats()).toMatchObject({ banks: 1, populatedPages: 1 });
  });

  it("stages more than 2047 banks of one batch", () => {
    const engine = engineFor({ ...HVM_INDEXED, maxBanks: 2200 });
    const banks = Array.from({ length: 2100 }, (_, bank) => bank);
    commit(engine, [
      ...banks.map((bank) => entry(XALLOC, bank * BANK_PFNS + 1)),
      ...banks.map((bank) => entry(L1TAB, bank * BANK_PFNS + 2)),
    ]);
    engine.indexPages(2100, 0);
    expect(engine.stats()).toMatchObject({ banks: 2100, populatedPages: 4200 });
    expect(engine.dataPagePfn(2099)).toBe(2099 * BANK_PFNS + 2);
    for (const bank of [0, 2046, 2047, 2048, 2099]) {
      expect(engine.pageType(bank * BANK_PFNS + 1)).toBe(XALLOC);
      expect(engine.lastOrdinal(bank * BANK_PFNS + 2)).toBe(bank);
    }
  });

  it("stages entries without data in 4 bytes each: the largest record in 64 MiB", () => {
    const engine = engineFor(HVM_INDEXED);
    const words = new Uint32Array(engine.entryWindow().buffer);
    for (let i = 0; i < WINDOW_ENTRIES; i++) words[2 * i + 1] = 0xe000_0000;
    // Every other entry in another bank: no run can be made of them.
    for (let i = 0; i < WINDOW_ENTRIES; i++) words[2 * i] = (i % 2) * BANK_PFNS + (i >> 1);
    const before = process.memoryUsage().arrayBuffers;
    engine.beginBatch(HVM_LIMIT);
    for (let step = 0; step < 4; step++) engine.checkEntries(WINDOW_ENTRIES);
    const grown = process.memoryUsage().arrayBuffers - before;
    expect(grown).toBeLessThanOrEqual(4 * WINDOW_ENTRIES * 4);
    engine.commitEntries();
    expect(engine.stats().populatedPages).toBe(WINDOW_ENTRIES);
  });

  it("counts more data pages than a record can hold, so that the caller can drop them", () => {
    const engine = engineFor(HVM_INDEXED);
    engine.beginBatch(HVM_LIMIT);
    const words = new Uint32Array(engine.entryWindow().buffer);
    for (let i = 0; i < WINDOW_ENTRIES; i++) {
      words[2 * i] = i;
      words[2 * i + 1] = 0;
    }
    expect(engine.checkEntries(WINDOW_ENTRIES).dataPages).toBe(WINDOW_ENTRIES);
    expect(engine.checkEntries(WINDOW_ENTRIES).dataPages).toBe(2 * WINDOW_ENTRIES);
    expect(() => engine.commitEntries()).toThrow(InternalError);
    engine.dropEntries();
    expect(engine.stats().populatedPages).toBe(0);
  });

  it("commits as many data pages as the largest record can hold", () => {
    const engine = engineFor(HVM_INDEXED);
    engine.beginBatch(HVM_LIMIT);
    const words = new Uint32Array(engine.entryWindow().buffer);
    for (let i = 0; i < 32_704; i++) {
      words[2 * i] = i;
      words[2 * i + 1] = 0;
    }
    engine.checkEntries(32_704);
    engine.commitEntries();
    engine.indexPages(32_704, 10);
    expect(engine.lastOrdinal(32_703)).toBe(32_713);
  });
});

describe("data pages of a batch", () => {
  it("names their pfns and types by their ordinal, not counting other entries", () => {
    const engine = engineFor();
    const high = 2 ** 35 + 12_345;
    commit(engine, [entry(XTAB, 1), entry(NOTAB, 2), entry(XALLOC, 3), entry(L4TAB_PIN, high)]);
    expect([engine.dataPagePfn(0), engine.dataPageType(0)]).toEqual([2, NOTAB]);
    expect([engine.dataPagePfn(1), engine.dataPageType(1)]).toEqual([high, L4TAB_PIN]);
    expect(() => engine.dataPagePfn(2)).toThrow(InternalError);
  });

  it("gives page tables as runs of data pages", () => {
    const engine = engineFor();
    const types = [NOTAB, 1, 2, XTAB, 3, NOTAB, 4, NOTAB, NOTAB, 9, 10, 11, 12];
    commit(
      engine,
      types.map((type, i) => entry(type, i)),
    );
    expect(engine.tableRanges()).toEqual([
      { first: 1, count: 3 },
      { first: 5, count: 1 },
      { first: 8, count: 4 },
    ]);
    commit(engine, [entry(NOTAB, 1)]);
    expect(engine.tableRanges()).toEqual([]);
  });

  it("records the last whole copy of each pfn", () => {
    const engine = engineFor(HVM_INDEXED);
    commit(engine, [entry(NOTAB, 1), entry(XALLOC, 9), entry(NOTAB, 2), entry(NOTAB, 1)]);
    engine.indexPages(3, 100);
    expect([1, 2, 9, 50, BANK_PFNS].map((pfn) => engine.lastOrdinal(pfn))).toEqual([
      102, 101, -1, -1, -1,
    ]);
    commit(engine, [entry(NOTAB, 2), entry(NOTAB, 1)]);
    engine.indexPages(1, 200);
    expect([1, 2].map((pfn) => engine.lastOrdinal(pfn))).toEqual([102, 200]);
  });

  it("keeps ordinals up to 2^32 - 2", () => {
    const engine = engineFor(HVM_INDEXED);
    commit(engine, [entry(NOTAB, 1)]);
    engine.indexPages(1, 2 ** 32 - 2);
    expect(engine.lastOrdinal(1)).toBe(2 ** 32 - 2);
  });
});

describe("placing pages", () => {
  it("gives a zero page no frame", () => {
    const engine = engineFor();
    batch(engine, [entry(NOTAB, 1), entry(NOTAB, 2)], [page(0), page(9)]);
    expect(engine.stats()).toEqual({
      populatedPages: 2,
      maxPfn: 2,
      zeroPages: 1,
      distinctPages: 1,
      residentBytes: PAGE_BYTES,
      pagesPlaced: 2,
      bytesPlaced: 2 * PAGE_BYTES,
      banks: 1,
    });
  });

  it.each([0, 1, 4095])("does not take a page for zero whose byte %d is not", (at) => {
    const engine = engineFor();
    const almost = page(0);
    almost[at] = 1;
    batch(engine, [entry(NOTAB, 1)], [almost]);
    expect(engine.stats().zeroPages).toBe(0);
    expect(contentsOf(engine, 1)).toEqual(almost);
  });

  it("lets equal pages of a bank share a frame, and not those of two banks", () => {
    const engine = engineFor();
    const pfns = [1, 2, 3, BANK_PFNS, BANK_PFNS + 1];
    const entries = pfns.map((pfn) => entry(NOTAB, pfn));
    batch(
      engine,
      entries,
      pfns.map(() => page(7)),
    );
    expect(engine.stats()).toMatchObject({ distinctPages: 2, zeroPages: 0 });
    for (const pfn of pfns) expect(contentsOf(engine, pfn)).toEqual(page(7));
  });

  it("tells pages apart that differ in a single byte anywhere", () => {
    const engine = engineFor();
    const pages = Array.from({ length: 512 }, (_, i) => {
      const contents = page(0x5a);
      contents[i * 8 + (i % 8)] = 0xa5;
      return contents;
    });
    const entries = pages.map((_, i) => entry(NOTAB, i));
    batch(engine, entries, pages);
    batch(
      engine,
      entries.map((_, i) => entry(NOTAB, 1000 + i)),
      pages,
    );
    expect(engine.stats().distinctPages).toBe(512);
    for (const [i, contents] of pages.entries()) {
      expect(Buffer.compare(contentsOf(engine, 1000 + i), contents), `page ${i}`).toBe(0);
    }
  });

  it("frees a frame when nobody has it any more", () => {
    const engine = engineFor();
    batch(engine, [entry(NOTAB, 1), entry(NOTAB, 2)], [page(1), page(1)]);
    batch(engine, [entry(NOTAB, 1)], [page(2)]);
    expect(engine.stats().distinctPages).toBe(2);
    expect(contentsOf(engine, 2)).toEqual(page(1));
    batch(engine, [entry(NOTAB, 2)], [page(2)]);
    expect(engine.stats().distinctPages).toBe(1);
    batch(engine, [entry(NOTAB, 1), entry(NOTAB, 2)], [page(0), page(0)]);
    expect(engine.stats()).toMatchObject({ distinctPages: 0, zeroPages: 2 });
    expect(contentsOf(engine, 1)).toEqual(page(0));
  });

  it("finds contents again after their frame was freed and made anew", () => {
    const engine = engineFor();
    for (let round = 0; round < 3; round++) {
      batch(engine, [entry(NOTAB, 1), entry(NOTAB, 2)], [page(1), page(2)]);
      batch(engine, [entry(NOTAB, 1), entry(NOTAB, 2)], [page(2), page(1)]);
      expect(contentsOf(engine, 1)).toEqual(page(2));
      expect(contentsOf(engine, 2)).toEqual(page(1));
      expect(engine.stats().distinctPages).toBe(2);
    }
  });

  it("lets the last page win where a pfn is twice in a batch", () => {
    const engine = engineFor();
    batch(engine, [entry(NOTAB, 1), entry(NOTAB, 1)], [page(1), page(2)]);
    expect(contentsOf(engine, 1)).toEqual(page(2));
    expect(engine.stats()).toMatchObject({ populatedPages: 1, distinctPages: 1 });
  });

  it("takes the pages of a batch in steps", () => {
    const engine = engineFor();
    commit(
      engine,
      [1, 2, 3].map((pfn) => entry(NOTAB, pfn)),
    );
    fillWindow(engine, [page(1), page(2)]);
    engine.placePages(0, 2);
    fillWindow(engine, [page(3)]);
    engine.placePages(2, 1);
    engine.indexPages(3, 0);
    expect([1, 2, 3].map((pfn) => contentsOf(engine, pfn)[0])).toEqual([1, 2, 3]);
    expect(engine.stats().pagesPlaced).toBe(3);
  });

  it("holds as many frames as allowed and not one more", () => {
    const engine = engineFor({ ...HVM_RESIDENT, maxFrameBytes: 2 * PAGE_BYTES });
    const pfns = [1, 2, 3, 4, 5].map((pfn) => entry(NOTAB, pfn));
    batch(engine, pfns, [page(1), page(2), page(1), page(0), page(2)]);
    expect(engine.stats().residentBytes).toBe(2 * PAGE_BYTES);
    commit(engine, [entry(NOTAB, 3)]);
    fillWindow(engine, [page(3)]);
    expect(limitHit(() => engine.placePages(0, 1))).toBe("max-memory --max-memory");
    expect(contentsOf(engine, 3)).toEqual(page(1));
  });

  it("overwrites a pfn's own frame also when no other frame may be had", () => {
    const engine = engineFor({ ...HVM_RESIDENT, maxFrameBytes: PAGE_BYTES });
    batch(engine, [entry(NOTAB, 1)], [page(1)]);
    batch(engine, [entry(NOTAB, 1)], [page(2)]);
    expect(contentsOf(engine, 1)).toEqual(page(2));
    batch(engine, [entry(NOTAB, 1), entry(NOTAB, 2)], [page(0), page(2)]);
    expect(contentsOf(engine, 2)).toEqual(page(2));
  });

  describe("of more frames than its first tables have room for", () => {
    const count = 6 * WINDOW_PAGES;

    /** Pages that differ in one word alone. */
    function numbered(number: number): Uint8Array {
      const contents = page(0);
      new DataView(contents.buffer).setUint32(20, number + 1, true);
      return contents;
    }

    /** Give each pfn the page that `contents` makes of it. */
    function placeAll(engine: PageEngine, contents: (pfn: number) => Uint8Array): void {
      for (let first = 0; first < count; first += WINDOW_PAGES) {
        const pfns = Array.from({ length: WINDOW_PAGES }, (_, i) => first + i);
        const entries = pfns.map((pfn) => entry(NOTAB, pfn));
        batch(engine, entries, pfns.map(contents));
      }
    }

    function expectAll(engine: PageEngine, contents: (pfn: number) => Uint8Array): void {
      const into = new Uint8Array(count * PAGE_BYTES);
      engine.copyPages(0, count, into);
      for (let pfn = 0; pfn < count; pfn++) {
        const got = into.subarray(pfn * PAGE_BYTES, (pfn + 1) * PAGE_BYTES);
        expect(Buffer.compare(got, contents(pfn)), `pfn ${pfn}`).toBe(0);
      }
    }

    it("shares and frees them exactly through rewriting, clearing and filling again", () => {
      const engine = engineFor({ ...HVM_RESIDENT, maxFrameBytes: (count + 1) * PAGE_BYTES });
      placeAll(engine, numbered);
      expect(engine.stats().distinctPages).toBe(count);
      placeAll(engine, (pfn) => numbered(pfn + 1));
      expect(engine.stats().distinctPages).toBe(count);
      expectAll(engine, (pfn) => numbered(pfn + 1));
      placeAll(engine, (pfn) => numbered(pfn % 100));
      expect(engine.stats().distinctPages).toBe(100);
      placeAll(engine, () => page(0));
      expect(engine.stats()).toMatchObject({ distinctPages: 0, zeroPages: count });
      placeAll(engine, (pfn) => numbered(count - pfn));
      expect(engine.stats().distinctPages).toBe(count);
      expectAll(engine, (pfn) => numbered(count - pfn));
    });

    it("finds them again after a reset of a larger guest", () => {
      const engine = engineFor();
      placeAll(engine, numbered);
      engine.reset(HVM_RESIDENT);
      placeAll(engine, (pfn) => numbered(pfn >> 1));
      expect(engine.stats().distinctPages).toBe(count / 2);
      expectAll(engine, (pfn) => numbered(pfn >> 1));
    });
  });
});

describe("comparing pages", () => {
  it("names the data pages that differ from what is there", () => {
    const engine = engineFor();
    const entries = [1, 2, 3, 4].map((pfn) => entry(NOTAB, pfn));
    batch(engine, entries, [page(1), page(0), page(3), page(0)]);
    commit(engine, [...entries, entry(NOTAB, 9), entry(NOTAB, 10)]);
    const before = engine.stats();
    fillWindow(engine, [page(1), page(0), page(4), page(5), page(0), page(1)]);
    expect(engine.comparePages(0, 6)).toEqual([2, 3, 5]);
    expect(engine.comparePages(0, 2)).toEqual([]);
    expect(engine.stats()).toEqual(before);
    expect(contentsOf(engine, 3)).toEqual(page(3));
  });

  it("names data pages by their ordinal in the batch, not in the window", () => {
    const engine = engineFor();
    commit(
      engine,
      [1, 2, 3].map((pfn) => entry(NOTAB, pfn)),
    );
    fillWindow(engine, [page(1)]);
    expect(engine.comparePages(2, 1)).toEqual([2]);
  });
});

describe("scanning page tables", () => {
  const LIMIT = 1000;

  /** A table with these slots, each a raw entry. */
  function table(slots: Record<number, bigint>): Uint8Array {
    const contents = page(0);
    const view = new DataView(contents.buffer);
    for (const [slot, raw] of Object.entries(slots)) view.setBigUint64(+slot * 8, raw, true);
    return contents;
  }

  function scan(types: number[], pages: Uint8Array[], maxPfn = LIMIT - 1) {
    const engine = engineFor(PV_RESIDENT);
    const entries = types.map((type, i) => entry(type, i));
    commit(engine, entries, LIMIT);
    fillWindow(engine, pages);
    return { engine, scan: engine.scanTables(0, pages.length, maxPfn) };
  }

  it("populates the pfns that present entries name, without a type", () => {
    const slots = { 0: (500n << 12n) | 1n, 1: 501n << 12n, 511: (502n << 12n) | 0x67n };
    const { engine, scan: found } = scan([L1TAB], [table(slots)]);
    expect(found).toMatchObject({ faults: [], faultCount: 0, populated: 2 });
    expect([500, 501, 502].map((pfn) => engine.isPopulated(pfn))).toEqual([true, false, true]);
    expect(engine.pageType(500)).toBe(0);
    expect(contentsOf(engine, 500)).toEqual(page(0));
    expect(engine.scanTables(0, 1, LIMIT - 1).populated).toBe(0);
  });

  it("leaves a pfn that has a page as it is", () => {
    const { engine, scan: found } = scan([L1TAB, NOTAB], [table({ 3: (1n << 12n) | 1n }), page(4)]);
    expect(found.populated).toBe(0);
    engine.placePages(0, 2);
    expect(contentsOf(engine, 1)).toEqual(page(4));
  });

  it("rejects a present entry beyond max_pfn, and takes bits 51..12 alone for the pfn", () => {
    const high = 0xf_ffff_ffff_f001n | (0xfffn << 52n);
    const slots = { 7: (BigInt(LIMIT) << 12n) | 1n, 8: (BigInt(LIMIT - 1) << 12n) | 1n, 9: high };
    const { scan: found } = scan([NOTAB, 0x9], [page(0xff), table(slots)]);
    expect(found.faults).toEqual([
      { dataPage: 1, slot: 7, pfn: LIMIT },
      { dataPage: 1, slot: 9, pfn: 0xff_ffff_ffff },
    ]);
    expect(found.populated).toBe(1);
  });

  it("scans tables of every level, pinned or not, and no other page", () => {
    const types = [0, 1, 2, 3, 4, 9, 10, 11, 12];
    const pages = types.map((_, i) => table({ 0: (BigInt(100 + i) << 12n) | 1n }));
    const { engine, scan: found } = scan(types, pages);
    expect(found.populated).toBe(8);
    expect(engine.isPopulated(100)).toBe(false);
  });

  it("lists 1024 faults and counts all", () => {
    const full = page(0xff);
    const { scan: found } = scan([1, 1, 1], [full, full, full]);
    expect(found.faults.length).toBe(1024);
    expect(found.faults[1023]).toEqual({ dataPage: 1, slot: 511, pfn: 0xff_ffff_ffff });
    expect(found.faultCount).toBe(1536);
  });

  it("names data pages by their ordinal in the batch, not in the window", () => {
    const engine = engineFor(PV_RESIDENT);
    commit(engine, [entry(1, 0), entry(NOTAB, 1), entry(1, 2)], LIMIT);
    fillWindow(engine, [page(0), table({ 5: (5000n << 12n) | 1n })]);
    expect(engine.scanTables(1, 2, LIMIT - 1).faults).toEqual([
      { dataPage: 2, slot: 5, pfn: 5000 },
    ]);
  });

  it("scans in an indexed guest too", () => {
    const engine = engineFor({ ...PV_RESIDENT, model: "indexed" });
    commit(engine, [entry(1, 0)], LIMIT);
    fillWindow(engine, [table({ 5: (50n << 12n) | 1n })]);
    expect(engine.scanTables(0, 1, LIMIT - 1).populated).toBe(1);
    expect(engine.isPopulated(50)).toBe(true);
  });
});

describe("pfns", () => {
  it("populates a pfn once", () => {
    const engine = engineFor();
    expect(engine.populate(77)).toBe(true);
    expect(engine.populate(77)).toBe(false);
    commit(engine, [entry(NOTAB, 78)]);
    expect(engine.populate(78)).toBe(false);
    expect(engine.stats()).toMatchObject({ populatedPages: 2, zeroPages: 2, maxPfn: 78 });
  });

  it("makes no bank beyond the limit for a pfn", () => {
    const engine = engineFor({ ...HVM_RESIDENT, maxBanks: 1 });
    engine.populate(5);
    expect(limitHit(() => engine.populate(BANK_PFNS))).toBe("max-banks --max-memory");
    expect(engine.stats().banks).toBe(1);
  });

  it("knows nothing of pfns that were never named", () => {
    const engine = engineFor();
    for (const pfn of [0, BANK_PFNS, 2 ** 52 - 1]) {
      expect(engine.isPopulated(pfn)).toBe(false);
      expect(engine.pageType(pfn)).toBe(0);
      expect(engine.lastOrdinal(pfn)).toBe(-1);
      expect(contentsOf(engine, pfn)).toEqual(page(0));
    }
    expect(engine.stats()).toMatchObject({ maxPfn: -1, banks: 0 });
    expect([...engine.populatedRuns()]).toEqual([]);
  });

  it("holds pfns up to the widest an entry can name", () => {
    const engine = engineFor();
    const last = 2 ** 52 - 1;
    batch(engine, [entry(NOTAB, last - 1), entry(L1TAB, last)], [page(1), page(2)], 0, 2 ** 52);
    expect([...engine.populatedRuns()]).toEqual([{ first: last - 1, count: 2 }]);
    expect(engine.pageType(last)).toBe(L1TAB);
    expect(contentsOf(engine, last)).toEqual(page(2));
    expect(engine.stats().maxPfn).toBe(last);
  });

  it("gives populated pfns as maximal runs, ascending, across banks", () => {
    const engine = engineFor();
    const far = 5 * BANK_PFNS;
    const pfns = [
      far,
      far - 1,
      2 * BANK_PFNS - 1,
      BANK_PFNS,
      BANK_PFNS - 1,
      3,
      2,
      0,
      BANK_PFNS + 2,
    ];
    for (const pfn of pfns) engine.populate(pfn);
    expect([...engine.populatedRuns()]).toEqual([
      { first: 0, count: 1 },
      { first: 2, count: 2 },
      { first: BANK_PFNS - 1, count: 2 },
      { first: BANK_PFNS + 2, count: 1 },
      { first: 2 * BANK_PFNS - 1, count: 1 },
      { first: far - 1, count: 2 },
    ]);
  });

  it("copies frames, zero pages and holes alike, across banks", () => {
    const engine = engineFor();
    const first = BANK_PFNS - 3;
    const pfns = [first, first + 1, first + 3, first + 4, first + 5];
    const entries = pfns.map((pfn) => entry(NOTAB, pfn));
    batch(engine, entries, [page(1), page(2), page(3), page(3), page(0)]);
    const into = new Uint8Array(7 * PAGE_BYTES).fill(0xee);
    engine.copyPages(first, 7, into);
    const firstBytes = Array.from({ length: 7 }, (_, i) => into[i * PAGE_BYTES]);
    expect(firstBytes).toEqual([1, 2, 0, 3, 3, 0, 0]);
    expect(into.subarray(2 * PAGE_BYTES, 3 * PAGE_BYTES)).toEqual(page(0));
    expect(into.subarray(6 * PAGE_BYTES)).toEqual(page(0));
  });
});

describe("the page window", () => {
  it("tells zero pages by bits", () => {
    const engine = engineFor();
    const late = page(0);
    late[4095] = 1;
    const pages = [page(0), page(1), late, page(0), page(0), page(0), page(0), page(0), page(0)];
    fillWindow(engine, pages);
    expect([...engine.zeroPagesInWindow(9)]).toEqual([0b1111_1001, 0b1]);
    expect([...engine.zeroPagesInWindow(1)]).toEqual([1]);
  });
});

describe("reset and order of calls", () => {
  it("forgets the image before, in every table", () => {
    const engine = engineFor();
    batch(engine, [entry(L1TAB, 5), entry(NOTAB, 6 + BANK_PFNS)], [page(1), page(2)], 7);
    engine.reset(HVM_RESIDENT);
    expect(engine.stats()).toEqual({
      populatedPages: 0,
      maxPfn: -1,
      zeroPages: 0,
      distinctPages: 0,
      residentBytes: 0,
      pagesPlaced: 0,
      bytesPlaced: 0,
      banks: 0,
    });
    engine.populate(4);
    engine.populate(5);
    engine.populate(BANK_PFNS + 6);
    expect(engine.pageType(5)).toBe(0);
    expect(engine.lastOrdinal(5)).toBe(-1);
    expect(contentsOf(engine, 5)).toEqual(page(0));
    expect(contentsOf(engine, BANK_PFNS + 6)).toEqual(page(0));
    batch(engine, [entry(NOTAB, 8)], [page(1)]);
    expect(engine.stats()).toMatchObject({ distinctPages: 1, zeroPages: 3 });
  });

  it("serves a guest of another kind and model after a reset", () => {
    const engine = engineFor(HVM_INDEXED);
    commit(engine, [entry(XTAB, 1), entry(NOTAB, 2)]);
    engine.indexPages(1, 0);
    expect(engine.stats()).toMatchObject({ zeroPages: 0, distinctPages: 0, populatedPages: 1 });
    engine.reset(PV_RESIDENT);
    batch(engine, [entry(XTAB, 1), entry(NOTAB, 2)], [page(3)], 0, 10);
    expect(engine.pageType(1)).toBe(XTAB);
    expect(contentsOf(engine, 2)).toEqual(page(3));
  });

  it("takes breaches of the order of calls for bugs", () => {
    const fresh = createReferenceEngine();
    expect(() => fresh.beginBatch(1)).toThrow(InternalError);
    const engine = engineFor();
    expect(() => engine.checkEntries(1)).toThrow(InternalError);
    engine.beginBatch(HVM_LIMIT);
    expect(() => engine.checkEntries(0)).toThrow(InternalError);
    expect(() => engine.checkEntries(WINDOW_ENTRIES + 1)).toThrow(InternalError);
    check(engine, [entry(NOTAB, 1)]);
    expect(() => engine.placePages(0, 1)).toThrow(InternalError);
    engine.commitEntries();
    expect(() => engine.commitEntries()).toThrow(InternalError);
    expect(() => engine.dropEntries()).toThrow(InternalError);
    expect(() => engine.placePages(0, 2)).toThrow(InternalError);
    engine.indexPages(1, 0);
    expect(() => engine.placePages(0, 1)).toThrow(InternalError);
  });

  it.each([5, 6, 7, 8])("commits no batch with an entry of type %d", (type) => {
    const engine = engineFor();
    engine.beginBatch(HVM_LIMIT);
    check(engine, [entry(NOTAB, 1), entry(type, 2), entry(NOTAB, 3)]);
    expect(() => engine.commitEntries()).toThrow(InternalError);
    expect(engine.stats().populatedPages).toBe(0);
  });

  it("holds no page contents of an indexed guest", () => {
    const engine = engineFor(HVM_INDEXED);
    commit(engine, [entry(NOTAB, 1)]);
    expect(() => engine.placePages(0, 1)).toThrow(InternalError);
    expect(() => engine.comparePages(0, 1)).toThrow(InternalError);
    expect(() => engine.copyPages(1, 1, page(0))).toThrow(InternalError);
    expect(() => engine.digestPages(1, 1, new BigUint64Array(1))).toThrow(InternalError);
  });
});
