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
  /**
   * Median of the processor time, user and system of all threads, where it is known. On a loaded
   * machine its ratio says more than that of the clock, but not what a second thread brings.
   */
  readonly cpu?: number;
  readonly cpuRatio?: number;
  /** What the ratio should be at most or at least, or what the median itself should be within. */
  readonly target?:
    | { readonly atMost: number }
    | { readonly atLeast: number }
    | { readonly within: number };
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

/** A time of its own that a task knows better than a clock around it. */
export interface OwnTime {
  readonly ms: number;
  readonly cpuMs?: number;
}

/** Something that is timed. */
export interface Task {
  readonly name: string;
  readonly baseline?: string;
  readonly target?: Row["target"];
  /** Is not timed. */
  readonly before?: () => void;
  readonly run: () => OwnTime | undefined | Promise<undefined>;
}

export function readConfig(): BenchConfig {
  return JSON.parse(process.argv[2] ?? "{}") as BenchConfig;
}

/**
 * Let tasks take turns and give their medians in milliseconds. One round more comes first, which is
 * not counted; each round begins one task later than the last.
 *
 * @param memory  `collect`: garbage is collected before each run, for tasks that make memories. V8
 *   forgets compiled code by that, so that a short task is better measured with `leave`.
 */
export async function alternate(
  tasks: readonly Task[],
  rounds: number,
  memory: "collect" | "leave" = "collect",
): Promise<Row[]> {
  const samples = tasks.map((): number[] => []);
  const cpuSamples = tasks.map((): number[] => []);
  const collectGarbage = memory === "collect" ? garbageCollector() : () => {};
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < tasks.length; turn += 1) {
      const index = (round + turn) % tasks.length;
      const task = tasks[index];
      if (task === undefined) continue;
      task.before?.();
      collectGarbage();
      const { ms, cpuMs } = await timed(task.run);
      if (round === 0) continue;
      samples[index]?.push(ms);
      if (cpuMs !== undefined) cpuSamples[index]?.push(cpuMs);
    }
  }
  return withRatios(
    tasks.map((task, index) => rowOf(task, "ms", samples[index] ?? [], cpuSamples[index])),
  );
}

async function timed(run: Task["run"]): Promise<OwnTime> {
  const cpuBegin = process.cpuUsage();
  const begin = performance.now();
  const running = run();
  const own = running instanceof Promise ? await running : running;
  const ms = performance.now() - begin;
  if (own !== undefined) return own;
  const { user, system } = process.cpuUsage(cpuBegin);
  return { ms, cpuMs: (user + system) / 1000 };
}

/** A row of samples, its ratio still missing. */
export function rowOf(
  task: Omit<Task, "run">,
  unit: string,
  samples: readonly number[],
  cpuSamples: readonly number[] = [],
): Row {
  const { median, lowerQuartile, upperQuartile } = summarise(samples);
  const { name, baseline, target } = task;
  return {
    name,
    unit,
    median,
    spread: upperQuartile - lowerQuartile,
    ...(baseline === undefined ? {} : { baseline }),
    ...(target === undefined ? {} : { target }),
    ...(cpuSamples.length === 0 ? {} : { cpu: summarise(cpuSamples).median }),
    samples,
  };
}

/** Fill in the ratio of each row whose baseline is there; without one, a row has no target. */
export function withRatios(rows: readonly Row[]): Row[] {
  return rows.map((row) => {
    const base = rows.find(({ name }) => name === row.baseline);
    if (base === undefined) {
      const { baseline: _, target: __, ...alone } = row;
      return alone;
    }
    const ratio = row.median / base.median;
    if (row.cpu === undefined || base.cpu === undefined) return { ...row, ratio };
    return { ...row, ratio, cpuRatio: row.cpu / base.cpu };
  });
}

export function answer(result: Answer): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
