/** Runs whole processes of Node for benchmarks: their time, their peak of memory, what they print. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OwnTime } from "./rows.js";

/** From spawn to exit; output is thrown away. Exit code 1 is a verdict, not a failure. */
export function processTime(args: readonly string[]): OwnTime {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  const ms = performance.now() - begin;
  if (status !== 0) throw new Error(`${args.join(" ")}: exit code ${status}: ${stderr}`);
  return { ms };
}

/** What a command says of its own time in its JSON document, without the start of its process. */
export function elapsedOf(args: readonly string[], input?: string): OwnTime {
  const command = [process.execPath, ...args].map((part) => `'${part}'`).join(" ");
  const { status, stdout, stderr } =
    input === undefined
      ? spawnSync(process.execPath, args, { encoding: "utf8" })
      : spawnSync("sh", ["-c", `cat '${input}' | ${command}`], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${args.join(" ")}: exit code ${status}: ${stderr}`);
  const { files } = JSON.parse(stdout) as { files: readonly { readonly elapsedMs: number }[] };
  return { ms: files[0]?.elapsedMs ?? Number.NaN };
}

/** Most bytes of RAM that a process held at once. */
export function peakBytes(args: readonly string[]): number {
  const folder = mkdtempSync(join(tmpdir(), "xenstream-peak-"));
  try {
    const told = join(folder, "peak");
    const hook = join(folder, "hook.cjs");
    writeFileSync(
      hook,
      `process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(told)},
        String(process.resourceUsage().maxRSS)));`,
    );
    processTime(["--require", hook, ...args]);
    return Number(readFileSync(told, "utf8")) * 1024;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
