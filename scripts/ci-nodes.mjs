/**
 * Runs the tests that touch Node.js itself on the other releases that xenstream promises, where
 * their binaries can be had from npm (package node-<platform>-<arch>). Says aloud what was skipped
 * and why. Rooms that compute, and ask nothing of the platform, are tested on one release.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
/** Rooms that may import node:*, the library, the packed package, and hostile streams. */
const ROOMS = ["input", "batch", "ops", "cli", "library", "hostile", "package"];
/** What of them says little about a release, and takes long. */
const LEFT_OUT = /^(batch\/queue\/|cli\/(help|queue)\.|ops\/(bench|convert[a-z-]*|remus-cuts)\.)/;
/** By their paths: projects of vitest heed no --exclude. */
const TESTS = ROOMS.flatMap((room) =>
  readdirSync(join(ROOT, "test", room), { recursive: true, encoding: "utf8" })
    .map((name) => `${room}/${name}`)
    .filter((name) => name.endsWith(".test.ts") && !LEFT_OUT.test(name)),
).map((name) => `test/${name}`);
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
  const args = [vitest, "run", "--reporter=dot", ...TESTS];
  const ran = spawnSync(binary, args, { cwd: ROOT, stdio: "inherit" });
  if (ran.status !== 0) failed = true;
}
process.exitCode = failed ? 1 : 0;
