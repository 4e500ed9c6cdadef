/**
 * `npm run demo`: what xenstream is for, in a minute: makes an image, verifies it, restores it,
 * damages a copy and shows what is said of that. Works in a folder of its own and removes it.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./lib/root.mjs";

const COMMAND = join(ROOT, "dist/xenstream.cjs");
const folder = mkdtempSync(join(tmpdir(), "xenstream-demo-"));
const image = join(folder, "guest.xlsave");
const damaged = join(folder, "damaged.xlsave");

/** Run the command as a user would, and insist on how it ends. */
function show(expected, ...args) {
  console.log(`\n$ xenstream ${args.join(" ").replaceAll(`${folder}/`, "")}`);
  const { status, error } = spawnSync(process.execPath, [COMMAND, ...args], { stdio: "inherit" });
  if (error) throw error;
  if (status !== expected) throw new Error(`exit code ${status}, expected ${expected}`);
}

try {
  const options = ["--size", "32MiB", "--seed", "7", "--guest", "hvm", "--container", "xl"];
  show(0, "generate", "-o", image, ...options);
  show(0, "verify", image);
  show(0, "restore", image, "--digest", "sha256");

  copyFileSync(image, damaged);
  // A copy whose end was lost on the way: a restore would find out after all the pages.
  truncateSync(damaged, statSync(image).size - 3000);
  show(1, "verify", damaged);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
