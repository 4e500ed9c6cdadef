/** Sets of pfns as documents list them, and the union of two guests' runs. */
import { describe, expect, it } from "vitest";
import { Pfns, steps } from "../../src/ops/pfn-sets.js";

describe("a set of pfns", () => {
  it("joins neighbours to one run", () => {
    const set = new Pfns(2);
    set.add(1, 2);
    set.add(3, 1);
    set.add(9, 1);
    expect(set.set).toEqual({
      pages: 4,
      runs: [
        { pfn: 1, count: 3 },
        { pfn: 9, count: 1 },
      ],
    });
  });

  it("counts what it has no room to list, and joins none of it to what is listed", () => {
    const set = new Pfns(1);
    set.add(1, 1);
    set.add(5, 1);
    set.add(6, 2);
    expect(set.set).toEqual({ pages: 4, runs: [{ pfn: 1, count: 1 }] });
  });
});

describe("the steps over two guests", () => {
  it("are ascending, and each is in one, in the other or in both", () => {
    const a = [{ first: 1, count: 4 }];
    const b = [
      { first: 3, count: 4 },
      { first: 20, count: 1 },
    ];
    expect([...steps(a, b)]).toEqual([
      { first: 1, count: 2, inA: true, inB: false },
      { first: 3, count: 2, inA: true, inB: true },
      { first: 5, count: 2, inA: false, inB: true },
      { first: 20, count: 1, inA: false, inB: true },
    ]);
  });
});
