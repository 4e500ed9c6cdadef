/**
 * `bench`: how fast is this machine, and what does the WASM engine bring on it? Both engines and a
 * plain read do the same jobs on the same image, in one process, taking turns, so that whatever
 * slows the machine down slows all of them. Equal output first, then times. The jobs are
 * bench-jobs.ts's, the text is report/'s.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { version } from "node:process";
import { setImmediate } from "node:timers/promises";
import {
  type BenchComparison,
  type BenchImage,
  type BenchJobName,
  type BenchMachine,
  type BenchMeasure,
  type BenchResult,
  type Limits,
  UsageError,
} from "../findings/index.js";
import { openInput } from "../input/index.js";
import { type BenchSubject, type BenchTask, benchTasks, checkEqual } from "./bench-jobs.js";
import { generateImage } from "./generate.js";
import type { Runtime } from "./runtime.js";
import { garbageCollector, type SampleSummary, summarise } from "./samples.js";

/** What `bench` takes. */
export interface BenchOptions {
  /** Image to work on; null: one is generated in the folder for temporary files, and removed. */
  readonly path: string | null;
  /** Guest memory of the generated image. */
  readonly sizeBytes: number;
  /** Samples of each measure, at least 1. */
  readonly rounds: number;
  readonly limits: Limits;
  /** Ends the run between two samples; the generated image is removed, the reason thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Told what is being done: rounds are counted from 0, which is the one that does not count. */
  readonly onStage?: ((stage: "generate" | "check" | number) => void) | undefined;
}

/** Defaults of the command. */
export const BENCH_DEFAULTS = { sizeBytes: 256 * 1024 * 1024, rounds: 5 } as const;

/** The generated image: what a guest's memory is like, more or less. */
const CONTENTS = { zeroPercent: 30, repeatPercent: 20, seed: 1 } as const;
const RESIDENT_JOBS: readonly BenchJobName[] = ["restore", "restore-recycled"];
const GIB = 1024 ** 3;
const MS_PER_SECOND = 1000;

/**
 * Measure.
 *
 * @throws {UsageError} for an image that cannot be measured: a pipe, a compressed one, no image
 * @throws {InternalError} if the engines disagree
 */
export async function bench(runtime: Runtime, options: BenchOptions): Promise<BenchResult> {
  if (options.path !== null) return await benchFile(runtime, options.path, options);
  const folder = mkdtempSync(join(tmpdir(), "xenstream-bench-"));
  try {
    const path = join(folder, "image.xcs");
    options.onStage?.("generate");
    await generateImage({
      path,
      describePath: null,
      options: { ...CONTENTS, sizeBytes: options.sizeBytes },
      digest: "none",
      signal: options.signal,
    });
    return await benchFile(runtime, path, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchFile(
  runtime: Runtime,
  path: string,
  options: BenchOptions,
): Promise<BenchResult> {
  const bytes = await plainFileBytes(path);
  const { limits } = options;
  const resident = bytes <= limits.maxMemoryBytes;
  const subject: BenchSubject = { runtime, path, limits, resident };
  options.onStage?.("check");
  const checked = await checkEqual(subject);
  if (checked === null) refuse("there is no guest in it to measure", "an image with a guest");
  const image: BenchImage = {
    file: options.path,
    bytes,
    dataPages: checked.dataPages,
    verdict: checked.verdict,
  };
  const machine = thisMachine();
  const samples = await takeSamples(benchTasks(subject), options);
  const reason = "the image is larger than --max-memory";
  const read = summarise(samples.find(({ task }) => task.job === "read")?.ms ?? []).median;
  const rows = samples.map(({ task, ms }) => ({ task, ms, summary: summarise(ms) }));
  return {
    machine,
    image,
    rounds: options.rounds,
    checkedEqual: checked.equal,
    measures: rows.map(({ task, ms, summary }) => measureOf(task, ms, summary, bytes, read)),
    comparisons: comparisonsOf(rows),
    omitted: resident ? [] : RESIDENT_JOBS.map((job) => ({ job, reason })),
  };
}

/** Size of a file that can be read by position and is not compressed. */
async function plainFileBytes(path: string): Promise<number> {
  const { source, compression } = await openInput(path);
  await source.close();
  if (compression !== null) refuse(`it is compressed by ${compression}`, "an uncompressed image");
  if (!source.seekable) refuse("it cannot be read twice", "a file");
  return statSync(path).size;
}

function refuse(why: string, allowed: string): never {
  throw new UsageError(`the image cannot be measured: ${why}`, { option: "FILE", allowed });
}

interface Samples {
  readonly task: BenchTask;
  readonly ms: number[];
}

/** Rounds over all tasks, each begun one task later than the last: no task always comes first. */
async function takeSamples(tasks: readonly BenchTask[], options: BenchOptions): Promise<Samples[]> {
  const samples = tasks.map((task) => ({ task, ms: [] as number[] }));
  const collectGarbage = garbageCollector();
  for (let round = 0; round <= options.rounds; round += 1) {
    options.onStage?.(round);
    for (let turn = 0; turn < samples.length; turn += 1) {
      const sample = samples[(round + turn) % samples.length];
      if (sample === undefined) continue;
      await setImmediate();
      options.signal?.throwIfAborted();
      collectGarbage();
      const begin = performance.now();
      await sample.task.run();
      const elapsedMs = performance.now() - begin;
      if (round > 0) sample.ms.push(elapsedMs);
    }
  }
  return samples;
}

function measureOf(
  { job, contender }: BenchTask,
  samplesMs: readonly number[],
  { median, lowerQuartile, upperQuartile }: SampleSummary,
  bytes: number,
  readMs: number,
): BenchMeasure {
  return {
    job,
    contender,
    medianMs: median,
    spreadMs: upperQuartile - lowerQuartile,
    gibPerSecond: (bytes / GIB / median) * MS_PER_SECOND,
    ratioToRead: median / readMs,
    samplesMs,
  };
}

function comparisonsOf(
  rows: readonly { readonly task: BenchTask; readonly summary: SampleSummary }[],
): BenchComparison[] {
  return rows
    .filter(({ task }) => task.contender === "wasm")
    .flatMap(({ task: { job }, summary: wasm }) => {
      const other = rows.find(({ task }) => task.job === job && task.contender === "reference");
      if (other === undefined) return [];
      const reference = other.summary;
      const referenceToWasm = reference.median / wasm.median;
      return [{ job, referenceToWasm, faster: fasterOf(wasm, reference) }];
    });
}

function fasterOf(wasm: SampleSummary, reference: SampleSummary): BenchComparison["faster"] {
  if (wasm.upperQuartile < reference.lowerQuartile) return "wasm";
  return reference.upperQuartile < wasm.lowerQuartile ? "reference" : "level";
}

/** What is known of the machine without asking anybody. */
function thisMachine(): BenchMachine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${platform()} ${arch()}`,
    node: version,
    loadAverage: loadavg()[0] ?? 0,
  };
}
