/**
 * Run by the build in a process of its own: does what users do most, then keeps the code that V8
 * made of the commands beside them, so that the next run need not make it again.
 */
import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT } from "./root.mjs";

const IMAGES = ["hvm-tiny.xcs", "pv64-tiny.xcs", "hvm-mixed.xcs"]
  .map((name) => join(ROOT, "test/fixtures", name))
  .filter((path) => existsSync(path));
const FLAGS = { profile: "restore", engine: "wasm", color: "never", progress: false };
const loader = join(ROOT, "dist/.load-commands.cjs");

// Where the bundle has it: beside the commands.
copyFileSync(join(ROOT, "scripts/lib/load-commands.cjs"), loader);
try {
  const { FILE, load } = createRequire(import.meta.url)(loader);
  rmSync(`${FILE}.cache`, { force: true });
  const { exports: commands, script, stamp } = load();
  await commands.verifyCommand(IMAGES, FLAGS);
  for (const image of IMAGES) {
    await commands.inspectCommand(image, FLAGS);
    await commands.restoreCommand(image, { ...FLAGS, memory: "auto" });
  }
  writeFileSync(`${FILE}.cache`, Buffer.concat([Buffer.from(stamp), script.createCachedData()]));
} finally {
  rmSync(loader);
}
