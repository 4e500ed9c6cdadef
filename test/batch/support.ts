/** Settings, folders and runs that tests of batches share. Not a test itself. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BatchJob, JobOutcome, JobSettings } from "../../src/batch/index.js";

/** verify, all defaults. */
export const SETTINGS: JobSettings = {
  operation: "verify",
  profile: "restore",
  checkpointed: false,
  vcpus: null,
  formatHint: null,
  engine: "wasm",
  maxMemoryBytes: 1024 ** 3,
  readData: false,
  memory: "auto",
  digest: null,
  manifestDir: null,
};

/** Jobs of files in this order, all of the size that is given; null: nobody knows it. */
export function jobsOf(files: readonly string[], bytes: number | null = null): BatchJob[] {
  return files.map((file, index) => ({ index, file, bytes }));
}

/** An outcome as JSON has it, its time taken out. */
export function timeless(outcome: JobOutcome | object): object {
  const { elapsedMs: _time, ...rest } = outcome as { elapsedMs?: number };
  return rest;
}

/** A folder that is removed with remove(). */
export function folderOf(name: string) {
  const root = mkdtempSync(join(tmpdir(), `xenstream-${name}-`));
  const path = (...names: readonly string[]) => join(root, ...names);
  return {
    root,
    path,
    write(name: string, bytes: Uint8Array | string): string {
      mkdirSync(dirname(path(name)), { recursive: true });
      writeFileSync(path(name), bytes);
      return path(name);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Names below a folder that only a run at work may have: temporary files and locks. */
export function leftovers(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => /\.part$|\.lock$|\.stale$/.test(name));
}
