/**
 * The reference engine against a model that could not be simpler: a Map from pfn to what is known
 * of it, entries as bigint, contents as bytes. Random batches, whole, cut and dropped.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BANK_PFNS,
  ENTRY_FAULT_PFN,
  ENTRY_FAULT_RESERVED,
  ENTRY_FAULT_TYPE,
  type EngineOptions,
  type PageEngine,
} from "../../src/engine/port.js";
import { createReferenceEngine } from "../../src/engine/reference/index.js";
import { PAGE_BYTES } from "../../src/format/index.js";
import { check, entry, fillWindow, page } from "./reference-drive.js";

const PFN_LIMIT = 3 * BANK_PFNS - 2;
const DATA = [0, 1, 2, 3, 4, 9, 10, 11, 12];
const TABLES = DATA.slice(1);
const XALLOC = 14;

/** Contents that meet often: zeros, repeats, and pages that differ late or only in few bytes. */
const CONTENTS = Array.from({ length: 10 }, (_, i) => {
  const contents = page(i < 2 ? 0 : i < 4 ? 1 : 0);
  if (i === 3) contents[4095] = 2;
  if (i > 3) contents[(i * 611) % PAGE_BYTES] = i;
  if (i > 7) new DataView(contents.buffer).setBigUint64(8, (BigInt(i) << 12n) | 1n, true);
  return contents;
});

interface Known {
  populated: boolean;
  type: number;
  contents: number;
  ordinal: number;
}

interface BatchPlan {
  entries: { type: number; pfn: number; reserved: number }[];
  contents: number[];
  step: number;
  wholeShare: number;
  dropped: boolean;
  scanned: boolean;
}

const pfns = fc
  .tuple(fc.constantFrom(0, BANK_PFNS - 4, BANK_PFNS, 2 * BANK_PFNS, PFN_LIMIT - 8), fc.nat(7))
  .map(([base, offset]) => base + offset);

const entries = fc.oneof(
  {
    weight: 80,
    arbitrary: fc.record({
      type: fc.constantFrom(0, 0, 0, 1, 10, 13, 14, 15),
      pfn: pfns,
      reserved: fc.constant(0),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.nat(15),
      pfn: fc.oneof(pfns, fc.constantFrom(PFN_LIMIT, 2 ** 52 - 1)),
      reserved: fc.nat(255),
    }),
  },
);

const plans: fc.Arbitrary<BatchPlan> = fc.record({
  entries: fc.array(entries, { minLength: 1, maxLength: 40 }),
  contents: fc.array(fc.nat(CONTENTS.length - 1), { minLength: 40, maxLength: 40 }),
  step: fc.integer({ min: 1, max: 15 }),
  wholeShare: fc.double({ min: 0, max: 1.5, noNaN: true }),
  dropped: fc.nat(9).map((die) => die === 0),
  scanned: fc.boolean(),
});

/** The port's sentences, in the plainest words. */
class Model {
  readonly known = new Map<number, Known>();
  readonly #pv: boolean;

  constructor(options: EngineOptions) {
    this.#pv = options.guest === "pv";
  }

  of(pfn: number): Known {
    return this.known.get(pfn) ?? { populated: false, type: 0, contents: 0, ordinal: -1 };
  }

  faultsOf(entries: BatchPlan["entries"]): [number, number][] {
    const faults: [number, number][] = [];
    for (const [i, { type, pfn, reserved }] of entries.entries()) {
      const bound = this.#pv || DATA.includes(type) || type === XALLOC;
      if (type >= 5 && type <= 8) faults.push([i, ENTRY_FAULT_TYPE]);
      if (reserved !== 0) faults.push([i, ENTRY_FAULT_RESERVED]);
      if (bound && pfn >= PFN_LIMIT) faults.push([i, ENTRY_FAULT_PFN]);
    }
    return faults;
  }

