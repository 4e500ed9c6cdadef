/** XXH3-64 of the reference engine, held against vectors and against an independent build. */
import { createXXHash3, type IHasher } from "hash-wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { createReferenceEngine } from "../../src/engine/reference/index.js";
import { PAGE_BYTES } from "../../src/format/index.js";
import { batch, entry, HVM_RESIDENT, page } from "./reference-drive.js";

/** Bytes without pattern, the same on each run. */
function noise(bytes: number, seed: number): Uint8Array {
  const out = new Uint8Array(bytes);
  let state = seed;
  for (let i = 0; i < bytes; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    out[i] = state >>> 24;
  }
  return out;
}

let hasher: IHasher;
beforeAll(async () => {
  hasher = await createXXHash3();
});

function expected(bytes: Uint8Array): bigint {
  hasher.init();
  hasher.update(bytes);
  return BigInt(`0x${hasher.digest()}`);
}

const engine = createReferenceEngine();

function digestOf(...parts: Uint8Array[]): bigint {
  const hash = engine.createXxh3();
  for (const part of parts) hash.update(part);
  return hash.digest();
}

describe("XXH3-64", () => {
  it("gives the known digest of no bytes", () => {
    expect(digestOf()).toBe(0x2d06800538d394c2n);
  });

  it("gives the digest of every length up to two blocks and a half", () => {
    const bytes = noise(2560, 1);
    for (let length = 0; length <= bytes.length; length++) {
      const part = bytes.subarray(0, length);
      expect(digestOf(part), `${length} bytes`).toBe(expected(part));
    }
  });

  it.each([0x00, 0xff])(
    "gives the digest where every byte is %d, at the borders of length classes",
    (byte) => {
      for (const length of [
        1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 1024, 1025, 65_536, 100_001,
      ]) {
        const bytes = new Uint8Array(length).fill(byte);
        expect(digestOf(bytes), `${length} bytes`).toBe(expected(bytes));
      }
    },
  );

  it("gives the digest where the last 64 bytes reach back over what was hashed before", () => {
    const bytes = noise(2 * 16_384 + 70, 12);
    for (const border of [16_384, 2 * 16_384]) {
      for (let length = border - 1; length <= border + 65; length++) {
        const part = bytes.subarray(0, length);
        expect(digestOf(part), `${length} bytes`).toBe(expected(part));
      }
    }
  });

  it("gives the same digest however the bytes are cut", () => {
    const bytes = noise(70_000, 2);
    const whole = expected(bytes);
    for (const step of [1, 7, 63, 64, 240, 1023, 1024, 4096, 16_383, 16_384, 16_385, 40_000]) {
      const hash = engine.createXxh3();
      for (let at = 0; at < bytes.length; at += step) hash.update(bytes.subarray(at, at + step));
      expect(hash.digest(), `steps of ${step}`).toBe(whole);
    }
  });

  it("digests at any point without ending the stream", () => {
    const bytes = noise(20_000, 3);
    const hash = engine.createXxh3();
    for (let at = 0; at < bytes.length; at += 613) {
      hash.update(bytes.subarray(at, at + 613));
      const soFar = expected(bytes.subarray(0, at + 613));
      expect(hash.digest()).toBe(soFar);
      expect(hash.digest()).toBe(soFar);
    }
  });

  it("begins anew with reset()", () => {
    const hash = engine.createXxh3();
    hash.update(noise(40_000, 4));
    hash.reset();
    hash.update(noise(300, 5));
    expect(hash.digest()).toBe(expected(noise(300, 5)));
  });

  it("keeps two streams apart", () => {
    const [first, second] = [engine.createXxh3(), engine.createXxh3()];
    first.update(noise(5000, 6));
    second.update(noise(5000, 7));
    expect(first.digest()).toBe(expected(noise(5000, 6)));
    expect(second.digest()).toBe(expected(noise(5000, 7)));
  });
});

describe("page digests", () => {
  it("digests the pages of the window", () => {
    const pages = [noise(PAGE_BYTES, 8), page(0), page(0xff), noise(PAGE_BYTES, 9)];
    for (const [i, contents] of pages.entries()) engine.pageWindow().set(contents, i * PAGE_BYTES);
    const digests = new BigUint64Array(5);
    engine.digestWindow(4, digests);
    expect([...digests]).toEqual([...pages.map(expected), 0n]);
  });

  it("digests pages of the guest, zero pages and holes as zeros", () => {
    engine.reset(HVM_RESIDENT);
    const pages = [noise(PAGE_BYTES, 10), page(0), noise(PAGE_BYTES, 11)];
    batch(
      engine,
      [5, 6, 8].map((pfn) => entry(0, pfn)),
      pages,
    );
    const digests = new BigUint64Array(6).subarray(1);
    engine.digestPages(4, 5, digests);
    const wanted = [page(0), pages[0]!, page(0), page(0), pages[2]!].map(expected);
    expect([...digests]).toEqual(wanted);
  });
});
