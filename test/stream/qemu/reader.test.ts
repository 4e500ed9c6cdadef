import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "../../../src/findings/index.js";
import { readQemu } from "../../../src/stream/qemu/reader.js";
import { ascii, concat, u32be, zeros } from "../../builders/bytes.js";
import { type DriveMode, drive, faultsOf, rulesOf } from "../drive.js";

const state = (version: number, ...rest: number[]) =>
  concat(ascii("QEVM"), u32be(version), Uint8Array.from(rest));

function read(bytes: Uint8Array, limits: Partial<Limits> = {}, mode: DriveMode = "file") {
  return drive(readQemu(0, { ...DEFAULT_LIMITS, ...limits }), bytes, { mode });
}

describe("bare QEMU state", () => {
  for (const mode of ["file", "pipe"] as const) {
    it(`reaches to the end of the input (${mode})`, () => {
      const bytes = state(3, 4, 1, 2, 3, 0);
      const driven = read(bytes, {}, mode);
      expect(rulesOf(driven)).toEqual([]);
      expect(driven.result).toBe(bytes.length);
      expect(driven.events).toMatchObject([
        { event: "container", name: "qemu" },
        { event: "header", layer: "qemu", fields: { version: 3, bytes: 13 } },
        { event: "section", layer: "qemu", name: "emulator", bytes: 13, body: bytes },
      ]);
    });
  }

  it("is passed over beyond the limit, its end unjudged", () => {
    const bytes = concat(state(3), zeros(100).fill(1));
    const driven = read(bytes, { maxMetadataBytes: 107 });
    expect(rulesOf(driven)).toEqual([]);
    expect(driven.result).toBe(108);
    expect(driven.events.at(-1)).toMatchObject({ event: "section", bytes: 108, body: null });
    expect(rulesOf(read(bytes, { maxMetadataBytes: 108 }))).toEqual(["LL-QE-3"]);
  });

  const rows: [rule: string, what: string, fires: Uint8Array, at: number, near: Uint8Array][] = [
    ["LL-QE-2", "version 4", state(4, 0), 4, state(3, 0)],
    ["LL-QE-2", "version 1", state(1, 0), 4, state(2, 0)],
    ["LL-QE-2", "a head cut short", state(3).subarray(0, 7), 0, state(3, 0)],
    ["LL-QE-3", "another last byte", state(3, 0, 1), 9, state(3, 1, 0)],
    ["LL-QE-3", "no section", state(2), 7, state(2, 0)],
  ];
  for (const [rule, what, fires, at, near] of rows) {
    it(`${rule}: ${what}`, () => {
      const driven = read(fires);
      expect(rulesOf(driven)).toEqual([rule]);
      expect(faultsOf(driven)[0]?.byteOffset).toBe(at);
      expect(rulesOf(read(near))).toEqual([]);
    });
  }

  it("is given at every cut", () => {
    const bytes = state(3, 4, 9, 9, 0);
    for (let cut = 0; cut < bytes.length; cut += 1) {
      const driven = read(bytes.subarray(0, cut));
      expect(driven.error).toBeNull();
      expect(rulesOf(driven)).toHaveLength(1);
    }
  });
});
