import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  createXenstream,
  type ImageInput,
  type MemoryState,
  type OpenGuest,
  openGuest,
  PAGE_BYTES,
  restore,
} from "../../src/index.js";
import { FIXTURE_VCPUS, fixture, GOOD } from "../fixtures/load.js";
import { BIG_PAGES, bigImage, CountingSource, chunksOf, INPUT_KINDS } from "./support.js";

const vcpus = FIXTURE_VCPUS;
const TINY_PATH = fileURLToPath(new URL("../fixtures/hvm-tiny.xcs", import.meta.url));

/** The digest that the fixtures' manifest defines, made of the pages that the guest gives. */
async function sha256Of(guest: OpenGuest, state: MemoryState): Promise<string> {
  const hash = createHash("sha256");
  const pfnBytes = Buffer.alloc(8);
  for await (const { pfn, bytes } of guest.pages({ state })) {
    pfnBytes.writeBigUInt64LE(BigInt(pfn));
    hash.update(pfnBytes).update(bytes);
  }
  return hash.digest("hex");
}

const withMemory = [...GOOD].filter(([, { restoredMemory }]) => restoredMemory !== undefined);

describe.each(withMemory)("the guest of %s", (name, facts) => {
  const options = { vcpus, checkpointed: facts.checkpointed !== undefined };

  it.each(["indexed", "resident"] as const)("has the manifest's pages, %s", async (memory) => {
    const guest = await openGuest(fixture(name), { ...options, memory });
    try {
      expect(guest.model).toBe(memory);
      expect(guest.populatedPages).toBe(facts.restoredMemory?.nrPages);
      expect(await sha256Of(guest, "stream")).toBe(facts.streamMemory?.sha256);
      expect(await sha256Of(guest, "restored")).toBe(facts.restoredMemory?.sha256);
      expect(await guest.digest("sha256")).toEqual({
        streamSha256: facts.streamMemory?.sha256,
        restoredSha256: facts.restoredMemory?.sha256,
      });
      if (facts.oracle !== undefined) {
        const params = [...guest.hvmParams].map(([index, value]) => [index, Number(value)]);
        expect(Object.fromEntries(params)).toEqual(facts.oracle.hvmParams);
      }
    } finally {
      await guest.close();
    }
  });
});

describe.each(INPUT_KINDS)("a guest of $kind", ({ make }) => {
  it("gives pages until it is closed", async () => {
    const guest = await openGuest(make(TINY_PATH, fixture("hvm-tiny.xcs")), { vcpus });
    expect(guest.result.verdict).toBe("accept");
    expect(await sha256Of(guest, "restored")).toBe(
      GOOD.get("hvm-tiny.xcs")?.restoredMemory?.sha256,
    );
    await guest.close();
    await expect(guest.readPage(0)).rejects.toMatchObject({ code: "usage", option: "guest" });
  });
});

