/**
 * Question: what do writing guest memory to a sparse file and reading an image from a pipe cost?
 * Method: inner times of `extract` and of `verify -` behind `cat`; all take turns.
 * Baseline: `cp --sparse=always --reflink=never` of the file that extract wrote; a C program that
 * reads the same pipe to its end.
 * Unit: milliseconds an image.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { generateImage } from "../src/ops/index.js";
import type { NativeResult } from "./lib/native.js";
import { elapsedOf } from "./lib/process.js";
import { alternate, answer, type OwnTime, readConfig, type Task } from "./lib/rows.js";

const { root, folder, native: program, rounds, sizeBytes } = readConfig();
const path = join(folder, "image.xcs");
const raw = join(folder, "memory.raw");
const copy = join(folder, "copy.raw");
const command = join(root, "dist/xenstream.cjs");
const contents = { sizeBytes, zeroPercent: 30, repeatPercent: 20, seed: 1 };
await generateImage({ path, describePath: null, options: contents, digest: "none" });

function extract(): OwnTime {
  rmSync(raw, { force: true });
  return elapsedOf([command, "extract", "--json", "--format", "raw", "-o", raw, path]);
}

function cp(): OwnTime {
  rmSync(copy, { force: true });
  const begin = performance.now();
  // The product's file is on the disk when it is done: so must the copy be.
  const copied = spawnSync("sh", [
    "-c",
    `cp --sparse=always --reflink=never '${raw}' '${copy}' && sync '${copy}'`,
  ]);
  const ms = performance.now() - begin;
  if (copied.status !== 0) throw new Error(`cp: ${copied.stderr}`);
  return { ms };
}

extract();
const CP = "cp --sparse=always, synced";
const SINK = "C sink behind cat";
const tasks: Task[] = [
  { name: CP, run: cp },
  {
    name: "extract, raw",
    baseline: CP,
    target: { atMost: 1.1 },
    run: extract,
  },
  {
    name: "verify behind cat",
    baseline: SINK,
    target: { atMost: 1.05 },
    run: () => elapsedOf([command, "verify", "--json", "-"], path),
  },
];
if (program !== null) {
  tasks.unshift({
    name: SINK,
    run: () => {
      const sink = spawnSync("sh", ["-c", `cat '${path}' | '${program}' sink -`], {
        encoding: "utf8",
      });
      return { ms: (JSON.parse(sink.stdout) as NativeResult).ms };
    },
  });
}
const same = () => spawnSync("cmp", [raw, copy]).status === 0;
const rows = await alternate(tasks, rounds);
if (!same()) throw new Error("cp copied something else");
for (const file of [path, raw, copy]) rmSync(file);
answer({
  question: `files out and pipes in, ${sizeBytes / 1024 ** 2} MiB of guest`,
  checkedEqual: ["the extracted file and its copy"],
  rows,
  notes: program === null ? ["no C compiler: no C sink"] : [],
});
