/**
 * `batch --queue` and `worker`: the queue of batch/ with what it needs put together: its packages,
 * which users install themselves, and worker threads that do the jobs. Not what is shown.
 */
import {
  type BatchJob,
  type JobOutcome,
  type JobRunner,
  type JobSettings,
  openQueueRunner,
  type RunJobHooks,
  runQueueWorker,
} from "../batch/index.js";
import { InternalError } from "../findings/index.js";
import { loadOptionalPackages } from "../input/index.js";
import { VERSION } from "./version.js";

/** Where a queue is. */
export interface QueuePlace {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  /** For a URL without one. */
  readonly password?: string | undefined;
  /** What the user should know, in a sentence each. */
  readonly onNotice: (text: string) => void;
}

/** What a worker is asked for. */
export interface ServeQueueOptions extends QueuePlace {
  /** One for each job at a time; each is given one job after the other. */
  readonly runners: readonly JobRunner[];
  /** Of one job, whatever its batch grants it. */
  readonly maxMemoryBytes: number;
  /** End after so long without a job; null: never. */
  readonly idleExitMs: number | null;
  readonly onOutcome?: (job: BatchJob, outcome: JobOutcome) => void;
  /** When aborted, jobs at hand are given back and the worker ends. */
  readonly signal: AbortSignal;
}

/**
 * A runner that has jobs done by workers on other hosts.
 *
 * @throws {UsageError} if the URL is none
 * @throws {InputError} code "package-missing" or "queue-unreachable"
 */
export async function queueRunner(place: QueuePlace): Promise<JobRunner> {
  return await openQueueRunner({ ...place, packages: loadPackages(), tool: VERSION });
}

/**
 * Take jobs from a queue until there was none for too long, or the signal is aborted.
 *
 * @throws as queueRunner(), and {InputError} code "queue-lost" or "queue-failed"
 */
export async function serveQueue(options: ServeQueueOptions): Promise<void> {
  const { runners, signal, ...worker } = options;
  const idle = [...runners];
  await runQueueWorker(
    {
      ...worker,
      packages: loadPackages(),
      tool: VERSION,
      jobs: runners.length,
      runJob: async (job, settings, hooks) => {
        const runner = idle.pop();
        if (runner === undefined) throw new InternalError("no more jobs at a time than runners");
        try {
          return await runOne(runner, job, settings, hooks);
        } finally {
          idle.push(runner);
        }
      },
    },
    signal,
  );
}

/** One job through a runner, as a promise of its outcome. */
async function runOne(
  runner: JobRunner,
  job: BatchJob,
  settings: JobSettings,
  { signal, onProgress }: RunJobHooks,
): Promise<JobOutcome> {
  const given: JobOutcome[] = [];
  const events = {
    onProgress: (_job: BatchJob, bytes: number, totalBytes: number | null) =>
      onProgress(bytes, totalBytes),
    onOutcome: (_job: BatchJob, outcome: JobOutcome) => given.push(outcome),
  };
  await runner.run([job], settings, events, signal);
  const [outcome] = given;
  if (outcome !== undefined) return outcome;
  signal.throwIfAborted();
  throw new InternalError("a runner that was not stopped gives each job its outcome");
}

function loadPackages() {
  const names = ["bullmq", "ioredis"] as const;
  return loadOptionalPackages<Record<(typeof names)[number], unknown>>("--queue", names);
}
