/** The WASM engine keeps the contract of a page engine, and what it promises beyond it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compileEngine, createWasmEngine } from "../../src/engine/wasm/index.js";
import { DATA_PAGES_MAX } from "../../src/engine/wasm/layout.js";
import { makeInstance } from "../../src/engine/wasm/module.js";
import { xxh3Secret } from "../../src/engine/wasm/xxh3-secret.js";
import { InternalError } from "../../src/findings/index.js";
import { HVM_PFN_LIMIT, PAGE_BYTES } from "../../src/format/index.js";
import {
  BANK,
  checkAll,
  commitAll,
  fillPages,
  HVM_INDEXED,
  HVM_RESIDENT,
  pageAt,
  pageOf,
  placeAll,
  plain,
} from "./builders.js";
import { describePageEngine } from "./contract.js";

const module = compileEngine(readFileSync("dist/engine.wasm"));
const shared = createWasmEngine(module);

describePageEngine("wasm", () => createWasmEngine(module));

const internal = (code: string) => expect.objectContaining({ name: "InternalError", code });

describe("wasm engine", () => {
  it("is named, and makes engines that share nothing", () => {
    const [one, two] = [createWasmEngine(module), createWasmEngine(module)];
    expect(one.name).toBe("wasm");
    one.reset(HVM_RESIDENT);
    two.reset(HVM_RESIDENT);
    placeAll(one, [{ pfn: 1 }], [pageOf(1)]);
    expect(two.isPopulated(1)).toBe(false);
    expect(one.pageWindow().buffer).not.toBe(two.pageWindow().buffer);
  });

  it("commits so many data pages as a record can hold, and not one more", () => {
    const engine = createWasmEngine(module);
    engine.reset(HVM_INDEXED);
    checkAll(engine, plain(0, DATA_PAGES_MAX));
    engine.commitEntries();
    engine.reset(HVM_INDEXED);
    checkAll(engine, plain(0, DATA_PAGES_MAX + 1));
    expect(() => engine.commitEntries()).toThrow(internal("engine-order"));
  });

  it("refuses bytes that are no module", () => {
    expect(() => compileEngine(new Uint8Array(8))).toThrow(internal("wasm-module"));
  });

  it("turns a trap into an InternalError that keeps its cause", () => {
    const { calls } = makeInstance(module, "indexed");
    expect(() => calls.checkEntries(0)).toThrow(internal("wasm-trap"));
    expect(() => calls.placePages(0, 1, 1)).toThrow(InternalError);
  });

  it("names calls out of order as a fault of the caller, and goes on", () => {
    const engine = createWasmEngine(module);
    const outOfOrder = internal("engine-order");
    expect(() => engine.beginBatch(1)).toThrow(outOfOrder);
    engine.reset(HVM_INDEXED);
    expect(() => engine.checkEntries(1)).toThrow(outOfOrder);
    expect(() => engine.dataPagePfn(0)).toThrow(outOfOrder);
    expect(() => engine.populate(2 ** 52)).toThrow(outOfOrder);
    checkAll(engine, plain(0, 2));
    engine.commitEntries();
    expect(() => engine.placePages(0, 1)).toThrow(outOfOrder);
    expect(() => engine.scanTables(1, 2, 0)).toThrow(outOfOrder);
    expect(() => engine.indexPages(3, 0)).toThrow(outOfOrder);
    engine.indexPages(2, 0);
    expect(engine.lastOrdinal(1)).toBe(1);
  });

  it("never commits a batch with a fault of type or pfn, but drops it", () => {
    const engine = createWasmEngine(module);
    engine.reset(HVM_INDEXED);
    for (const bad of [{ pfn: 1, type: 7 }, { pfn: HVM_PFN_LIMIT }]) {
      checkAll(engine, [{ pfn: 0 }, bad, { pfn: 2 }], HVM_PFN_LIMIT, 1);
      expect(() => engine.commitEntries()).toThrow(internal("engine-order"));
      expect(engine.stats()).toMatchObject({ populatedPages: 0, banks: 0 });
    }
  });

  it("uses the memory of one image again for the next", () => {
    const engine = createWasmEngine(module);
    engine.reset(HVM_RESIDENT);
    placeAll(engine, plain(BANK, 2), [1, 2].map(pageOf));
    const { buffer } = engine.pageWindow();
    engine.reset(HVM_RESIDENT);
    expect(engine.pageWindow().buffer).toBe(buffer);
    engine.reset({ ...HVM_RESIDENT, maxFrameBytes: PAGE_BYTES });
    expect(engine.pageWindow().buffer).not.toBe(buffer);
  });

  it("keeps a pfn that was populated while a batch was open that is dropped", () => {
    const engine = createWasmEngine(module);
    engine.reset(HVM_INDEXED);
    checkAll(engine, plain(0, 2), HVM_PFN_LIMIT, 1);
    engine.populate(7);
    engine.dropEntries();
    expect(engine.stats()).toMatchObject({ populatedPages: 1, maxPfn: 7, banks: 1 });
    commitAll(engine, plain(0, 1));
    expect(engine.stats()).toMatchObject({ populatedPages: 2, banks: 1 });
  });
});

describe("digest table", () => {
  it("shares exactly while it grows, is cleared of dead slots, and shrinks", () => {
    shared.reset(HVM_RESIDENT);
    const seedsOf = (round: number) => Array.from({ length: 3000 }, (_, i) => 1 + i + round * 1700);
    for (let round = 0; round < 3; round++) {
      placeAll(shared, plain(0, 3000), seedsOf(round).map(pageOf));
      placeAll(shared, plain(3000, 3000), seedsOf(round).map(pageOf));
      expect(shared.stats().distinctPages).toBe(3000);
    }
    placeAll(
      shared,
      plain(0, 6000),
      Array.from({ length: 6000 }, (_, i) => pageOf(i % 5)),
    );
    expect(shared.stats()).toMatchObject({ distinctPages: 4, zeroPages: 1200 });
    placeAll(
      shared,
      plain(0, 700),
      Array.from({ length: 700 }, (_, i) => pageOf(9000 + i)),
    );
    expect(shared.stats().distinctPages).toBe(704);
    expect(pageAt(shared, 699)).toEqual(pageOf(9699));
    expect(pageAt(shared, 5999)).toEqual(pageOf(4));
  });

  /**
   * Pages that all have the same digest. A lane whose lower half equals the secret's adds a product
   * of zero; it still adds itself to its neighbour, but two lanes can do that with a constant sum.
   */
  function forgedPage(n: number): Uint8Array {
    const page = pageOf(1);
    const words = new Uint32Array(page.buffer);
    const secret = new Uint32Array(xxh3Secret().buffer);
    const laneOf = (stripe: number) => stripe * 16;
    for (const [stripe, upper] of [
      [60, n],
      [61, 0x8000_0000 - n],
    ] as const) {
      words[laneOf(stripe)] = secret[(stripe % 16) * 2]!;
      words[laneOf(stripe) + 1] = upper;
    }
    return page;
  }

  it("holds pages with forged digests rightly, at a bounded cost", () => {
    shared.reset(HVM_RESIDENT);
    const forged = Array.from({ length: 4000 }, (_, n) => forgedPage(n));
    placeAll(shared, plain(0, 4000), forged);
    const digests = new BigUint64Array(4000);
    shared.digestPages(0, 4000, digests);
    expect(new Set(digests).size).toBe(1);
    expect(shared.stats()).toMatchObject({ distinctPages: 4000, zeroPages: 0 });
    checkAll(shared, plain(0, 1000));
    shared.commitEntries();
    fillPages(shared, forged.slice(0, 1000));
    expect(shared.comparePages(0, 1000)).toEqual([]);
    placeAll(
      shared,
      plain(0, 4000),
      Array.from({ length: 4000 }, () => forgedPage(3)),
    );
    expect(shared.stats().distinctPages).toBeLessThan(4000);
    placeAll(
      shared,
      plain(0, 4000),
      Array.from({ length: 4000 }, () => pageOf(0)),
    );
    expect(shared.stats()).toMatchObject({ distinctPages: 0, zeroPages: 4000 });
    placeAll(shared, plain(0, 2), [5, 5].map(pageOf));
    expect(shared.stats().distinctPages).toBe(1);
  });
});
