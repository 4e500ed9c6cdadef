/**
 * Question: what does it cost to start the command, beside starting Node itself?
 * Method: whole processes, taking turns; from spawn to exit, output thrown away.
 * Baseline: `node -e 0`.
 * Unit: milliseconds a process.
 */
import { join } from "node:path";
import { generateImage } from "../src/ops/index.js";
import { processTime } from "./lib/process.js";
import { alternate, answer, readConfig, type Task } from "./lib/rows.js";

const { root, folder, rounds } = readConfig();
const command = join(root, "dist/xenstream.cjs");
const path = join(folder, "small.xcs");
await generateImage({ path, describePath: null, options: { sizeBytes: 2 ** 20 }, digest: "none" });

const BASELINE = "node -e 0";
/** A process is short and easily disturbed: more samples than elsewhere. */
const ROUNDS_FACTOR = 4;

function processTask(name: string, args: readonly string[], atMost?: number): Task {
  const run = () => processTime(args);
  if (name === BASELINE) return { name, run };
  const target = atMost === undefined ? {} : { target: { atMost } };
  return { name, baseline: BASELINE, ...target, run };
}

const rows = await alternate(
  [
    processTask(BASELINE, ["-e", "0"]),
    processTask("xenstream --help", [command, "--help"], 1.3),
    processTask("xenstream verify, 1 MiB image", [command, "verify", path], 1.35),
    processTask("xenstream restore, 1 MiB image", [command, "restore", path]),
  ],
  rounds * ROUNDS_FACTOR,
);
answer({ question: "start-up, whole processes", checkedEqual: [], rows, notes: [] });
