/**
 * Run as a process of its own by the memory tests: verifies or restores one input with the bundled
 * pipeline and prints what came of it with the peak of resident memory. Not a test itself.
 *
 *   probe verify|restore wasm|reference FILE|-
 */
import { readFileSync } from "node:fs";
import { compileEngine, createEngine, type EngineName } from "../../src/engine/index.js";
import { CapacityError, DEFAULT_LIMITS } from "../../src/findings/index.js";
import { driveSync, openSource } from "../../src/input/index.js";
import { Image, READING_DEFAULTS, wasmBytes } from "../../src/ops/index.js";

/** Peak of this program alone: resourceUsage() knows the peak of the process that forked it too. */
function peakKib(): number {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    if (peak !== undefined) return Number(peak);
  } catch {
    // No such file: not a Linux system.
  }
  return process.resourceUsage().maxRSS;
}

const [, , what = "verify", engineName = "wasm", path = "-"] = process.argv;
const engine = createEngine(engineName as EngineName, {
  module: () => compileEngine(wasmBytes()),
  comparePages: Buffer.compare,
});
const source = openSource(path);
const image = new Image(engine, {
  ...READING_DEFAULTS,
  limits: DEFAULT_LIMITS,
  model: what === "restore" || !source.seekable ? "resident" : "indexed",
});
let limit: string | null = null;
try {
  driveSync(image.run(), source);
} catch (error) {
  if (!(error instanceof CapacityError)) throw error;
  limit = error.limit;
}
process.stdout.write(
  JSON.stringify({
    verdict: limit === null ? image.collector.verdict() : null,
    limit,
    rules: image.collector
      .findings()
      .filter(({ severity }) => severity === "error")
      .map(({ rule }) => rule)
      .slice(0, 5),
    entries: image.restorer.guest?.counts.entries ?? 0,
    peakKib: peakKib(),
  }),
);
