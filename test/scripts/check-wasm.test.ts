/** scripts/check-wasm.mjs fails on every breach of the law of assembly/, and on nothing else. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXPORTS } from "../../src/engine/wasm/layout.js";

const text = (value: string) => [value.length, ...new TextEncoder().encode(value)];
const section = (id: number, ...body: number[]) => [
  id,
  (body.length & 0x7f) | 0x80,
  body.length >> 7,
  ...body,
];

const TYPE = section(1, 1, 0x60, 0, 0);
const MEMORY = [...text("env"), ...text("memory"), 2, 3, 1, 1];
const FUNCTION = section(3, 1, 0);
const CODE = section(10, 1, 2, 0, 0x0b);
const exported = (names: readonly string[], kind = 0) =>
  section(7, names.length, ...names.flatMap((name) => [...text(name), kind, 0]));

interface Parts {
  readonly imports?: readonly number[][];
  readonly names?: readonly string[];
  readonly middle?: readonly number[];
  readonly data?: readonly number[];
}

/** A module that imports and exports; by default it keeps the law. */
function moduleOf({ imports = [MEMORY], names = EXPORTS, middle = [], data = [] }: Parts = {}) {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...TYPE,
    ...section(2, imports.length, ...imports.flat()),
    ...FUNCTION,
    ...middle,
    ...exported(names),
    ...CODE,
    ...data,
  ]);
}

describe("check-wasm", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "xenstream-check-wasm-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function check(bytes: Uint8Array): { code: number | null; output: string } {
    const path = join(folder, "module.wasm");
    writeFileSync(path, bytes);
    const run = spawnSync(process.execPath, ["scripts/check-wasm.mjs", path], { encoding: "utf8" });
    return { code: run.status, output: run.stdout + run.stderr };
  }

  it("passes the engine, and a module that keeps the law", () => {
    const run = spawnSync(process.execPath, ["scripts/check-wasm.mjs"], { encoding: "utf8" });
    expect(run.stderr).toBe("");
    expect(run.status).toBe(0);
    expect(check(moduleOf())).toMatchObject({ code: 0 });
  });

  it.each([
    // data segment: active, memory 0, at i32.const 0, one byte
    ["1 data segments", { data: section(11, 1, 0, 0x41, 0, 0x0b, 1, 9) }],
    // global: i32, mutable, i32.const 5
    ["1 mutable globals", { middle: section(6, 1, 0x7f, 1, 0x41, 5, 0x0b) }],
    [
      "import env.abort (function)",
      { imports: [MEMORY, [...text("env"), ...text("abort"), 0, 0]] },
    ],
    [
      "import env.memory2 (memory)",
      { imports: [[...text("env"), ...text("memory2"), 2, 3, 1, 1]] },
    ],
    ["the memory is not shared", { imports: [[...text("env"), ...text("memory"), 2, 1, 1, 1]] }],
    ["no import of env.memory", { imports: [] }],
    ["export extra (function)", { names: [...EXPORTS, "extra"] }],
    ["no export layoutHash", { names: EXPORTS.filter((name) => name !== "layoutHash") }],
  ] satisfies [string, Parts][])("fails on: %s", (fault, parts) => {
    const { code, output } = check(moduleOf(parts));
    expect(code).toBe(1);
    expect(output).toBe(`engine.wasm: ${fault}\n`);
  });

  it("fails on what is no module", () => {
    expect(check(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)).code).toBe(1);
    expect(check(moduleOf().subarray(0, 40)).code).toBe(1);
  });
});
