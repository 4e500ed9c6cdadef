/** The layout of a bank's memory: chained without overlap, generated files fresh, hash compared. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { BANK_PFNS, ENTRY_WINDOW_BYTES, PAGE_WINDOW_BYTES } from "../../src/engine/port.js";
import { compileEngine, createWasmEngine } from "../../src/engine/wasm/index.js";
import {
  HEADER,
  memoryPages,
  REGIONS,
  RESULT,
  type Region,
  WASM_PAGE_BYTES,
  XXH3_SECRET_BYTES,
  XXH3_STATE,
  XXH3_STRIPE_BYTES,
  ZERO_PAGE_DIGEST,
} from "../../src/engine/wasm/layout.js";
import { LAYOUT_HASH } from "../../src/engine/wasm/layout-hash.js";
import { layoutHash, sharedNumbers, sharedPlaces } from "../../src/engine/wasm/shared.js";
import { xxh3Secret } from "../../src/engine/wasm/xxh3-secret.js";
import { PAGE_BYTES } from "../../src/format/index.js";

const end = (region: Region) => region.location + region.bytes;

/** A module that exports nothing but layoutHash(), which answers 7. */
const STRANGER = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  // type 0: () -> i32; function 0 is of type 0
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f],
  ...[0x03, 0x02, 0x01, 0x00],
  // export "layoutHash": function 0
  ...[0x07, 0x0e, 0x01, 0x0a, ...new TextEncoder().encode("layoutHash"), 0x00, 0x00],
  // body of 4 bytes: no locals, i32.const 7, end
  ...[0x0a, 0x06, 0x01, 0x04, 0x00, 0x41, 0x07, 0x0b],
]);

describe("layout", () => {
  test.each([
    ["regions", REGIONS, { location: 0, bytes: 2 ** 32 }, PAGE_BYTES],
    ["header", HEADER, REGIONS.header, 8],
    ["result", RESULT, REGIONS.result, 8],
    ["xxh3 state", XXH3_STATE, REGIONS.xxh3State, 8],
  ])("chains the parts of %s without overlap, aligned, within their bounds", (...row) => {
    const [, parts, bounds, align] = row;
    let before = bounds.location;
    for (const part of Object.values<Region>(parts)) {
      expect(part.location % align).toBe(0);
      expect(part.location).toBeGreaterThanOrEqual(before);
      expect(part.location - before).toBeLessThan(align);
      before = end(part);
    }
    expect(before).toBeLessThanOrEqual(end(bounds));
  });

  it("has room for what the port promises", () => {
    expect(REGIONS.entryWindow.bytes).toBe(ENTRY_WINDOW_BYTES);
    expect(REGIONS.pageWindow.bytes).toBe(PAGE_WINDOW_BYTES);
    expect(REGIONS.arena.bytes).toBe(BANK_PFNS * PAGE_BYTES);
    expect(REGIONS.nullGuard.location).toBe(0);
  });

  it("keeps the last stripe before the xxh3 input free of other state", () => {
    const last = Object.values(XXH3_STATE).at(-1)!;
    expect(end(last)).toBeLessThanOrEqual(REGIONS.xxh3Input.location - XXH3_STRIPE_BYTES);
    expect(end(REGIONS.xxh3State)).toBe(REGIONS.xxh3Input.location);
  });

  it("ends each kind of memory behind its last region", () => {
    const bytes = (kind: "hasher" | "indexed" | "resident") => memoryPages(kind) * WASM_PAGE_BYTES;
    expect(bytes("hasher")).toBeGreaterThanOrEqual(end(REGIONS.xxh3Input));
    expect(bytes("indexed")).toBeGreaterThanOrEqual(end(REGIONS.pfnOrdinals));
    expect(bytes("resident")).toBeGreaterThanOrEqual(end(REGIONS.arena));
    expect(bytes("hasher")).toBeLessThan(bytes("indexed"));
    expect(memoryPages("resident")).toBeLessThanOrEqual(65_536);
  });

  it("gives every shared number a name of its own", () => {
    const names = [...sharedPlaces(), ...sharedNumbers()].map((n) => n.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("is written to assembly/generated as it stands", () => {
    const check = () => execFileSync(process.execPath, ["scripts/generate.mjs", "--check"]);
    expect(check).not.toThrow();
    expect(readFileSync("assembly/generated/numbers.ts", "utf8")).toContain(
      `LAYOUT_HASH: u32 = 0x${layoutHash().toString(16)};`,
    );
    expect(LAYOUT_HASH).toBe(layoutHash());
  });

  it("refuses a module that was built from other numbers", () => {
    expect(() => createWasmEngine(compileEngine(STRANGER))).toThrow(
      expect.objectContaining({ name: "InternalError", code: "layout-hash" }),
    );
  });

  it("knows the digest of a zero page, and the whole secret", () => {
    expect(xxh3Secret().length).toBe(XXH3_SECRET_BYTES);
    const xxh3 = createWasmEngine(compileEngine(readFileSync("dist/engine.wasm"))).createXxh3();
    xxh3.update(new Uint8Array(PAGE_BYTES));
    expect(xxh3.digest()).toBe(ZERO_PAGE_DIGEST);
  });
});
