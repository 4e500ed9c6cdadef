/** Salvage: every whole page before a cut, and after damage, is recovered and nothing made up. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { BufferSource, driveSync } from "../../src/input/index.js";
import { Platform, READING_DEFAULTS, salvageSource, wasmBytes } from "../../src/ops/index.js";
import { patternPage } from "../builders/bytes.js";
import { hvmStream } from "../builders/hvm.js";
import { carriesData, PAGE } from "../builders/libxc.js";
import { join as joinParts, type Part } from "../builders/parts.js";
import { Prng } from "../builders/prng.js";
import { pvStream, simplePlan } from "../builders/pv.js";
import { make } from "../export/generate/support.js";
import { ROOT, runBytes } from "../harness.js";

const FIXTURES = join(ROOT, "test/fixtures");

const folder = mkdtempSync(join(tmpdir(), "xenstream-salvage-"));
afterAll(() => rmSync(folder, { recursive: true }));
const platform = new Platform({ wasmBytes });
const PAGE_BYTES = 4096;

async function salvage(bytes: Uint8Array) {
  const source = new BufferSource(bytes, "damaged");
  const options = { ...READING_DEFAULTS, limits: DEFAULT_LIMITS, vcpus: 2, readData: false };
  const reading = { ...options, engine: "wasm", model: "indexed" } as const;
  const found = await salvageSource(platform, source, "damaged", reading, 0);
  const { guest } = found.image.restorer;
  return {
    ...found,
    page: (pfn: number) =>
      guest === null ? null : driveSync(guest.readPage(pfn, "stream"), source),
    has: (pfn: number) => guest?.isPopulated(pfn) ?? false,
  };
}

const PER_BATCH = 4;
const BATCHES = 6;
const PARTS: Part[] = hvmStream({
  batches: Array.from({ length: BATCHES }, (_, b) =>
    Array.from({ length: PER_BATCH }, (_, i) => {
      const pfn = b * PER_BATCH + i;
      return { pfn, page: patternPage(pfn + 1) };
    }),
  ),
  params: [[1, 3]],
});
const SOUND = joinParts(PARTS);
const PAGES = PER_BATCH * BATCHES;
const PATTERNS = Array.from({ length: PAGES }, (_, pfn) => patternPage(pfn + 1));

/** Byte offset of each pfn's page in SOUND. */
const PAGE_AT = (() => {
  const { guest } = runBytes(SOUND).image.restorer;
  return Array.from({ length: PAGES }, (_, pfn) => guest?.lastCopyOffset(pfn) ?? -1);
})();

const damaged = (at: number, ...bytes: number[]) => {
  const copy = Uint8Array.from(SOUND);
  copy.set(bytes, at);
  return copy;
};

