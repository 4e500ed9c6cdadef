/** LiME: each run behind a header that names its first and its last address. */
import { describe, expect, it } from "vitest";
import { LIME_HEADER_BYTES, limeLayout } from "../../../src/export/memory/lime.js";

describe("a LiME image", () => {
  it("has a header with the first and the last byte's address before each run", () => {
    const runs = [
      { first: 1, count: 2 },
      { first: 0x10_0000, count: 1 },
    ];
    const layout = limeLayout(() => runs);
    const parts = [...layout.parts()];
    const headers = parts.flatMap((part) => (part.part === "bytes" ? [part.bytes] : []));
    const told = headers.map((bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      return [view.getBigUint64(8, true), view.getBigUint64(16, true)];
    });
    expect(told).toEqual([
      [0x1000n, 0x2fffn],
      [0x1_0000_0000n, 0x1_0000_0fffn],
    ]);
    expect(headers.map((bytes) => Buffer.from(bytes.subarray(0, 4)).toString())).toEqual([
      "EMiL",
      "EMiL",
    ]);
    expect(parts.map(({ fileOffset }) => fileOffset)).toEqual([0, 32, 8224, 8256]);
    expect(layout.sizeBytes).toBe(2 * LIME_HEADER_BYTES + 3 * 4096);
  });
});
