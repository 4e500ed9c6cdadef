/**
 * Runs the tests that touch Node.js itself on the other releases that xenstream promises, where
 * their binaries can be had from npm (package node-<platform>-<arch>). Says aloud what was skipped
 * and why. Rooms that compute, and ask nothing of the platform, are tested on one release.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
/** Rooms that may import node:*, the library over them, and the engines, which V8 compiles. */
const ROOMS = ["input", "batch", "ops", "cli", "library", "hostile", "engines/wasm"];
/** What of them says little about a release, and takes long. */
const LEFT_OUT = [
  "test/batch/queue/**",
  "test/cli/help.test.ts",
  "test/cli/queue.test.ts",
  "test/ops/bench.test.ts",
  "test/ops/convert*.test.ts",
  "test/ops/remus-cuts.test.ts",
];
const MAJORS = ["20", "22", "24"].filter((major) => !process.version.startsWith(`v${major}.`));

/** Installs a release into .tmp/ and returns its binary, null if it cannot be had. */
function install(major) {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(ROOT, ".tmp", `node-${major}`);
  const binary = join(prefix, "node_modules", name, "bin", "node");
  if (existsSync(binary)) return binary;
  mkdirSync(prefix, { recursive: true });
  const npm = ["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
  const tried = spawnSync("npm", [...npm, "--prefix", prefix, `${name}@${major}`]);
  return tried.status === 0 && existsSync(binary) ? binary : null;
}

let failed = false;
for (const major of MAJORS) {
  const binary = install(major);
  if (binary === null) {
    console.log(`Node.js ${major}: skipped, its binary cannot be had here`);
    continue;
  }
  const version = execFileSync(binary, ["--version"], { encoding: "utf8" }).trim();
  console.log(`Node.js ${version}:`);
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const rooms = ROOMS.map((room) => `test/${room}`);
  const leftOut = LEFT_OUT.map((path) => `--exclude=${path}`);
  const args = [vitest, "run", "--reporter=dot", ...rooms, ...leftOut];
  const ran = spawnSync(binary, args, { cwd: ROOT, stdio: "inherit" });
  if (ran.status !== 0) failed = true;
}
process.exitCode = failed ? 1 : 0;
