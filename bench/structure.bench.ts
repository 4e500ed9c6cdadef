/**
 * Question: what do a structural verify and an indexed restore of a large image cost?
 * Method: a 3 GiB image whose pages are holes of a sparse file, as no page is to be read. "inner" is
 * the time of the operation in a process that has done it before, "first" that in a new process,
 * where nothing is compiled yet; whole processes from spawn to exit. All take turns.
 * Baseline: a C program that reads and checks headers and entries; `node -e 0`.
 * Unit: milliseconds an image.
 */
import { join } from "node:path";
import { DEFAULT_LIMITS } from "../src/findings/index.js";
import { openSource } from "../src/input/index.js";
import {
  type EngineName,
  Platform,
  READING_DEFAULTS,
  restoreSource,
  verifySource,
  wasmBytes,
} from "../src/ops/index.js";
import { native } from "./lib/native.js";
import { elapsedOf, processTime } from "./lib/process.js";
import { alternate, answer, readConfig, type Task } from "./lib/rows.js";
import { writeSparseImage } from "./lib/sparse.js";

const { root, folder, native: program, rounds } = readConfig();
const GUEST_BYTES = 3 * 1024 ** 3;
/** These runs are short: more samples than elsewhere. */
const ROUNDS_FACTOR = 3;
const path = join(folder, "sparse.xcs");
const command = join(root, "dist/xenstream.cjs");
writeSparseImage(path, GUEST_BYTES);

const platform = new Platform({ wasmBytes });
const options = { ...READING_DEFAULTS, limits: DEFAULT_LIMITS };

async function verify(engine: EngineName) {
  const source = openSource(path);
  try {
    const reading = { ...options, engine, readData: false };
    return await verifySource(platform, source, path, reading, performance.now());
  } finally {
    source.close();
  }
}

async function restoreIndexed() {
  const source = openSource(path);
  try {
    const reading = { ...options, engine: "wasm", memory: "indexed", digest: null } as const;
    return await restoreSource(platform, source, path, reading, performance.now());
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
const inner = (work: () => Promise<unknown>) => async () => {
  await work();
  return undefined;
};
const tasks: Task[] = [
  {
    name: "verify, inner, WASM",
    baseline: WALK,
    target: { atMost: 3 },
    run: inner(() => verify("wasm")),
  },
  { name: "verify, inner, TypeScript", baseline: WALK, run: inner(() => verify("reference")) },
  {
    name: "restore, indexed, inner",
    baseline: WALK,
    target: { within: 15 },
    run: inner(restoreIndexed),
  },
  {
    name: "verify, first, WASM",
    baseline: WALK,
    run: () => elapsedOf([command, "verify", "--json", path]),
  },
  { name: NODE, run: () => processTime(["-e", "0"]) },
  {
    name: "xenstream verify, process",
    baseline: NODE,
    target: { atMost: 1.4 },
    run: () => processTime([command, "verify", path]),
  },
];
if (program !== null) {
  const walked = native(program, "walk", path);
  if (walked.dataPages !== stream.dataPages) throw new Error(`C walk: ${walked.dataPages} pages`);
  tasks.unshift({ name: WALK, run: () => native(program, "walk", path) });
}
answer({
  question: "structural verify, 3 GiB",
  checkedEqual: ["findings of both engines", "data pages of the C walk"],
  rows: await alternate(tasks, rounds * ROUNDS_FACTOR, "leave"),
  notes: program === null ? ["no C compiler: no C walk"] : [],
});
