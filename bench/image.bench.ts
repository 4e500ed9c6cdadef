/**
 * Question: what does reading every byte, digesting and restoring a whole image cost?
 * Method: one generated image (30% zero, 20% repeated pages, rest random), warm cache; inner times,
 * taking turns. "fresh" restores into an engine that was just made, "recycled" into one that held
 * the same image before.
 * Baseline: C programs that read, or restore (parse, check, copy what is not zero), each in a new
 * process but timed inside; `node:crypto` SHA-256 of each page.
 * Unit: milliseconds an image.
 */
import { join } from "node:path";
import { DEFAULT_LIMITS } from "../src/findings/index.js";
import { driveSync, openSource } from "../src/input/index.js";
import {
  benchTasks,
  type EngineName,
  garbageCollector,
  generateImage,
  Image,
  Platform,
  parallelDigest,
  READING_DEFAULTS,
  restoreSource,
  wasmBytes,
} from "../src/ops/index.js";
import { type NativeMode, native } from "./lib/native.js";
import { alternate, answer, readConfig, type Task } from "./lib/rows.js";
import { wordHash } from "./lib/word-hash.js";

const { folder, native: program, rounds, sizeBytes } = readConfig();
const path = join(folder, "image.xcs");
const contents = { sizeBytes, zeroPercent: 30, repeatPercent: 20, seed: 1 };
await generateImage({ path, describePath: null, options: contents, digest: "none" });
const limits = { ...DEFAULT_LIMITS, maxMemoryBytes: 16 * 1024 ** 3 };

/** Hash of the memory that an engine restores. */
function memoryOf(engine: EngineName): { readonly hash: number; readonly residentBytes: number } {
  const image = new Image(new Platform({ wasmBytes }).engine(engine), {
    ...READING_DEFAULTS,
    limits,
    model: "resident",
  });
  const source = openSource(path);
  try {
    return driveSync(hashed(image), source);
  } finally {
    source.close();
  }
}

function* hashed(image: Image) {
  yield* image.run();
  const { guest } = image.restorer;
  if (guest === null || image.collector.verdict() !== "accept") throw new Error("no good image");
  const { residentBytes } = guest.engine.stats();
  return { hash: yield* wordHash(guest), residentBytes };
}

/** Index and digest by two threads, as the page digest above does it by one. */
function indexedGuest(): () => string {
  const platform = new Platform({ wasmBytes });
  return () => {
    const source = openSource(path);
    try {
      const reading = { ...READING_DEFAULTS, limits, model: "indexed" } as const;
      const image = new Image(platform.engine("wasm"), reading);
      driveSync(image.run(), source);
      const { guest } = image.restorer;
      const digests =
        guest === null ? null : parallelDigest(platform, guest, source, { threads: 2 });
      if (digests === null) throw new Error("nothing for two threads");
      return digests.pageDigest;
    } finally {
      source.close();
    }
  };
}

/** Restores by two threads: into a new engine each time, or into one that held the image before. */
function twoThreads(platform: Platform | null): () => Promise<undefined> {
  return async () => {
    const source = openSource(path);
    try {
      const memory = { engine: "wasm", memory: "resident", digest: null, threads: 2 } as const;
      const options = { ...READING_DEFAULTS, limits, ...memory };
      const own = platform ?? new Platform({ wasmBytes });
      const { verdict } = await restoreSource(own, source, path, options, performance.now());
      if (verdict !== "accept") throw new Error("no good image");
      return undefined;
    } finally {
      source.close();
    }
  };
}

const wasm = memoryOf("wasm");
const reference = memoryOf("reference");
if (wasm.hash !== reference.hash) throw new Error("the engines restore different memory");

const C_READ = "C read";
const C_RESTORE = "C restore, fresh";
const WHAT: Readonly<Record<string, string>> = {
  read: "read, Node",
  verify: "verify, structure",
  "verify-read-data": "verify, every byte",
  restore: "restore, fresh",
  "restore-recycled": "restore, recycled",
  "page-digest": "page digest",
};
const WHO = { wasm: "WASM", reference: "TypeScript", read: "", sha256: "SHA-256" } as const;
const BASELINES: Readonly<Record<string, Pick<Task, "baseline" | "target">>> = {
  "read, Node": { baseline: C_READ },
  "verify, every byte, WASM": { baseline: C_READ, target: { atMost: 1.05 } },
  "verify, every byte, TypeScript": { baseline: C_READ },
  "restore, fresh, WASM": { baseline: C_RESTORE },
  "restore, fresh, TypeScript": { baseline: "restore, fresh, WASM" },
  "restore, recycled, WASM": { baseline: C_READ, target: { atMost: 1.6 } },
  "restore, recycled, TypeScript": { baseline: "restore, recycled, WASM" },
  "page digest, WASM": { baseline: C_READ, target: { atMost: 1.5 } },
  "page digest, TypeScript": { baseline: "page digest, WASM", target: { atLeast: 5 } },
  "page digest, SHA-256": { baseline: "page digest, WASM", target: { atLeast: 10 } },
};

const tasks: Task[] = [];
const collectGarbage = garbageCollector();
if (program !== null) {
  const theirs = native(program, "digest", path);
  if (theirs.hash !== wasm.hash) throw new Error("the C baseline restores different memory");
  const timed = (mode: NativeMode) => () => native(program, mode, path);
  tasks.push({ name: C_READ, run: timed("read") }, { name: C_RESTORE, run: timed("restore") });
}
for (const { job, contender, run } of benchTasks({
  runtime: { wasmBytes },
  path,
  limits,
  resident: true,
})) {
  const name = [WHAT[job], WHO[contender]].filter(Boolean).join(", ");
  tasks.push({
    name,
    ...BASELINES[name],
    // Memories that nobody uses go now, not in somebody's sample. The others do without: a full
    // collection makes V8 forget compiled code.
    ...(job === "restore" ? { before: collectGarbage } : {}),
    run: async () => {
      await run();
      return undefined;
    },
  });
}
tasks.push(
  {
    name: "restore, fresh, WASM, 2 threads",
    baseline: C_RESTORE,
    // What a user gets of a file this large who asks for nothing else.
    target: { atMost: 1 },
    before: collectGarbage,
    run: twoThreads(null),
  },
  {
    name: "restore, recycled, WASM, 2 threads",
    baseline: C_READ,
    target: { atMost: 1 },
    run: twoThreads(new Platform({ wasmBytes })),
  },
);
const two = indexedGuest();
tasks.push({
  name: "page digest, WASM, 2 threads",
  baseline: C_READ,
  target: { atMost: 1.1 },
  run: () => {
    two();
    return undefined;
  },
});
const resident = (wasm.residentBytes / sizeBytes).toFixed(3);
answer({
  question: `whole image, ${sizeBytes / 1024 ** 2} MiB of guest`,
  checkedEqual: ["memory of both engines and of the C restorer"],
  rows: await alternate(tasks, rounds, "leave"),
  notes: [
    `frames held by the resident guest: ${resident} of the guest's memory (target 0.55)`,
    ...(program === null ? ["no C compiler: no C baselines"] : []),
  ],
});
