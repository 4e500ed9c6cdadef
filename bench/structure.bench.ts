/**
 * Question: what does a structural verify of a large image cost?
 * Method: a 3 GiB image whose pages are holes of a sparse file, as no page is to be read; inner time
 * of ops/verify, and whole processes, taking turns.
 * Baseline: a C program that reads and checks headers and entries; `node -e 0`.
 * Unit: milliseconds an image.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { DEFAULT_LIMITS } from "../src/findings/index.js";
import { openSource } from "../src/input/index.js";
import { Platform, READING_DEFAULTS, verifySource, wasmBytes } from "../src/ops/index.js";
import { native } from "./lib/native.js";
import { alternate, answer, readConfig, type Task } from "./lib/rows.js";
import { writeSparseImage } from "./lib/sparse.js";

const { root, folder, native: program, rounds } = readConfig();
const GUEST_BYTES = 3 * 1024 ** 3;
const path = join(folder, "sparse.xcs");
writeSparseImage(path, GUEST_BYTES);

const platform = new Platform({ wasmBytes });
async function verify(engine: "wasm" | "reference") {
  const source = openSource(path);
  const options = { ...READING_DEFAULTS, limits: DEFAULT_LIMITS, engine, readData: false };
  try {
    return await verifySource(platform, source, path, options, performance.now());
  } finally {
    source.close();
  }
}

async function comparable(engine: "wasm" | "reference") {
  const { elapsedMs: _, ...result } = await verify(engine);
  return JSON.stringify(result);
}
const first = await comparable("wasm");
const second = await comparable("reference");
if (first !== second) throw new Error(`the engines disagree: ${first} and ${second}`);
const { verdict, stream } = await verify("wasm");
if (verdict !== "accept" || stream === undefined) throw new Error(`the image is no good: ${first}`);
const WALK = "C walk, inner";
const NODE = "node -e 0";
const tasks: Task[] = [
  {
    name: "WASM, inner",
    baseline: WALK,
    target: { atMost: 3 },
    run: () => verify("wasm").then(() => undefined),
  },
  {
    name: "TypeScript, inner",
    baseline: WALK,
    run: () => verify("reference").then(() => undefined),
  },
  { name: NODE, run: () => void spawnSync(process.execPath, ["-e", "0"]) },
  {
    name: "xenstream verify, process",
    baseline: NODE,
    target: { atMost: 1.4 },
    run: () => void spawnSync(process.execPath, [join(root, "dist/xenstream.cjs"), "verify", path]),
  },
];
if (program !== null) {
  const walked = native(program, "walk", path);
  if (walked.dataPages !== stream.dataPages) throw new Error(`C walk: ${walked.dataPages} pages`);
  tasks.unshift({ name: WALK, run: () => native(program, "walk", path).ms });
}
answer({
  question: "structural verify, 3 GiB",
  checkedEqual: ["findings of both engines", "data pages of the C walk"],
  rows: await alternate(tasks, rounds * 2),
  notes: program === null ? ["no C compiler: no C walk"] : [],
});
