/** The thread that reads ahead shows nothing but what the file has: zeros where it has shrunk. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  FILL_FILLED,
  FILL_SLOT_PAGES,
  FILL_STATES,
  fillCounters,
  fillTask,
  readParts,
} from "../../src/engine/index.js";
import { compileEngine, createWasmEngine } from "../../src/engine/wasm/index.js";
import { PAGE_BYTES } from "../../src/format/index.js";
import { commitAll, HVM_RESIDENT, plain } from "./builders.js";

const module = compileEngine(readFileSync("dist/engine.wasm"));
const PAGES = 2;
const THERE = 100;

describe("a part that the file has no longer whole", () => {
  it("is filled up with zeros in its slot, and nothing behind it is touched", () => {
    const engine = createWasmEngine(module);
    engine.reset(HVM_RESIDENT);
    commitAll(engine, plain(0, PAGES));
    const space = engine.fillSpace(0);
    space.window.fill(0xaa);
    const parts = {
      byteOffsets: Float64Array.of(4096),
      pageCounts: Uint32Array.of(PAGES),
      banks: Uint32Array.of(0),
      counters: fillCounters(),
    };
    const positions: number[] = [];
    readParts(fillTask(7, parts, [space]), (fd, into, at, _bytes, position) => {
      expect(fd).toBe(7);
      positions.push(position);
      if (position > 4096) return 0;
      into.fill(0x55, at, at + THERE);
      return THERE;
    });
    expect(positions).toEqual([4096, 4096 + THERE]);
    expect(parts.counters[FILL_STATES + 1]).toBe(1);
    expect(parts.counters[FILL_FILLED]).toBe(1);
    const slot = space.window.subarray(FILL_SLOT_PAGES * PAGE_BYTES);
    const end = PAGES * PAGE_BYTES;
    expect(slot.subarray(0, THERE).every((byte) => byte === 0x55)).toBe(true);
    expect(slot.subarray(THERE, end).every((byte) => byte === 0)).toBe(true);
    expect(slot[end]).toBe(0xaa);
    expect(space.window[FILL_SLOT_PAGES * PAGE_BYTES - 1]).toBe(0xaa);
  });
});
