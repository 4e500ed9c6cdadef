/** HVM parameters as a hypervisor takes or refuses them, rule by rule. */
import { describe, expect, it } from "vitest";
import { checkParamPage, type ParamPlace, ParamState } from "../../src/checks/index.js";
import type { Fault } from "../../src/findings/index.js";

const PLACE: ParamPlace = {
  layer: "libxc",
  byteOffset: 1000,
  recordIndex: 6,
  recordType: "HVM_PARAMS",
  bodyByteOffset: 1008,
  ordinal: 2,
};
/** Of the third entry: 8 bytes of header, 8 of head, 16 for each entry before. */
const ENTRY_AT = 1048;

const at = (ordinal: number): ParamPlace => ({ ...PLACE, ordinal });

function rules(faults: readonly Fault[]): string[] {
  return faults.map(({ rule, ruleCase }) =>
    ruleCase === undefined ? rule : `${rule}/${ruleCase}`,
  );
}

/** Faults of the last of several settings, each [index, value]. */
function last(...settings: readonly (readonly [bigint, bigint])[]): string[] {
  const state = new ParamState();
  let faults: Fault[] = [];
  for (const [index, value] of settings) faults = state.set(index, value, PLACE);
  return rules(faults);
}

describe("setting an HVM parameter", () => {
  it("of an index that the hypervisor knows is fine", () => {
    for (const index of [0n, 1n, 3n, 7n, 8n, 12n, 34n]) expect(last([index, 5n])).toEqual([]);
  });

  it("points to the entry where it is not", () => {
    expect(new ParamState().set(39n, 0n, PLACE)).toEqual([
      {
        rule: "HP-1",
        layer: "libxc",
        byteOffset: ENTRY_AT,
        recordIndex: 6,
        recordType: "HVM_PARAMS",
        entryIndex: 2,
        expected: "an index below 39",
        actual: "39",
      },
    ]);
  });

  it("refuses an index that the hypervisor does not know, HP-1", () => {
    expect(last([38n, 1n])).toEqual([]);
    expect(last([39n, 1n])).toEqual(["HP-1"]);
    expect(last([0xffff_ffffn, 1n])).toEqual(["HP-1"]);
  });

  it("sees the lower half of an index, HP-2", () => {
    expect(last([0x1_0000_0001n, 5n])).toEqual(["HP-2"]);
    expect(last([0x1_0000_0027n, 5n])).toEqual(["HP-2", "HP-1"]);
    expect(last([0x1_0000_000dn, 5n])).toEqual(["HP-2", "HP-3"]);
    expect(last([5n, 1n], [0x1_0000_0005n, 2n])).toEqual(["HP-2", "HP-4"]);
  });

  it("refuses what was withdrawn, HP-3", () => {
    for (const index of [13n, 20n, 21n, 22n, 23n, 24n, 25n, 26n, 30n, 35n]) {
      expect(last([index, 0n])).toEqual(["HP-3"]);
    }
  });

  it("notes index 4, which restorers pass over, HP-3 case pae", () => {
    expect(last([4n, 1n])).toEqual(["HP-3/pae"]);
    expect(last([0x1_0000_0004n, 1n])).toEqual(["HP-2", "HP-3"]);
  });

  it.each([5n, 6n, 32n])("keeps parameter %i once it is not zero, HP-4", (index) => {
    expect(last([index, 0n], [index, 7n])).toEqual(["HP-5"]);
    expect(last([index, 7n], [index, 7n])).toEqual(["HP-5"]);
    expect(last([index, 7n], [index, 8n])).toEqual(["HP-4"]);
    expect(last([index, 7n], [index, 8n], [index, 7n])).toEqual(["HP-5"]);
  });

  it("keeps those of them that take only some values, HP-4", () => {
    expect(last([9n, 0x1n], [9n, 0x3n])).toEqual(["HP-4"]);
    expect(last([33n, 8n], [33n, 9n])).toEqual(["HP-4"]);
    expect(last([33n, 8n], [33n, 65n])).toEqual(["HP-4", "HP-10"]);
    expect(last([38n, 1n], [38n, 0n])).toEqual(["HP-4"]);
  });

  it("lets the last of several values count, HP-5", () => {
    expect(last([1n, 5n], [1n, 6n])).toEqual(["HP-5"]);
    const state = new ParamState();
    state.set(1n, 5n, PLACE);
    state.beginEpoch();
    expect(state.set(1n, 6n, PLACE)).toEqual([]);
  });

  it("refuses 0 ioreq server pages, HP-6 case zero-count", () => {
    expect(last([33n, 0n])).toEqual(["HP-6/zero-count"]);
  });

  it.each([
    [9n, [0x1n, 0x1fffn], [0x0n, 0x2n, 0x2001n]],
    [10n, [0n, 3n], [4n]],
    [14n, [0n, 3n], [1n, 4n]],
    [15n, [0n, 0xffff_ffffn], [0x1_0000_0000n]],
    [19n, [0n, 1n], [2n]],
    [31n, [0n, 5n], [6n]],
    [33n, [1n, 64n], [65n]],
    [36n, [0n, 4n, 8n], [2n]],
    [37n, [104n << 32n, (0x2000n << 32n) | 0x12_3000n], [0n, 103n << 32n]],
    [38n, [0n, 1n], [2n]],
  ])("takes only some values of parameter %i, HP-10", (index, good, bad) => {
    for (const value of good) expect(last([index, value])).toEqual([]);
    for (const value of bad) expect(last([index, value])).toEqual(["HP-10"]);
  });
});

