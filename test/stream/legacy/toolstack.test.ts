/** The strings of toolstack chunks: those of a chunk with a breach are none. Rules: LG-TS-2..4. */
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/findings/index.js";
import { PackedStrings, readToolstack } from "../../../src/stream/legacy/toolstack.js";
import * as build from "../../builders/legacy.js";

describe("a toolstack chunk with a breach", () => {
  it("adds no string, not even those of the regions before it", () => {
    const strings = new PackedStrings(DEFAULT_LIMITS);
    const sound = build.toolstackBlob(32, build.VIDEO);
    expect(readToolstack(sound, 32, strings).breach).toBeNull();
    const before = strings.bytes();
    expect(before.length).toBeGreaterThan(0);
    const cut = build.toolstackBlob(32, build.VIDEO, build.VIDEO).subarray(0, -1);
    expect(readToolstack(cut, 32, strings).breach).toMatchObject({ rule: "LG-TS-2" });
    expect(strings.bytes()).toEqual(before);
    expect(readToolstack(sound, 32, strings).breach).toBeNull();
    expect(strings.length).toBe(2 * before.length);
  });
});
