/**
 * What a benchmark gives to bench/run.mjs: rows of medians with their baselines and targets, as one
 * JSON document on standard output. Also how tasks take turns. Not a benchmark itself.
 */
import { garbageCollector, summarise } from "../../src/ops/index.js";

/** What run.mjs passes to each benchmark, as JSON in its first argument. */
export interface BenchConfig {
  readonly root: string;
  /** Folder for generated images, removed afterwards. */
  readonly folder: string;
  /** Path of the C baselines; null where there is no compiler. */
  readonly native: string | null;
  /** Guest memory of the images that are read whole. */
  readonly sizeBytes: number;
  readonly rounds: number;
}

/** One measure. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  /** Between the quartiles, in the same unit. */
  readonly spread: number;
  /** Name of the row that it is a multiple of. */
  readonly baseline?: string;
  readonly ratio?: number;
  /** What the ratio should be at most, or at least. */
  readonly target?: { readonly atMost: number } | { readonly atLeast: number };
  readonly samples: readonly number[];
}

/** One benchmark's answer. */
export interface Answer {
  readonly question: string;
  /** What was found equal before anything was timed. */
  readonly checkedEqual: readonly string[];
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** Something that is timed: it returns its own time where it knows better than a clock around it. */
export interface Task {
  readonly name: string;
  readonly baseline?: string;
  readonly target?: Row["target"];
  readonly run: () => number | undefined | Promise<undefined>;
}

export function readConfig(): BenchConfig {
  return JSON.parse(process.argv[2] ?? "{}") as BenchConfig;
}

/**
 * Let tasks take turns and give their medians in milliseconds. One round more comes first, which is
 * not counted; each round begins one task later than the last.
 */
export async function alternate(tasks: readonly Task[], rounds: number): Promise<Row[]> {
  const samples = tasks.map((): number[] => []);
  const collectGarbage = garbageCollector();
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < tasks.length; turn += 1) {
      const index = (round + turn) % tasks.length;
      collectGarbage();
      const begin = performance.now();
      const running = tasks[index]?.run();
      const own = running instanceof Promise ? await running : running;
      const elapsedMs = own ?? performance.now() - begin;
      if (round > 0) samples[index]?.push(elapsedMs);
    }
  }
  return withRatios(tasks.map((task, index) => rowOf(task, "ms", samples[index] ?? [])));
}

/** A row of samples, its ratio still missing. */
export function rowOf(task: Omit<Task, "run">, unit: string, samples: readonly number[]): Row {
  const { median, lowerQuartile, upperQuartile } = summarise(samples);
  const { name, baseline, target } = task;
  return {
    name,
    unit,
    median,
    spread: upperQuartile - lowerQuartile,
    ...(baseline === undefined ? {} : { baseline }),
    ...(target === undefined ? {} : { target }),
    samples,
  };
}

/** Fill in the ratio of each row whose baseline is there; without one, a row has no target. */
export function withRatios(rows: readonly Row[]): Row[] {
  return rows.map((row) => {
    const base = rows.find(({ name }) => name === row.baseline);
    if (base !== undefined) return { ...row, ratio: row.median / base.median };
    const { name, unit, median, spread, samples } = row;
    return { name, unit, median, spread, samples };
  });
}

export function answer(result: Answer): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
