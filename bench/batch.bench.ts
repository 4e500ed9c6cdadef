/**
 * Question: what does a batch of many small images cost, beside reading them?
 * Method: whole processes, taking turns; 1,000 images of 1 MiB in the page cache, all processors;
 * output thrown away.
 * Baseline: `cat` of all images.
 * Unit: milliseconds a process.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { generateImage } from "../src/ops/index.js";
import { alternate, answer, readConfig, type Task } from "./lib/rows.js";

const IMAGE_COUNT = 1000;
const MIB = 2 ** 20;
const BASELINE = "cat";

const { root, folder, rounds } = readConfig();
const command = join(root, "dist/xenstream.cjs");
const images = join(folder, "images");
mkdirSync(images);
for (let seed = 0; seed < IMAGE_COUNT; seed += 1) {
  const path = join(images, `${seed}.xcs`);
  const options = { sizeBytes: MIB, seed, zeroPercent: 0, repeatPercent: 0 };
  await generateImage({ path, describePath: null, options, digest: "none" });
}
const paths = readdirSync(images).map((name) => join(images, name));

function task(name: string, program: string, args: readonly string[], atMost?: number): Task {
  const run = () => {
    const { status } = spawnSync(program, args, { stdio: "ignore" });
    if (status !== 0) throw new Error(`${name}: exit code ${status}`);
    return undefined;
  };
  if (name === BASELINE) return { name, run };
  const target = atMost === undefined ? {} : { target: { atMost } };
  return { name, baseline: BASELINE, ...target, run };
}

const batch = (...args: readonly string[]) => [command, "batch", ...args, "--json", images];
const node = process.execPath;
const rows = alternate(
  [
    task(BASELINE, "cat", paths),
    task("batch restore --digest xxh3", node, batch("restore", "--digest", "xxh3"), 1.25),
    task("batch restore --digest sha256", node, batch("restore", "--digest", "sha256")),
    task("batch verify", node, batch("verify")),
  ],
  rounds,
);
answer({ question: "1,000 images of 1 MiB", checkedEqual: [], rows, notes: [] });
