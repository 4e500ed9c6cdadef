/**
 * Question: what does each kernel of a page engine cost, in WASM and in plain TypeScript?
 * Method: both engines through the port, on 1024 pages of one batch; tinybench, one kernel after the
 * other. Memory is recycled throughout: "after a reset" pages get frames, "once more" they replace
 * what those hold. Memory never touched before is image.bench.ts's matter.
 * Baseline: the pure-TypeScript engine on the same calls; `Buffer.compare` and `Buffer.copy` bound
 * what a platform call could do.
 * Unit: microseconds a record of 1024 entries (4 MiB of pages).
 */
import { Bench } from "tinybench";
import {
  compileEngine,
  createEngine,
  type EngineName,
  type PageEngine,
} from "../src/engine/index.js";
import type { EngineOptions } from "../src/engine/port.js";
import { HVM_PFN_LIMIT, PAGE_BYTES } from "../src/format/index.js";
import { wasmBytes } from "../src/ops/index.js";
import { answer, type Row, readConfig, rowOf, withRatios } from "./lib/rows.js";

const { rounds } = readConfig();
const ENTRIES = 1024;
const US_PER_MS = 1000;
const OPTIONS: EngineOptions = {
  guest: "hvm",
  model: "resident",
  maxFrameBytes: 1024 ** 3,
  maxBanks: 16,
};
const compiled = compileEngine(wasmBytes());
const parts = { module: () => compiled, comparePages: Buffer.compare };

type Contents = "zero" | "random" | "repeated";
/** 1024 pages of one kind. */
const PAGES: Readonly<Record<Contents, Uint8Array>> = {
  zero: new Uint8Array(ENTRIES * PAGE_BYTES),
  random: randomPages(ENTRIES),
  repeated: repeatedPages(),
};

function randomPages(count: number): Uint8Array {
  const words = new Uint32Array((count * PAGE_BYTES) / 4);
  let state = 1;
  for (let i = 0; i < words.length; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}

/** Eight different pages, over and over. */
function repeatedPages(): Uint8Array {
  const pages = new Uint8Array(ENTRIES * PAGE_BYTES);
  const few = randomPages(8);
  for (let at = 0; at < pages.length; at += few.length) pages.set(few, at);
  return pages;
}

function beginBatch(engine: PageEngine): void {
  engine.beginBatch(HVM_PFN_LIMIT);
  const window = engine.entryWindow();
  const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
  for (let i = 0; i < ENTRIES; i += 1) {
    view.setUint32(i * 8, i, true);
    view.setUint32(i * 8 + 4, 0, true);
  }
}

/** An engine whose batch is committed and whose window holds pages. */
function ready(engine: PageEngine, contents: Contents): void {
  engine.reset(OPTIONS);
  beginBatch(engine);
  engine.checkEntries(ENTRIES);
  engine.commitEntries();
  engine.pageWindow().set(PAGES[contents]);
}

interface Kernel {
  readonly before: () => void;
  readonly run: () => void;
}

/** Every kernel of one engine. `before` is not timed. */
function kernelsOf(engine: PageEngine): Record<string, Kernel> {
  const digests = new BigUint64Array(ENTRIES);
  const copied = new Uint8Array(ENTRIES * PAGE_BYTES);
  const place = () => engine.placePages(0, ENTRIES);
  const placed = (contents: Contents) => () => {
    ready(engine, contents);
    place();
  };
  const kernels: Record<string, Kernel> = {
    "entries: check, commit, index": {
      before: () => {
        engine.reset(OPTIONS);
        beginBatch(engine);
      },
      run: () => {
        engine.checkEntries(ENTRIES);
        engine.commitEntries();
        engine.indexPages(ENTRIES, 0);
      },
    },
    "zero test, zero pages": {
      before: () => ready(engine, "zero"),
      run: () => void engine.zeroPagesInWindow(ENTRIES),
    },
    "compare, equal pages": {
      before: placed("random"),
      run: () => void engine.comparePages(0, ENTRIES),
    },
    "copy out": { before: placed("random"), run: () => engine.copyPages(0, ENTRIES, copied) },
    "XXH3 of pages": {
      before: () => ready(engine, "random"),
      run: () => engine.digestWindow(ENTRIES, digests),
    },
  };
  for (const contents of ["zero", "random", "repeated"] as const) {
    kernels[`place ${contents}, after a reset`] = {
      before: () => ready(engine, contents),
      run: place,
    };
    kernels[`place ${contents}, once more`] = { before: placed(contents), run: place };
  }
  return kernels;
}

/** The same results from both engines, kernel by kernel, before they are timed. */
function checkKernels(wasm: PageEngine, reference: PageEngine): void {
  const seen = [wasm, reference].map((engine) =>
    (["zero", "random", "repeated"] as const).map((contents) => {
      ready(engine, contents);
      const digests = new BigUint64Array(ENTRIES);
      engine.digestWindow(ENTRIES, digests);
      const zero = Buffer.from(engine.zeroPagesInWindow(ENTRIES)).toString("hex");
      engine.pageWindow().set(PAGES[contents]);
      engine.placePages(0, ENTRIES);
      const out = new Uint8Array(ENTRIES * PAGE_BYTES);
      engine.copyPages(0, ENTRIES, out);
      const equal = Buffer.compare(out, PAGES[contents]) === 0;
      return [equal, zero, digests.join(), engine.comparePages(0, ENTRIES), engine.stats()];
    }),
  );
  const [a, b] = seen.map((value) => JSON.stringify(value));
  if (a !== b) throw new Error("the engines disagree");
}

const engines = (["wasm", "reference"] as const).map(
  (name: EngineName) => [name, createEngine(name, parts)] as const,
);
checkKernels(engines[0]![1], engines[1]![1]);

const rows: Row[] = [];
const NAMES = { wasm: "WASM", reference: "TypeScript" } as const;
const kernels = engines.map(([name, engine]) => [NAMES[name], kernelsOf(engine)] as const);
for (const kernel of Object.keys(kernels[0]![1])) {
  const bench = new Bench({ time: rounds * 40, warmupTime: 40, retainSamples: true });
  for (const [who, all] of kernels) {
    const { before, run } = all[kernel]!;
    bench.add(`${kernel}, ${who}`, run, { beforeEach: before });
  }
  await bench.run();
  for (const { name, result } of bench.tasks) {
    if (result.state !== "completed") throw new Error(`${name}: ${result.state}`);
    const samples = (result.latency.samples ?? []).map((ms) => ms * US_PER_MS);
    const baseline = name.endsWith("TypeScript") ? { baseline: `${kernel}, WASM` } : {};
    rows.push({ ...rowOf({ name, ...baseline }, "us", samples), samples: [] });
  }
}
answer({
  question: "kernels, 1024 entries or pages",
  checkedEqual: ["digests, zero bits, contents, comparisons and counters of both engines"],
  rows: withRatios(rows),
  notes: [],
});
