/**
 * Question: does the cost grow with the image alone, and what do more threads bring?
 * Method: structural verify and indexed restore of sparse images from 64 MiB to 16 GiB; a resident
 * restore into recycled memory and the page digest of whole images up to the size of the run; the
 * page digest by one to four threads. Inner times, taking turns.
 * Baseline: the cost for each GiB of the largest image of the same job; one thread.
 * Unit: milliseconds for each GiB of guest, so that equal rows mean a straight line.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_LIMITS } from "../src/findings/index.js";
import { openSource } from "../src/input/index.js";
import {
  generateImage,
  Platform,
  READING_DEFAULTS,
  restoreSource,
  verifySource,
  wasmBytes,
} from "../src/ops/index.js";
import { alternate, answer, type Row, readConfig, type Task, withRatios } from "./lib/rows.js";
import { writeSparseImage } from "./lib/sparse.js";

const { folder, rounds, sizeBytes } = readConfig();
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const SPARSE_SIZES = [64 * MIB, 256 * MIB, GIB, 4 * GIB, 16 * GIB];
const WHOLE_SIZES = [64 * MIB, 256 * MIB, GIB, 4 * GIB].filter((bytes) => bytes <= sizeBytes);
const THREADS = [1, 2, 4];
/** How far a row may be from that of the largest image. */
const STRAIGHT = 1.1;

const limits = { ...DEFAULT_LIMITS, maxMemoryBytes: 16 * GIB };
const platform = new Platform({ wasmBytes });
const options = { ...READING_DEFAULTS, limits, engine: "wasm" } as const;

async function verify(path: string): Promise<void> {
  const source = openSource(path);
  try {
    const reading = { ...options, readData: false };
    await verifySource(platform, source, path, reading, performance.now());
  } finally {
    source.close();
  }
}

interface Restoring {
  readonly memory: "indexed" | "resident";
  readonly digest?: "xxh3";
  readonly threads?: number;
}

async function restore(path: string, { memory, digest, threads }: Restoring): Promise<void> {
  const source = openSource(path);
  try {
    const reading = { ...options, memory, digest: digest ?? null, threads };
    await restoreSource(platform, source, path, reading, performance.now());
  } finally {
    source.close();
  }
}

/** One job over images of several sizes, per GiB, each beside the largest. */
async function rowsOf(
  job: string,
  paths: ReadonlyMap<number, string>,
  run: (path: string) => Promise<void>,
  straight: boolean,
): Promise<Row[]> {
  const sizes = [...paths.keys()];
  const name = (bytes: number) =>
    `${job}, ${bytes >= GIB ? `${bytes / GIB} GiB` : `${bytes / MIB} MiB`}`;
  const largest = name(Math.max(...sizes));
  const tasks: Task[] = sizes.map((bytes) => ({
    name: name(bytes),
    run: async () => {
      await run(paths.get(bytes) ?? "");
      return undefined;
    },
  }));
  const measured = await alternate(tasks, rounds, "leave");
  const rows = measured.map((row, index): Row => {
    const perGib = GIB / (sizes[index] ?? GIB);
    return {
      ...row,
      unit: "ms/GiB",
      median: row.median * perGib,
      spread: row.spread * perGib,
      ...(row.cpu === undefined ? {} : { cpu: row.cpu * perGib }),
      ...(row.name === largest ? {} : { baseline: largest }),
      // Below 1 GiB what each image costs by itself shows.
      ...(straight && row.name !== largest && (sizes[index] ?? 0) >= GIB
        ? { target: { atMost: STRAIGHT } }
        : {}),
    };
  });
  return withRatios(rows);
}

const sparse = new Map<number, string>();
for (const bytes of SPARSE_SIZES) {
  const path = join(folder, `sparse-${bytes}.xcs`);
  writeSparseImage(path, bytes);
  sparse.set(bytes, path);
}
const whole = new Map<number, string>();
for (const bytes of WHOLE_SIZES) {
  const path = join(folder, `whole-${bytes}.xcs`);
  const contents = { sizeBytes: bytes, zeroPercent: 30, repeatPercent: 20, seed: 1 };
  await generateImage({ path, describePath: null, options: contents, digest: "none" });
  whole.set(bytes, path);
}
const rows = [
  ...(await rowsOf("verify, structure", sparse, verify, true)),
  ...(await rowsOf(
    "restore, indexed",
    sparse,
    (path) => restore(path, { memory: "indexed" }),
    true,
  )),
  ...(await rowsOf(
    "restore, recycled",
    whole,
    (path) => restore(path, { memory: "resident" }),
    true,
  )),
];
const largest = whole.get(Math.max(...whole.keys())) ?? "";
const digests = THREADS.map((threads): Task => {
  const name = `page digest, ${threads} thread${threads > 1 ? "s" : ""}`;
  const run = async () => {
    await restore(largest, { memory: "indexed", digest: "xxh3", threads });
    return undefined;
  };
  return threads === 1 ? { name, run } : { name, baseline: "page digest, 1 thread", run };
});
rows.push(...(await alternate(digests, rounds, "leave")));
for (const path of [...sparse.values(), ...whole.values()]) rmSync(path);
answer({
  question: "cost against size and threads",
  checkedEqual: [],
  rows,
  notes: [`page digests are those of the ${Math.max(...whole.keys()) / MIB} MiB image`],
});