describe("an open guest", () => {
  const open = (input: ImageInput = fixture("pv64-tiny.xcs"), options = {}) =>
    openGuest(input, { vcpus, ...options });

  it("tells runs, types and places as the records have them", async () => {
    const guest = await open();
    const facts = GOOD.get("pv64-tiny.xcs");
    const counts: Record<string, number> = {};
    const runs = [...guest.populatedRuns()];
    expect(runs.reduce((sum, { count }) => sum + count, 0)).toBe(guest.populatedPages);
    expect((runs.at(-1)?.first ?? 0) + (runs.at(-1)?.count ?? 0) - 1).toBe(guest.maxPfn);
    for await (const { pfn, type } of guest.pages()) {
      expect(guest.isPopulated(pfn)).toBe(true);
      expect(guest.pageType(pfn)).toBe(type);
      const key = `0x${type.toString(16)}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    const { "0xf": _xtab, ...populated } = facts?.pfnTypeCounts ?? {};
    expect(counts).toEqual(populated);
    expect(guest.pageTypeName(16)).toMatch(/^L4TAB/);
    const bytes = fixture("pv64-tiny.xcs");
    const unchanged = [...guest.populatedRuns()][0]?.first ?? 0;
    const at = guest.lastCopyOffset(unchanged) ?? 0;
    const page = await guest.readPage(unchanged, { state: "stream" });
    expect(page).toEqual(new Uint8Array(bytes.subarray(at, at + PAGE_BYTES)));
    await guest.close();
  });

  it("tells the states apart at the pfns that a restorer changes, and nowhere else", async () => {
    const guest = await open(fixture("hvm-tiny.xcs"));
    const changed: number[] = [];
    for await (const { pfn, bytes } of guest.pages({ state: "stream" })) {
      if (Buffer.compare(bytes, await guest.readPage(pfn)) !== 0) changed.push(pfn);
    }
    expect(changed.length).toBeGreaterThan(0);
    expect(guest.changedPfns()).toEqual(expect.arrayContaining(changed));
    await guest.close();
  });

  it("gives zeros, no type and no place for a pfn that it does not have", async () => {
    for (const memory of ["indexed", "resident"]) {
      const guest = await open(undefined, { memory });
      for (const pfn of [guest.maxPfn + 1, 2 ** 36, 2 ** 52 - 1]) {
        expect(guest.isPopulated(pfn)).toBe(false);
        expect(guest.pageType(pfn)).toBe(0);
        expect(guest.lastCopyOffset(pfn)).toBeNull();
        expect(await guest.readPage(pfn)).toEqual(new Uint8Array(PAGE_BYTES));
      }
      await guest.close();
    }
  });

  it("refuses pfns, counts and states that cannot be", async () => {
    const guest = await open();
    for (const pfn of [-1, 0.5, Number.NaN, 2 ** 52]) {
      expect(() => guest.isPopulated(pfn)).toThrow(/pfn/);
      await expect(guest.readPage(pfn)).rejects.toMatchObject({ code: "usage" });
    }
    await expect(guest.readPages(0, 0)).rejects.toMatchObject({ option: "count" });
    await expect(guest.readPages(0, 2 ** 40)).rejects.toMatchObject({ option: "count" });
    await expect(guest.readPages(2 ** 52 - 1, 2)).rejects.toMatchObject({ option: "count" });
    const state = "saved" as MemoryState;
    await expect(guest.readPage(0, { state })).rejects.toMatchObject({ option: "state" });
    await guest.close();
  });

  it("walks the pages of a range, across runs, in order", async () => {
    const guest = await open(bigImage(), { memory: "indexed" });
    const pfns: number[] = [];
    for await (const { pfn } of guest.pages({ firstPfn: 100, lastPfn: 899 })) pfns.push(pfn);
    expect(pfns).toEqual(Array.from({ length: 800 }, (_, i) => 100 + i));
    let count = 0;
    for await (const _page of guest.pages()) {
      count += 1;
      if (count === 10) break;
    }
    expect(guest.populatedPages).toBe(BIG_PAGES);
    await guest.close();
  });

  it("does reads that are asked for at the same time", async () => {
    const source = new CountingSource(bigImage());
    const guest = await open(source, { memory: "indexed" });
    const alone = await guest.readPages(0, 64);
    const [one, two, sha256, xxh3, again] = await Promise.all([
      guest.readPages(0, 64),
      guest.readPages(32, 32),
      guest.digest("sha256"),
      guest.digest("xxh3"),
      guest.digest("sha256"),
    ]);
    expect(one).toEqual(alone);
    expect(two).toEqual(alone.subarray(32 * PAGE_BYTES));
    expect(sha256).toEqual(again);
    const told = await restore(bigImage(), { vcpus, digest: "xxh3" });
    expect(xxh3).toEqual({
      pageDigest: told.memory?.pageDigest,
      zeroPages: told.memory?.zeroPages,
    });
    await guest.close();
  });

  it("keeps its engine to itself until it is closed", async () => {
    const xenstream = createXenstream();
    const input = fixture("hvm-tiny.xcs");
    const first = await xenstream.openGuest(input, { vcpus, memory: "resident" });
    const second = await xenstream.openGuest(fixture("pv64-tiny.xcs"), { vcpus });
    await xenstream.verify(fixture("pv32-list.xcs"), { vcpus });
    await xenstream.restore(fixture("hvm-mixed.xcs"), { vcpus });
    const { sha256 } = GOOD.get("hvm-tiny.xcs")?.streamMemory ?? {};
    expect((await first.digest("sha256")).streamSha256).toBe(sha256);
    expect((await second.digest("sha256")).streamSha256).toBe(
      GOOD.get("pv64-tiny.xcs")?.streamMemory?.sha256,
    );
    await first.close();
    await second.close();
  });

  it("stays open when a digest or a walk is aborted", async () => {
    const guest = await open(new CountingSource(bigImage()), { memory: "indexed" });
    const reason = new Error("enough");
    for (const name of ["sha256", "xxh3"] as const) {
      const controller = new AbortController();
      const onProgress = () => controller.abort(reason);
      const { signal } = controller;
      await expect(guest.digest(name, { signal, onProgress })).rejects.toBe(reason);
    }
    await expect(guest.pages({ signal: AbortSignal.abort(reason) }).next()).rejects.toBe(reason);
    const page = await guest.readPage(1);
    expect(page.some((byte) => byte !== 0)).toBe(true);
    await guest.close();
  });

  it("finishes the reads under way before it closes, and closes once", async () => {
    const source = new CountingSource(bigImage());
    const guest = await open(source, { memory: "indexed" });
    const reading = guest.readPages(0, 512);
    const walk = guest.pages();
    await walk.next();
    await Promise.all([guest.close(), guest.close()]);
    expect((await reading).length).toBe(512 * PAGE_BYTES);
    await guest[Symbol.asyncDispose]();
    expect(source.closed).toBe(1);
    expect(() => guest.isPopulated(0)).toThrow(/closed/);
    expect(() => guest.populatedRuns().next()).toThrow(/closed/);
    await expect(guest.digest("xxh3")).rejects.toMatchObject({ option: "guest" });
    const left = async () => {
      for await (const _page of walk);
    };
    await expect(left()).rejects.toMatchObject({ option: "guest" });
    expect(guest.result.verdict).toBe("accept");
  });

  it("tells when an indexed guest's input is gone", async () => {
    const source = new CountingSource(bigImage());
    const guest = await open(source, { memory: "indexed" });
    source.read = async () => {
      throw new Error("unplugged");
    };
    await expect(guest.readPage(1)).rejects.toMatchObject({ code: "read-failed" });
    await expect(guest.digest("sha256")).rejects.toMatchObject({ code: "read-failed" });
    await guest.close();
  });

  it("opens a rejected image with what was taken over, and says so", async () => {
    const whole = bigImage();
    const guest = await open(whole.subarray(0, whole.length - 8));
    expect(guest.result.verdict).toBe("reject");
    expect(guest.populatedPages).toBe(BIG_PAGES);
    expect((await guest.readPage(1)).some((byte) => byte !== 0)).toBe(true);
    await guest.close();
  });

  it("of a stream is resident, and the stream is destroyed with it", async () => {
    const stream = Readable.from(chunksOf(fixture("hvm-tiny.xcs")), { objectMode: false });
    const guest = await open(stream);
    expect(guest.model).toBe("resident");
    await guest.close();
    expect(stream.destroyed).toBe(true);
  });
});