  commit(entries: BatchPlan["entries"]): void {
    for (const { type, pfn } of entries) {
      const populates = DATA.includes(type) || type === XALLOC;
      if (!populates && !this.#pv) continue;
      const before = this.of(pfn);
      this.known.set(pfn, { ...before, populated: before.populated || populates, type });
    }
  }

  change(pfn: number, change: Partial<Known>): void {
    this.known.set(pfn, { ...this.of(pfn), ...change });
  }

  stats(resident: boolean) {
    const populated = [...this.known].filter(([, { populated }]) => populated);
    const distinct = new Set<string>();
    for (const [pfn, { contents }] of populated) {
      const hex = Buffer.from(CONTENTS[contents]!).toString("latin1");
      if (contents > 1) distinct.add(`${Math.floor(pfn / BANK_PFNS)} ${hex}`);
    }
    return {
      populatedPages: populated.length,
      maxPfn: Math.max(-1, ...populated.map(([pfn]) => pfn)),
      zeroPages: resident ? populated.filter(([, { contents }]) => contents < 2).length : 0,
      distinctPages: distinct.size,
      residentBytes: distinct.size * PAGE_BYTES,
    };
  }

  runs(): { first: number; count: number }[] {
    const runs: { first: number; count: number }[] = [];
    const sorted = [...this.known].filter(([, { populated }]) => populated).map(([pfn]) => pfn);
    for (const pfn of sorted.sort((a, b) => a - b)) {
      const last = runs.at(-1);
      if (last !== undefined && last.first + last.count === pfn) last.count++;
      else runs.push({ first: pfn, count: 1 });
    }
    return runs;
  }
}

/** Check all entries of a plan in its steps; returns the faults listed. */
function checkAll(engine: PageEngine, plan: BatchPlan): [number, number][] {
  const faults: [number, number][] = [];
  const raw = plan.entries.map(({ type, pfn, reserved }) => entry(type, pfn, reserved));
  for (let at = 0; at < raw.length; at += plan.step) {
    const step = check(engine, raw.slice(at, at + plan.step));
    for (const { entryIndex, code, low, high } of step.faults) {
      expect((BigInt(high) << 32n) | BigInt(low)).toBe(raw[entryIndex]);
      faults.push([entryIndex, code]);
    }
  }
  return faults;
}

/** The entries of a plan that carry a page. */
function dataEntries(plan: BatchPlan): BatchPlan["entries"] {
  return plan.entries.filter(({ type }) => DATA.includes(type));
}

/** Scan, compare and place the pages of a committed batch, in engine and model alike. */
function takePages(engine: PageEngine, model: Model, plan: BatchPlan): void {
  const data = dataEntries(plan);
  for (let first = 0; first < data.length; first += plan.step) {
    const some = data.slice(first, first + plan.step);
    const contents = some.map((_, i) => plan.contents[first + i]!);
    fillWindow(
      engine,
      contents.map((which) => CONTENTS[which]!),
    );
    const different = some
      .map(({ pfn }, i) => {
        const same = Buffer.compare(CONTENTS[model.of(pfn).contents]!, CONTENTS[contents[i]!]!);
        return same === 0 ? -1 : first + i;
      })
      .filter((page) => page >= 0);
    expect(engine.comparePages(first, some.length)).toEqual(different);
    if (plan.scanned) scanSome(engine, model, some, contents, first);
    engine.placePages(first, some.length);
    for (const [i, { pfn }] of some.entries()) model.change(pfn, { contents: contents[i]! });
  }
}

function scanSome(
  engine: PageEngine,
  model: Model,
  some: BatchPlan["entries"],
  contents: number[],
  first: number,
): void {
  const maxPfn = 8;
  const scan = engine.scanTables(first, some.length, maxPfn);
  const faults: { dataPage: number; slot: number; pfn: number }[] = [];
  let populated = 0;
  for (const [i, { type }] of some.entries()) {
    if (!TABLES.includes(type)) continue;
    const view = new DataView(CONTENTS[contents[i]!]!.buffer);
    for (let slot = 0; slot < 512; slot++) {
      const raw = view.getBigUint64(slot * 8, true);
      if ((raw & 1n) === 0n) continue;
      const pfn = Number((raw >> 12n) & 0xff_ffff_ffffn);
      if (pfn > maxPfn) faults.push({ dataPage: first + i, slot, pfn });
      else if (!model.of(pfn).populated) {
        populated++;
        model.change(pfn, { populated: true });
      }
    }
  }
  expect(scan.populated).toBe(populated);
  expect(scan.faultCount).toBe(faults.length);
  expect(scan.faults).toEqual(faults.slice(0, 1024));
}

function runPlan(engine: PageEngine, model: Model, plan: BatchPlan, firstOrdinal: number): void {
  engine.beginBatch(PFN_LIMIT);
  const faults = checkAll(engine, plan);
  expect(faults).toEqual(model.faultsOf(plan.entries));
  if (plan.dropped || faults.some(([, code]) => code !== ENTRY_FAULT_RESERVED)) {
    engine.dropEntries();
    return;
  }
  engine.commitEntries();
  model.commit(plan.entries);
  const data = dataEntries(plan);
  for (const [i, { type, pfn }] of data.entries()) {
    expect([engine.dataPagePfn(i), engine.dataPageType(i)]).toEqual([pfn, type]);
  }
  takePages(engine, model, plan);
  const whole = Math.min(data.length, Math.floor(plan.wholeShare * data.length));
  engine.indexPages(whole, firstOrdinal);
  for (let i = 0; i < whole; i++) model.change(data[i]!.pfn, { ordinal: firstOrdinal + i });
}

function expectEqual(engine: PageEngine, model: Model): void {
  expect(engine.stats()).toMatchObject(model.stats(true));
  expect([...engine.populatedRuns()]).toEqual(model.runs());
  const into = new Uint8Array(PAGE_BYTES);
  for (const [pfn, { populated, type, contents, ordinal }] of model.known) {
    expect([engine.isPopulated(pfn), engine.pageType(pfn), engine.lastOrdinal(pfn)]).toEqual([
      populated,
      type,
      ordinal,
    ]);
    engine.copyPages(pfn, 1, into);
    expect(Buffer.compare(into, CONTENTS[contents]!), `contents of pfn ${pfn}`).toBe(0);
  }
}

describe.each([
  ["hvm", "a native comparer", Buffer.compare],
  ["pv", "a native comparer", Buffer.compare],
  ["pv", "its own comparer", undefined],
] as const)("a resident %s guest with %s", (guest, _, compare) => {
  it("is what the model says after any batches", () => {
    const engine = createReferenceEngine(compare);
    const options: EngineOptions = {
      guest,
      model: "resident",
      maxFrameBytes: 1024 ** 2,
      maxBanks: 3,
    };
    fc.assert(
      fc.property(fc.array(plans, { minLength: 1, maxLength: 6 }), (batches) => {
        engine.reset(options);
        const model = new Model(options);
        for (const [i, plan] of batches.entries()) runPlan(engine, model, plan, i * 1000);
        expectEqual(engine, model);
      }),
      { numRuns: 150 },
    );
  });
});
