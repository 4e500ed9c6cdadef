/** The cursor over structures that must be whole. */
import { describe, expect, it } from "vitest";
import { Cursor } from "../../src/stream/cursor.js";
import { drive } from "./drive.js";

const RULE = { layer: "legacy", rule: "LG-CH-10" } as const;

describe("numbers that a cursor reads", () => {
  it("take no memory of their own, however many there are", () => {
    const cursor = new Cursor(0, "numbers", RULE);
    function* numbers() {
      const first = yield* cursor.view(4);
      const value = first.getUint32(0, true);
      const second = yield* cursor.view(2);
      return { value, next: second.getUint16(0, true), same: first === second };
    }
    const { result } = drive(numbers(), Uint8Array.of(1, 0, 0, 0, 2, 0));
    expect(result).toEqual({ value: 1, next: 2, same: true });
    expect(cursor.byteOffset).toBe(6);
  });

  it("must be whole", () => {
    const cursor = new Cursor(0, "a number", RULE);
    const { error } = drive(cursor.view(4), Uint8Array.of(1, 0, 0));
    expect(error).toMatchObject({ fault: { rule: "LG-CH-10", byteOffset: 0 } });
  });
});