describe("the page that a parameter names", () => {
  const present = (pfn: number): boolean => pfn === 20;

  it("should be there when it is zeroed, HP-7", () => {
    for (const index of [1n, 5n, 6n, 17n]) {
      expect(checkParamPage(index, 20n, PLACE, present)).toEqual([]);
      expect(rules(checkParamPage(index, 21n, PLACE, present))).toEqual(["HP-7"]);
      expect(rules(checkParamPage(index, 2n ** 64n - 1n, PLACE, () => true))).toEqual(["HP-7"]);
    }
  });

  it("is not touched for other parameters, nor for an index beyond 32 bits", () => {
    for (const index of [2n, 27n, 34n, 39n, 0x1_0000_0001n]) {
      expect(checkParamPage(index, 21n, PLACE, present)).toEqual([]);
    }
  });
});

describe("the parameters as a whole", () => {
  function complete(
    settings: readonly (readonly [bigint, bigint])[],
    present: ((pfn: number) => boolean) | null = () => true,
  ): Fault[] {
    const state = new ParamState();
    settings.forEach(([index, value], ordinal) => {
      state.set(index, value, at(ordinal));
    });
    return state.complete(present);
  }

  it("have the first ioreq server page and their number together, HP-6", () => {
    expect(complete([])).toEqual([]);
    expect(
      complete([
        [32n, 0x1000n],
        [33n, 8n],
      ]),
    ).toEqual([]);
    expect(
      complete([
        [1n, 5n],
        [32n, 0x1000n],
      ]),
    ).toMatchObject([{ rule: "HP-6", entryIndex: 1, expected: "index 33 beside index 32" }]);
    expect(rules(complete([[33n, 8n]]))).toEqual(["HP-6"]);
    expect(
      rules(
        complete([
          [33n, 8n],
          [32n, 0n],
        ]),
      ),
    ).toEqual(["HP-6"]);
    expect(complete([[32n, 0n]])).toEqual([]);
  });

  it("are not missed where their value was refused, HP-6", () => {
    expect(
      complete([
        [32n, 0x1000n],
        [33n, 0n],
      ]),
    ).toEqual([]);
  });

  it("have an aligned generation id below 4 GiB in memory, HP-8", () => {
    const one = (value: bigint, present?: ((pfn: number) => boolean) | null) =>
      rules(complete([[34n, value]], present));
    expect(one(0xfc00_a010n)).toEqual([]);
    expect(one(0n)).toEqual([]);
    expect(one(0xfc00_a012n)).toEqual(["HP-8"]);
    expect(one(0x1_0000_0000n)).toEqual(["HP-8"]);
    expect(one(0xfc00_a010n, (pfn) => pfn !== 0xfc00a)).toEqual(["HP-8"]);
    expect(one(0xfc00_a010n, null)).toEqual([]);
  });

  it("have the generation id inside one page, VG-5", () => {
    const across = complete([[34n, 0xfc00_aff8n]], (pfn) => pfn === 0xfc00a);
    expect(rules(across)).toEqual(["VG-5", "HP-8"]);
    expect(rules(complete([[34n, 0xfc00_aff0n]]))).toEqual([]);
  });

  it("leave out what was refused", () => {
    expect(
      complete([
        [33n, 65n],
        [32n, 0n],
      ]),
    ).toEqual([]);
  });
});
