/** Tables of entries that are decoded when asked for. */
import { describe, expect, it } from "vitest";
import { EntryTable } from "../../src/stream/entry-table.js";
import { RAW_U64 } from "../../src/stream/libxc/codec/pages.js";
import { bytesOf } from "./support.js";

const THREE = bytesOf("0100000000000000 0200000000000000 ffffffffffffffff");

describe("a table of entries", () => {
  it("decodes an entry when it is asked for", () => {
    const table = new EntryTable(RAW_U64, THREE);
    expect(table.length).toBe(3);
    expect(table.at(2)).toBe(0xffff_ffff_ffff_ffffn);
    expect([...table]).toEqual([1n, 2n, 0xffff_ffff_ffff_ffffn]);
    expect([...table.entries()].map(([index]) => index)).toEqual([0, 1, 2]);
    expect(table.first(2)).toEqual([1n, 2n]);
  });

  it("counts whole entries and keeps what follows them", () => {
    const table = new EntryTable(RAW_U64, THREE.subarray(0, 19));
    expect(table.length).toBe(2);
    expect(table.bytes).toHaveLength(19);
  });

  it("throws for an ordinal that it lacks", () => {
    const table = new EntryTable(RAW_U64, THREE);
    expect(() => table.at(3)).toThrow(RangeError);
    expect(() => table.at(-1)).toThrow(RangeError);
  });

  it("is made of entries as it was read", () => {
    expect(EntryTable.of(RAW_U64, [1n, 2n, 0xffff_ffff_ffff_ffffn]).bytes).toEqual(THREE);
  });
});
