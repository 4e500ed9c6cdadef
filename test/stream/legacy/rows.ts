/**
 * Rule tables of the legacy tests: each row names a rule, a stream that fires it and one that just
 * does not.
 */
import { expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/findings/index.js";
import type { LegacyShape } from "../../../src/stream/legacy/probe.js";
import { readLegacy } from "../../../src/stream/legacy/reader.js";
import { drive, faultsOf, rulesOf } from "../drive.js";

/** A stream that fires a rule, where, and one that just does not. */
export interface Row {
  readonly rule: string;
  readonly what: string;
  readonly fires: Uint8Array;
  readonly at: number;
  readonly near: Uint8Array;
  /** Where it is not that of the table. */
  readonly guest?: "hvm";
}

/** One test for each row of a table. */
export function judge(table: LegacyShape, rows: readonly Row[]): void {
  for (const { rule, what, fires, at, near, guest } of rows) {
    it(`${rule}: ${what}`, () => {
      const shape = { ...table, guest: guest ?? table.guest };
      const read = (bytes: Uint8Array) =>
        drive(readLegacy(0, { shape, wrapper: null, limits: DEFAULT_LIMITS }), bytes);
      const fired = read(fires);
      expect(rulesOf(fired)).toEqual([rule]);
      expect(faultsOf(fired)[0]?.byteOffset).toBe(at);
      expect(rulesOf(read(near))).toEqual([]);
    });
  }
}
