/** Calls the C baselines (bench/native/restorer.c), each in a process of its own: memory is fresh. */
import { spawnSync } from "node:child_process";

/** What a baseline prints. `ms` is its work alone, without the start of its process. */
export interface NativeResult {
  readonly ms: number;
  /** User and system time of the same. */
  readonly cpuMs: number;
  readonly bytes: number;
  readonly dataPages: number;
  readonly populated: number;
  readonly frames: number;
  readonly hash: number;
}

export type NativeMode = "read" | "walk" | "restore" | "digest";

export function native(program: string, mode: NativeMode, path: string): NativeResult {
  const { status, stdout, stderr } = spawnSync(program, [mode, path], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${mode}: ${stderr}`);
  return JSON.parse(stdout) as NativeResult;
}

/** Take files from the page cache, so that what follows reads them from the disk. */
export function evict(program: string, paths: readonly string[]): void {
  const { status, stderr } = spawnSync(program, ["evict", ...paths], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} evict: ${stderr}`);
}
