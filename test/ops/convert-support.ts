/**
 * What the tests of conversions share: convert an image into a file of its own and read it back.
 * Not a test itself.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import {
  type ConvertOptions,
  type ConvertTarget,
  convertFile,
  Platform,
  READING_DEFAULTS,
} from "../../src/ops/index.js";
import { ROOT, runBytes } from "../harness.js";

export const FIXTURES = join(ROOT, "test/fixtures");
export const GUEST_TARGETS = ["libxc", "libxl", "xl", "libvirt", "xapi"] as const;
export const folder = mkdtempSync(join(tmpdir(), "xenstream-convert-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export const platform = new Platform({
  wasmBytes: () => readFileSync(join(ROOT, "dist/engine.wasm")),
});
let outputs = 0;

/** A path in the folder that nothing has yet. */
export function unused(kind: string): string {
  outputs += 1;
  return join(folder, `${kind}-${outputs}`);
}

interface Converted {
  readonly bytes: Uint8Array;
  readonly path: string;
  readonly notes: readonly string[];
}

/** Convert a path; throws if nothing was written. */
export async function convert(
  path: string,
  to: ConvertTarget,
  more: Partial<ConvertOptions> = {},
): Promise<Converted> {
  const output = unused("out");
  const result = await convertFile(platform, path, output, optionsOf(to, more));
  if (result.output === undefined) throw new Error(`refused: ${JSON.stringify(result)}`);
  const bytes = readFileSync(output);
  expect(result.output).toEqual({ file: output, bytes: bytes.length });
  return { bytes, path: output, notes: result.notes.map(({ note }) => note) };
}

export function optionsOf(to: ConvertTarget, more: Partial<ConvertOptions>): ConvertOptions {
  return {
    ...READING_DEFAULTS,
    limits: DEFAULT_LIMITS,
    vcpus: 2,
    engine: "wasm",
    to,
    compact: false,
    keepCheckpoints: false,
    configPath: null,
    ...more,
  };
}

/** Write bytes where they can be converted. */
export function stored(bytes: Uint8Array): string {
  const path = unused("in");
  writeFileSync(path, bytes);
  return path;
}

export function streamMemory(bytes: Uint8Array, checkpointed = false): string {
  return runBytes(bytes, { checkpointed }).digests().streamSha256;
}
