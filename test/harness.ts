/**
 * What tests of whole images share: run bytes through reader, restorer and engine, and what came of
 * it in a form that can be compared. Not a test itself.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  compileEngine,
  createEngine,
  type EngineName,
  type MemoryModel,
  type PageEngine,
} from "../src/engine/index.js";
import { DEFAULT_LIMITS, type Finding, type Verdict } from "../src/findings/index.js";
import { digestSha256, type Sha256Digests } from "../src/guest/index.js";
import { BufferSource, driveSync, type Source } from "../src/input/index.js";
import { type GenidChange, genidJob } from "../src/ops/genid.js";
import { createSha256, Image, READING_DEFAULTS, type ReadingOptions } from "../src/ops/index.js";
import type { StreamEvent } from "../src/stream/index.js";

export const ROOT = resolve(import.meta.dirname, "..");
export const ENGINES: readonly EngineName[] = ["wasm", "reference"];

const compiled = compileEngine(readFileSync(join(ROOT, "dist/engine.wasm")));
const engines = new Map<EngineName, PageEngine>();

/** A recycled engine: its last image is forgotten by the next one that is run on it. */
export function engineOf(name: EngineName): PageEngine {
  let engine = engines.get(name);
  if (engine === undefined) {
    engine = createEngine(name, { module: () => compiled, comparePages: Buffer.compare });
    engines.set(name, engine);
  }
  return engine;
}

export interface RunOptions extends Partial<ReadingOptions> {
  readonly engine?: EngineName;
  readonly model?: MemoryModel;
  /** What is done about the generation id afterwards. */
  readonly genid?: GenidChange;
}

/** One image that was run, with its source: the guest can be asked for pages. */
export interface Ran {
  readonly image: Image;
  readonly source: Source;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  /** Rules of the findings that reject, in order. */
  readonly errors: readonly string[];
  digests(): Sha256Digests;
}

/** Run one image: by default the WASM engine, indexed, 2 vcpus, profile `restore`. */
export function runSource(
  source: Source,
  options: RunOptions = {},
  observe?: (event: StreamEvent) => void,
): Ran {
  const { engine = "wasm", genid, ...reading } = options;
  const image = new Image(engineOf(engine), {
    ...READING_DEFAULTS,
    limits: DEFAULT_LIMITS,
    vcpus: 2,
    model: "indexed",
    ...reading,
  });
  driveSync(image.run(observe), source);
  if (genid !== undefined) driveSync(genidJob(image, genid), source);
  const findings = image.collector.findings();
  return {
    image,
    source,
    verdict: image.collector.verdict(),
    findings,
    errors: findings.filter(({ severity }) => severity === "error").map(({ rule }) => rule),
    digests() {
      const { guest } = image.restorer;
      if (guest === null) throw new Error("no guest in this image");
      return driveSync(digestSha256(guest, createSha256), source);
    },
  };
}

/** As runSource, from bytes. */
export function runBytes(
  bytes: Uint8Array,
  options: RunOptions = {},
  observe?: (event: StreamEvent) => void,
): Ran {
  return runSource(new BufferSource(bytes, "test image"), options, observe);
}