/** Every page that a sound image sends, in its order. */
function copiesOf(bytes: Uint8Array): { readonly pfn: number; readonly at: number }[] {
  const copies: { pfn: number; at: number }[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  runBytes(bytes, {}, (event) => {
    if (event.event !== "batch") return;
    const body = event.head.byteOffset + 8;
    const count = view.getUint32(body, true);
    let at = body + 8 + 8 * count;
    for (let i = 0; i < count; i += 1) {
      const entry = view.getBigUint64(body + 8 + 8 * i, true);
      if (!carriesData(Number(entry >> 60n))) continue;
      copies.push({ pfn: Number(entry & 0xf_ffff_ffff_ffffn), at });
      at += PAGE_BYTES;
    }
  });
  return copies;
}

/** Where the PAGE_DATA record of a batch begins. */
const recordAt = (batch: number) => (PAGE_AT[batch * PER_BATCH] as number) - PER_BATCH * 8 - 16;

describe("salvage", () => {
  it("of a sound image finds all of it, fix-ups included", async () => {
    const found = await salvage(SOUND);
    expect(found.judged.verdict).toBe("accept");
    expect(found.salvage).toEqual({
      wholePages: PAGES,
      notWhole: { pages: 0, runs: [] },
      refusedRecords: 0,
      passedOver: [],
      passedOverBytes: 0,
    });
    expect(found.image.restorer.guest?.fixedPfns()).toEqual([3]);
  });

  it("of an image cut anywhere recovers every whole page before the cut", async () => {
    const prng = new Prng(3);
    for (let trial = 0; trial < 150; trial += 1) {
      const cut = 40 + prng.below(SOUND.length - 40);
      const found = await salvage(SOUND.subarray(0, cut));
      expect(found.judged.verdict).toBe("reject");
      const whole = PAGE_AT.flatMap((at, pfn) => (at + PAGE_BYTES <= cut ? [pfn] : []));
      expect([cut, found.salvage.wholePages]).toEqual([cut, whole.length]);
      const held = whole.map((pfn) => found.page(pfn) ?? new Uint8Array());
      const same = held.every(
        (page, i) => Buffer.compare(page, PATTERNS[whole[i] ?? 0] as Uint8Array) === 0,
      );
      expect(same).toBe(true);
      const lost = found.salvage.notWhole.runs.flatMap(({ pfn, count }) =>
        Array.from({ length: count }, (_, i) => pfn + i),
      );
      expect(lost.some((pfn) => whole.includes(pfn))).toBe(false);
    }
  });

  it.each([
    { guest: "hvm", container: "xl", live: 2 },
    { guest: "pvh", container: "libxl", checkpoints: 2 },
    { guest: "pv64", container: "libvirt", live: 1 },
    { guest: "pv32", container: "xapi" },
  ] as const)("of a cut image of $guest in $container recovers every whole page", async (shape) => {
    const { bytes } = make({ ...shape, seed: 9, sizeBytes: 1 << 20 });
    const copies = copiesOf(bytes);
    const prng = new Prng(8);
    for (let trial = 0; trial < 60; trial += 1) {
      const cut = (copies[0]?.at ?? 0) + prng.below(bytes.length - (copies[0]?.at ?? 0));
      const found = await salvage(bytes.subarray(0, cut));
      const last = new Map(
        copies.filter(({ at }) => at + PAGE_BYTES <= cut).map(({ pfn, at }) => [pfn, at]),
      );
      const lost = [...last].filter(([pfn, at]) => {
        const page = found.page(pfn) ?? new Uint8Array();
        return Buffer.compare(page, bytes.subarray(at, at + PAGE_BYTES)) !== 0;
      });
      expect([cut, lost]).toEqual([cut, []]);
    }
  });

  it.each([
    ["type", 0, 0x77],
    ["length", 7, 0x40],
    ["count", 9, 0x11],
  ])("goes on behind a record whose %s is damaged", async (_, offset, value) => {
    const at = recordAt(2);
    const found = await salvage(damaged(at + offset, value));
    expect(found.judged.verdict).toBe("reject");
    expect(found.salvage.wholePages).toBe(PAGES - PER_BATCH);
    expect(found.salvage.passedOver).toEqual([{ byteOffset: at, bytes: recordAt(3) - at }]);
    expect(found.page(PAGES - 1)).toEqual(patternPage(PAGES));
    expect(found.image.restorer.guest?.fixedPfns()).toEqual([3]);
  });

  it("takes a record that a restore takes too, though a reserved word of it is not zero", async () => {
    const found = await salvage(damaged(recordAt(2) + 12, 1));
    expect(found.judged.verdict).toBe("accept");
    expect(found.salvage).toMatchObject({ wholePages: PAGES, passedOver: [] });
  });

  it("names the pfns of a record with a bad entry, and takes none of its pages", async () => {
    const entry = recordAt(1) + 16 + 8;
    const found = await salvage(damaged(entry + 7, 0x60));
    expect(found.salvage).toMatchObject({ wholePages: PAGES - PER_BATCH, refusedRecords: 1 });
    expect(found.salvage.notWhole).toEqual({
      pages: 3,
      runs: [
        { pfn: 4, count: 1 },
        { pfn: 6, count: 2 },
      ],
    });
    expect(found.has(5)).toBe(false);
  });

  it("finds records where the headers of the stream are gone", async () => {
    const found = await salvage(SOUND.subarray(45));
    expect(found.salvage.wholePages).toBe(PAGES);
  });

  it("finds a record whose header stands over the end of what is searched at a time", async () => {
    const [headers, ...records] = PARTS;
    const first = records.findIndex(({ type }) => type === 1);
    if (headers === undefined || first < 0) throw new Error("a stream has headers and pages");
    const before = joinParts([headers, ...records.slice(0, first)]);
    const after = joinParts(records.slice(first));
    // The record before the gap is not believed, as none follows it: from there on is searched.
    const from = before.length - 8;
    const searchedBytes = 1024 * 1024;
    for (const headBytes of [8, 16, 24]) {
      const gap = new Uint8Array(searchedBytes - headBytes - 8).fill(0xff);
      const found = await salvage(Buffer.concat([before, gap, after]));
      expect(found.salvage.passedOver).toEqual([{ byteOffset: from, bytes: gap.length + 8 }]);
      expect(found.salvage.wholePages).toBe(PAGES);
    }
  });

  it("calls a page whole that a later record sent, or that never had contents", async () => {
    const page = (pfn: number, seed: number) => ({ pfn, page: patternPage(seed) });
    const bad = { pfn: 7, type: 5 };
    const batches = [
      [page(1, 1), page(2, 2), bad],
      [page(2, 3), { pfn: 3, type: PAGE.XALLOC }],
    ];
    const found = await salvage(joinParts(hvmStream({ batches })));
    expect(found.salvage.refusedRecords).toBe(1);
    expect(found.salvage.wholePages).toBe(2);
    expect(found.salvage.notWhole.runs).toEqual([{ pfn: 1, count: 1 }]);
    expect(found.page(2)).toEqual(patternPage(3));
  });

  it("does not believe the length of a record that no record follows", async () => {
    const [headers, ...records] = PARTS;
    const last = records.findIndex(({ type }) => type === 1) - 1;
    if (headers === undefined || last < 0) throw new Error("a stream has records before its pages");
    const lengthAt = joinParts([headers, ...records.slice(0, last)]).length + 4;
    const found = await salvage(damaged(lengthAt, 0x40, 0x20));
    expect(found.salvage.wholePages).toBe(PAGES);
  });

  it("calls an older copy not whole where the newer one was cut off", async () => {
    const page = (pfn: number, seed: number) => ({ pfn, page: patternPage(seed) });
    const bytes = joinParts(hvmStream({ batches: [[page(1, 1), page(2, 2)], [page(2, 3)]] }));
    const { guest } = runBytes(bytes).image.restorer;
    const found = await salvage(bytes.subarray(0, (guest?.lastCopyOffset(2) ?? 0) + 100));
    expect(found.salvage).toMatchObject({
      wholePages: 1,
      notWhole: { runs: [{ pfn: 2, count: 1 }] },
    });
  });

  it.each([8, 4] as const)("recovers a PV guest of width %i behind damage", async (width) => {
    const plan = simplePlan(width);
    const extra = [[{ pfn: 14, page: patternPage(14) }], [{ pfn: 15, page: patternPage(15) }]];
    const bytes = joinParts(pvStream(plan, { batches: extra }));
    const { guest } = runBytes(bytes).image.restorer;
    const at = (guest?.lastCopyOffset(14) ?? 0) - 8 - 16;
    const broken = Uint8Array.from(bytes);
    broken[at] = 0x99;
    const found = await salvage(broken);
    expect(found.judged.verdict).toBe("reject");
    expect(found.page(15)).toEqual(patternPage(15));
  });
});

describe("--salvage", () => {
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(ROOT, "dist/xenstream.cjs"), ...args]);

  it("ends with 1 always, and tells and writes what was recovered", () => {
    const [cut, out] = [join(folder, "cut"), join(folder, "raw")];
    writeFileSync(cut, SOUND.subarray(0, (PAGE_AT[10] as number) + PAGE_BYTES));
    const restored = run("restore", cut, "--salvage", "--json");
    expect(restored.status).toBe(1);
    const document = JSON.parse(restored.stdout.toString());
    expect(document.files[0].salvage).toMatchObject({ wholePages: 11 });
    expect(run("extract", cut, "--salvage", "-o", out).status).toBe(1);
    const raw = readFileSync(out);
    expect(raw.subarray(10 * PAGE_BYTES, 11 * PAGE_BYTES)).toEqual(Buffer.from(patternPage(11)));
    expect(run("restore", join(FIXTURES, "hvm-tiny.xcs"), "--salvage").status).toBe(1);
  });
});
