import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/findings/index.js";
import { readLegacy } from "../../../src/stream/legacy/reader.js";
import { concat, patternPage, u32le, u64le } from "../../builders/bytes.js";
import * as build from "../../builders/legacy.js";
import { type DriveOptions, drive, faultsOf, rulesOf } from "../drive.js";

const NOTHING = 0xf000_0000;
const TAIL_CHUNKS = [build.LAST_CHECKPOINT, build.END];

function read(width: 32 | 64, batches: readonly Uint8Array[], options: DriveOptions = {}) {
  const bytes = build.hvm({ width, chunks: [...batches, ...TAIL_CHUNKS] });
  const shape = { width, guest: "hvm" } as const;
  const driven = drive(
    readLegacy(0, { shape, wrapper: null, limits: DEFAULT_LIMITS }),
    bytes,
    options,
  );
  return { ...driven, bytes };
}

/** Entries as libxc has them, from those of a legacy stream. */
function widened(...entries: readonly number[]): Uint8Array {
  return concat(
    ...entries.map((entry) => concat(u32le(entry & 0x0fff_ffff), u32le(entry & 0xf000_0000))),
  );
}

describe("a page batch", () => {
  for (const width of [32, 64] as const) {
    it(`widens entries and drops those that mean nothing (${width}-bit)`, () => {
      const entries = [NOTHING, 0x0fff_fff0, NOTHING, 0xc000_0005, 0xe000_0006, 0xd000_0007, 0];
      const driven = read(width, [build.batch(width, entries)]);
      expect(rulesOf(driven)).toEqual([]);
      expect(driven.result).toBe(driven.bytes.length);
      const [seen] = driven.batches;
      const kept = entries.filter((entry) => entry !== NOTHING);
      expect(seen?.entryCount).toBe(kept.length);
      expect(concat(...(seen?.entries ?? []))).toEqual(widened(...kept));
      expect(seen?.event.head.bodyBytes).toBe(8 + kept.length * 8 + 3 * 4096);
      expect([...(seen?.pages.values() ?? [])]).toEqual([0x0fff_fff0, 5, 0].map(patternPage));
      const entriesAt = width / 8 + 4;
      const ordinals = [1, 3, 4, 5, 6];
      expect(kept.map((_, index) => seen?.event.layout?.entryByteOffset(index))).toEqual(
        ordinals.map((ordinal) => entriesAt + (ordinal * width) / 8),
      );
    });
  }

  it("gives nothing where no entry is usable", () => {
    const driven = read(32, [build.batch(32, [NOTHING, NOTHING]), build.batch(32, [3])]);
    expect(rulesOf(driven)).toEqual(["LG-CNV-1"]);
    expect(driven.batches).toHaveLength(1);
    expect(driven.batches[0]?.event.head.recordIndex).toBe(1);
  });

  it("may have 1024 entries", () => {
    const entries = Array.from({ length: 1024 }, (_, pfn) => (0xe000_0000 | pfn) >>> 0);
    const driven = read(64, [build.batch(64, entries)], { entryWindowBytes: 4096 });
    expect(rulesOf(driven)).toEqual([]);
    expect(driven.batches[0]?.entries.map(({ length }) => length)).toEqual([4096, 4096]);
    expect(concat(...(driven.batches[0]?.entries ?? []))).toEqual(widened(...entries));
  });

  it("is not a repeat for two types of one pfn, nor in whatever order the pfns come", () => {
    const entries = [7, 0x1000_0007, 3, 0x1000_0003];
    expect(rulesOf(read(32, [build.batch(32, entries)]))).toEqual([]);
  });

  it("reads the pages that the plan wants and passes over the others", () => {
    const entries = Array.from({ length: 40 }, (_, pfn) => pfn);
    const ranges = () => [
      { first: 1, count: 2 },
      { first: 10, count: 20 },
    ];
    const driven = read(32, [build.batch(32, entries)], { ranges, mode: "pipe" });
    const [seen] = driven.batches;
    expect(seen?.wholePages).toBe(40);
    const wanted = entries.filter((pfn) => (pfn >= 1 && pfn < 3) || (pfn >= 10 && pfn < 30));
    expect([...(seen?.pages.keys() ?? [])]).toEqual(wanted);
    for (const pfn of wanted) expect(seen?.pages.get(pfn)).toEqual(patternPage(pfn));
  });

  it("is passed over where the sink refuses it", () => {
    const driven = read(32, [build.batch(32, [1, 2])], { refuse: true });
    expect(driven.batches[0]).toMatchObject({ planned: false, wholePages: 0 });
    expect(driven.result).toBe(driven.bytes.length);
  });

  it("is refused, and reading goes on, where an entry is of no type", () => {
    for (const type of [5, 6, 7, 8]) {
      const driven = read(32, [
        build.batch(32, [1, ((type << 28) | 2) >>> 0]),
        build.batch(32, [3]),
      ]);
      expect(rulesOf(driven)).toEqual(["LG-CH-3"]);
      expect(faultsOf(driven)[0]).toMatchObject({ byteOffset: 12, entryIndex: 1 });
      expect(driven.batches.map(({ planned }) => planned)).toEqual([false, true]);
      expect(driven.batches.map(({ wholePages }) => wholePages)).toEqual([0, 1]);
      expect(driven.result).toBe(driven.bytes.length);
    }
  });

  it("is refused where an entry comes twice", () => {
    const driven = read(64, [build.batch(64, [9, NOTHING, 4, 9])]);
    expect(rulesOf(driven)).toEqual(["LG-CH-4"]);
    expect(faultsOf(driven)[0]).toMatchObject({ byteOffset: 8 + 4 + 3 * 8, entryIndex: 3 });
    expect(driven.batches[0]).toMatchObject({ planned: false, wholePages: 0 });
  });

  it("that is cut ends its sink with the pages that are whole", () => {
    const whole = build.hvm({ chunks: [build.batch(32, [1, 2, 3])] });
    const pagesAt = 4 + 4 + 3 * 4;
    const shape = { width: 32, guest: "hvm" } as const;
    for (const [bytes, pages] of [
      [0, 0],
      [4095, 0],
      [4096, 1],
      [3 * 4096 - 1, 2],
    ] as const) {
      const reader = readLegacy(0, { shape, wrapper: null, limits: DEFAULT_LIMITS });
      const driven = drive(reader, whole.subarray(0, pagesAt + bytes));
      expect(rulesOf(driven)).toEqual(["LG-CH-10"]);
      expect(faultsOf(driven)[0]?.byteOffset).toBe(4);
      expect(driven.batches[0]?.wholePages).toBe(pages);
    }
  });

  it("keeps 64-bit entries whose upper half is not zero, as the converter does", () => {
    const entry = u64le(0x1234_5678_0000_0003n);
    const driven = read(64, [concat(u32le(1), entry, patternPage(3))]);
    expect(rulesOf(driven)).toEqual([]);
    expect(concat(...(driven.batches[0]?.entries ?? []))).toEqual(widened(3));
  });
});
