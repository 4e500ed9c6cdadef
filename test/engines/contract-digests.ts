/** Contract of a page engine: XXH3-64 of pages and of any bytes, against another implementation. */
import { createXXHash3, type IHasher } from "hash-wasm";
import { beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import type { PageEngine } from "../../src/engine/port.js";
import { PAGE_BYTES } from "../../src/format/index.js";
import {
  BANK,
  checkAll,
  fillPages,
  HVM_INDEXED,
  HVM_RESIDENT,
  MIB,
  pageOf,
  placeAll,
  plain,
} from "./builders.js";

/** Digests: of the forms of every length, of streams in any pieces, of pages. */
export function describeDigests(make: () => PageEngine): void {
  describe("digests", () => {
    let engine: PageEngine;
    let other: IHasher;
    beforeAll(async () => {
      other = await createXXHash3();
    });
    beforeEach(() => {
      engine = make();
      engine.reset(HVM_RESIDENT);
    });

    const expected = (bytes: Uint8Array) => BigInt(`0x${other.init().update(bytes).digest("hex")}`);
    const bytesOf = (count: number) => {
      const bytes = new Uint8Array(Math.ceil(count / PAGE_BYTES) * PAGE_BYTES);
      for (let at = 0; at < count; at += PAGE_BYTES) bytes.set(pageOf(at + 1), at);
      return bytes.subarray(0, count);
    };

    test.each([
      ["", 0x2d06800538d394c2n],
      ["a", 0xe6c632b61e964e1fn],
      ["abc", 0x78af5f94892f3950n],
    ])("digests %j as published", (text, digest) => {
      const xxh3 = engine.createXxh3();
      xxh3.update(new TextEncoder().encode(text));
      expect(xxh3.digest()).toBe(digest);
    });

    it("digests every length from nothing to three blocks", () => {
      const xxh3 = engine.createXxh3();
      for (let length = 0; length <= 3 * 1024 + 65; length++) {
        const bytes = bytesOf(length);
        xxh3.reset();
        xxh3.update(bytes);
        if (xxh3.digest() !== expected(bytes)) expect.fail(`a length of ${length} goes wrong`);
      }
    });

    it("digests lengths around powers of two up to several megabytes", () => {
      const xxh3 = engine.createXxh3();
      for (let power = 4096; power <= 4 * MIB; power *= 2) {
        for (const length of [power - 64, power - 1, power, power + 1, power + 63, power + 64]) {
          const bytes = bytesOf(length);
          xxh3.reset();
          xxh3.update(bytes);
          expect(xxh3.digest()).toBe(expected(bytes));
        }
      }
    });

    it("digests the same in whatever pieces bytes come, at any moment", () => {
      const bytes = bytesOf(700_000);
      const xxh3 = engine.createXxh3();
      let at = 0;
      for (let piece = 1; at < bytes.length; piece = (piece * 7) % 100_003) {
        const end = Math.min(bytes.length, at + piece);
        xxh3.update(bytes.subarray(at, end));
        at = end;
        expect(xxh3.digest()).toBe(expected(bytes.subarray(0, at)));
      }
      expect(xxh3.digest()).toBe(expected(bytes));
    });

    it("keeps streams apart from one another and from what the engine does", () => {
      const bytes = bytesOf(10_000);
      const [one, two] = [engine.createXxh3(), engine.createXxh3()];
      one.update(bytes.subarray(0, 3000));
      two.update(bytes.subarray(5000));
      placeAll(engine, plain(0, 2), [1, 2].map(pageOf));
      engine.reset(HVM_INDEXED);
      one.update(bytes.subarray(3000));
      expect(one.digest()).toBe(expected(bytes));
      expect(two.digest()).toBe(expected(bytes.subarray(5000)));
    });

    it("digests the pages of a guest, zero pages and holes alike, across banks", () => {
      const seeds = [1, 0, 2, 1];
      placeAll(engine, plain(BANK - 2, 4), seeds.map(pageOf));
      const into = new BigUint64Array(7);
      engine.digestPages(BANK - 3, 6, into);
      expect(Array.from(into)).toEqual([
        ...[0, 1, 0, 2, 1, 0].map((seed) => expected(pageOf(seed))),
        0n,
      ]);
      engine.digestPages(9 * BANK - 1, 2, into);
      expect(Array.from(into.subarray(0, 2))).toEqual([0, 0].map(() => expected(pageOf(0))));
    });

    it("follows a page that changes", () => {
      const into = new BigUint64Array(1);
      for (const seed of [1, 2, 0, 2, 3]) {
        placeAll(engine, plain(0, 2), [seed, 2].map(pageOf));
        engine.digestPages(0, 1, into);
        expect(into[0]).toBe(expected(pageOf(seed)));
      }
    });

    it("digests the pages of the window in either model", () => {
      for (const options of [HVM_RESIDENT, HVM_INDEXED]) {
        engine.reset(options);
        checkAll(engine, plain(0, 1024));
        engine.commitEntries();
        const pages = Array.from({ length: 1024 }, (_, i) => pageOf(i));
        fillPages(engine, pages);
        const into = new BigUint64Array(1025);
        engine.digestWindow(1024, into);
        expect(Array.from(into)).toEqual([...pages.map(expected), 0n]);
      }
    });
  });
}
