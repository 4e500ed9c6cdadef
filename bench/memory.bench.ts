/**
 * Question: how much RAM does a command take at its peak?
 * Method: the most that a whole process held at once, as the system counts it (maxRSS).
 * Baseline: `node -e 0`, which says how much of it is Node's own.
 * Unit: MiB a process.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { generateImage } from "../src/ops/index.js";
import { peakBytes } from "./lib/process.js";
import { answer, type Row, readConfig, rowOf, withRatios } from "./lib/rows.js";
import { writeSparseImage } from "./lib/sparse.js";

const { root, folder, rounds, sizeBytes } = readConfig();
const MIB = 1024 ** 2;
const SPARSE_BYTES = 3 * 1024 ** 3;
const command = join(root, "dist/xenstream.cjs");
const sparse = join(folder, "sparse.xcs");
const image = join(folder, "image.xcs");
writeSparseImage(sparse, SPARSE_BYTES);
const contents = { sizeBytes, zeroPercent: 30, repeatPercent: 20, seed: 1 };
await generateImage({ path: image, describePath: null, options: contents, digest: "none" });

const NODE = "node -e 0";
function peak(name: string, args: readonly string[], target?: Row["target"]): Row {
  const samples = Array.from({ length: rounds }, () => peakBytes(args) / MIB);
  const task = { name, ...(name === NODE ? {} : { baseline: NODE }) };
  return rowOf(target === undefined ? task : { ...task, target }, "MiB", samples);
}

const size = `${sizeBytes / MIB} MiB`;
const whole = sizeBytes / MIB;
const rows = [
  peak(NODE, ["-e", "0"]),
  peak("verify, structure, 3 GiB", [command, "verify", sparse], { within: 100 }),
  peak("restore, indexed, 3 GiB", [command, "restore", "--memory", "indexed", sparse], {
    within: 60,
  }),
  peak(`verify, every byte, ${size}`, [command, "verify", "--read-data", image]),
  peak(`page digest, indexed, ${size}`, [
    ...[command, "restore", "--memory", "indexed", "--digest", "xxh3", image],
  ]),
  peak(`restore, resident, ${size}`, [command, "restore", "--memory", "resident", image], {
    within: Math.ceil(0.55 * whole + 100),
  }),
];
rmSync(sparse);
rmSync(image);
answer({
  question: "memory of whole processes",
  checkedEqual: [],
  rows: withRatios(rows),
  notes: ["restore, resident: the target is 0.55 of the guest's memory, and 100 MiB for all else"],
});
