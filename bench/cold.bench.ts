/**
 * Question: what does it cost when the file is not in the page cache?
 * Method: the file is taken from the cache before each run; inner times, taking turns.
 * Baseline: a C program that reads the file, as cold.
 * Unit: milliseconds an image.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_LIMITS } from "../src/findings/index.js";
import { benchTasks, generateImage, wasmBytes } from "../src/ops/index.js";
import { evict, native } from "./lib/native.js";
import { alternate, answer, readConfig, type Task } from "./lib/rows.js";

const { folder, native: program, rounds, sizeBytes } = readConfig();
const JOBS: Readonly<Record<string, string>> = {
  verify: "verify, structure",
  "verify-read-data": "verify, every byte",
  "page-digest": "page digest",
};
/** Disks are slow: a smaller image and fewer samples tell enough. */
const BYTES_MAX = 512 * 1024 ** 2;
const C_READ = "C read";
const C_WALK = "C walk";

if (program === null) {
  const notes = ["no C compiler: nothing can take the file from the cache"];
  answer({ question: "cold files", checkedEqual: [], rows: [], notes });
} else {
  const path = join(folder, "cold.xcs");
  const bytes = Math.min(sizeBytes, BYTES_MAX);
  const contents = { sizeBytes: bytes, zeroPercent: 30, repeatPercent: 20, seed: 1 };
  await generateImage({ path, describePath: null, options: contents, digest: "none" });
  const before = () => evict(program, [path]);
  const tasks: Task[] = [
    { name: C_READ, before, run: () => native(program, "read", path) },
    { name: C_WALK, before, baseline: C_READ, run: () => native(program, "walk", path) },
  ];
  const subject = { runtime: { wasmBytes }, path, limits: DEFAULT_LIMITS, resident: false };
  for (const { job, contender, run } of benchTasks(subject)) {
    const name = JOBS[job];
    if (contender !== "wasm" || name === undefined) continue;
    const inner = async () => {
      await run();
      return undefined;
    };
    tasks.push({ name, before, baseline: job === "verify" ? C_WALK : C_READ, run: inner });
  }
  const rows = await alternate(tasks, Math.min(rounds, 3));
  rmSync(path);
  answer({
    question: `cold files, ${bytes / 1024 ** 2} MiB of guest`,
    checkedEqual: [],
    rows,
    notes: ["what the disk, or the machine below this one, keeps is not known here"],
  });
}
