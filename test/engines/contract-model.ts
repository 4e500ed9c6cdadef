/**
 * Contract of a page engine: random streams of batches, against the plainest model there is: maps
 * from pfn to type, contents and ordinal.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ENTRY_FAULT_PFN,
  ENTRY_FAULT_RESERVED,
  ENTRY_FAULT_TYPE,
  type PageEngine,
} from "../../src/engine/port.js";
import {
  type GuestKind,
  PAGE_TYPES_INVALID,
  PAGE_TYPES_POPULATED,
  PAGE_TYPES_WITH_DATA,
} from "../../src/format/index.js";
import {
  BANK,
  checkAll,
  type Entry,
  fillPages,
  HVM_RESIDENT,
  pageAt,
  pageOf,
  runsOf,
} from "./builders.js";

const PFN_LIMIT = 3 * BANK - 5;
const has = (types: number, type: number) => ((types >> type) & 1) === 1;

class Model {
  readonly types = new Map<number, number>();
  readonly seeds = new Map<number, number>();
  readonly ordinals = new Map<number, number>();
  readonly #guest: GuestKind;

  constructor(guest: GuestKind) {
    this.#guest = guest;
  }

  faults(entries: readonly Required<Entry>[]): [number, number][] {
    return entries.flatMap(({ pfn, type, reserved }, i): [number, number][] => {
      const codes: number[] = [];
      if (has(PAGE_TYPES_INVALID, type)) codes.push(ENTRY_FAULT_TYPE);
      if (reserved !== 0) codes.push(ENTRY_FAULT_RESERVED);
      if (this.#isLookedUp(type) && pfn >= PFN_LIMIT) codes.push(ENTRY_FAULT_PFN);
      return codes.map((code) => [i, code]);
    });
  }

  commit(entries: readonly Required<Entry>[]): void {
    for (const { pfn, type } of entries) {
      if (this.#isLookedUp(type)) this.types.set(pfn, type);
      if (has(PAGE_TYPES_POPULATED, type) && !this.seeds.has(pfn)) this.seeds.set(pfn, 0);
    }
  }

  runs(): [number, number][] {
    const runs: [number, number][] = [];
    for (const pfn of [...this.seeds.keys()].sort((a, b) => a - b)) {
      const last = runs.at(-1);
      if (last !== undefined && last[0] + last[1] === pfn) last[1]++;
      else runs.push([pfn, 1]);
    }
    return runs;
  }

  distinct(): number {
    const contents = [...this.seeds].filter(([, seed]) => seed !== 0);
    return new Set(contents.map(([pfn, seed]) => `${Math.floor(pfn / BANK)}:${seed}`)).size;
  }

  #isLookedUp(type: number): boolean {
    return this.#guest === "pv" || has(PAGE_TYPES_POPULATED, type);
  }
}

interface RandomBatch {
  readonly entries: readonly Required<Entry>[];
  readonly seeds: readonly number[];
  readonly stepEntries: number;
  readonly drop: boolean;
  /** Parts in 16 of the data pages that are whole. */
  readonly whole: number;
}

/** Pfns crowd around a few places, so that batches meet; runs of pfns are frequent. */
const pfns = fc
  .record({
    place: fc.constantFrom(0, 4090, BANK - 6, 2 * BANK - 3, 3 * BANK - 12, 9 * BANK),
    offset: fc.nat(12),
  })
  .map(({ place, offset }) => place + offset);
const types = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(0, 0, 0, 1, 2, 9, 12, 13, 14, 15) },
  { weight: 1, arbitrary: fc.nat(15) },
);
const reserveds = fc.oneof(
  { weight: 20, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.nat(255) },
);
const stretches = fc
  .record({ pfn: pfns, type: types, reserved: reserveds, count: fc.integer({ min: 1, max: 19 }) })
  .map(({ pfn, type, reserved, count }) =>
    Array.from({ length: count }, (_, i) => ({ pfn: pfn + i, type, reserved })),
  );
const batches: fc.Arbitrary<RandomBatch> = fc.record({
  entries: fc.array(stretches, { minLength: 1, maxLength: 8 }).map((lists) => lists.flat()),
  seeds: fc.array(fc.nat(6), { minLength: 1, maxLength: 20 }),
  stepEntries: fc.constantFrom(1, 5, 16, 1000, 1000),
  drop: fc.boolean(),
  whole: fc.nat(32),
});

/** Feed one batch to engine and model; whatever they say on the way must be the same. */
function feed(engine: PageEngine, model: Model, batch: RandomBatch, firstOrdinal: number): number {
  const { entries } = batch;
  const checked = checkAll(engine, entries, PFN_LIMIT, batch.stepEntries);
  const faults = model.faults(entries);
  expect(checked.faults.map((f) => [f.entryIndex, f.code])).toEqual(faults);
  const withData = entries.filter((e) => has(PAGE_TYPES_WITH_DATA, e.type));
  expect(checked.dataPages).toBe(withData.length);
  if (batch.drop || faults.some(([, code]) => code !== ENTRY_FAULT_RESERVED)) {
    engine.dropEntries();
    return 0;
  }
  engine.commitEntries();
  model.commit(entries);
  const whole = Math.floor((Math.min(batch.whole, 16) * withData.length) / 16);
  const seeds = withData.map((_, i) => batch.seeds[i % batch.seeds.length]!);
  fillPages(engine, seeds.slice(0, whole).map(pageOf));
  const differing = engine.comparePages(0, whole);
  const differs = (i: number) => model.seeds.get(withData[i]!.pfn) !== seeds[i];
  expect(differing).toEqual(seeds.slice(0, whole).flatMap((_, i) => (differs(i) ? [i] : [])));
  engine.placePages(0, whole);
  engine.indexPages(whole, firstOrdinal);
  withData.slice(0, whole).forEach(({ pfn }, i) => {
    model.seeds.set(pfn, seeds[i]!);
    model.ordinals.set(pfn, firstOrdinal + i);
  });
  return whole;
}

/** Random streams against a model. */
export function describeModel(make: () => PageEngine): void {
  describe("random streams", () => {
    it.each(["hvm", "pv"] as const)("%s: behaves as the model does", (guest) => {
      const engine = make();
      const property = fc.property(fc.array(batches, { minLength: 1, maxLength: 10 }), (stream) => {
        engine.reset({ ...HVM_RESIDENT, guest });
        const model = new Model(guest);
        let ordinal = 0;
        for (const batch of stream) ordinal += feed(engine, model, batch, ordinal);
        expect(runsOf(engine)).toEqual(model.runs());
        expect(engine.stats()).toMatchObject({
          populatedPages: model.seeds.size,
          maxPfn: Math.max(-1, ...model.seeds.keys()),
          zeroPages: [...model.seeds.values()].filter((seed) => seed === 0).length,
          distinctPages: model.distinct(),
        });
        for (const pfn of new Set([...model.types.keys(), ...model.seeds.keys(), 17])) {
          expect(engine.pageType(pfn)).toBe(model.types.get(pfn) ?? 0);
          expect(engine.isPopulated(pfn)).toBe(model.seeds.has(pfn));
          expect(engine.lastOrdinal(pfn)).toBe(model.ordinals.get(pfn) ?? -1);
          const seed = model.seeds.get(pfn) ?? 0;
          if (Buffer.compare(pageAt(engine, pfn), pageOf(seed)) !== 0) {
            expect.fail(`pfn ${pfn} does not hold page ${seed}`);
          }
        }
      });
      fc.assert(property, { numRuns: 150 });
    });
  });
}
