/** Batches, runners and workers of one process for the queue's tests. Not a test itself. */
import * as bullmq from "bullmq";
import * as ioredis from "ioredis";
import {
  type BatchJob,
  type JobOutcome,
  type JobSettings,
  openQueueRunner,
  type QueueTiming,
  type RunJob,
  runQueueWorker,
} from "../../../src/batch/index.js";
import { SETTINGS } from "../support.js";

export const packages = { bullmq, ioredis };

/** Everything faster than in earnest. */
export const FAST: Partial<QueueTiming> = { lockMs: 1000, backoffMs: 20, reconnectMs: 1500 };

export function jobsOf(count: number, prefix = "/images/"): BatchJob[] {
  return Array.from({ length: count }, (_, index) => ({
    index,
    file: `${prefix}${index}.save`,
    bytes: 4096 * index,
  }));
}

/** What a worker of these tests makes of an image: a failure line that tells its name. */
export function outcomeFor({ file }: BatchJob, message = "as told"): JobOutcome {
  return { v: 1, type: "file", file, error: { code: "input", message, exitCode: 2 } };
}

/** One batch through a queue, and all that was told of it. */
export class SentBatch {
  readonly outcomes = new Map<number, JobOutcome>();
  readonly events: string[] = [];
  readonly notices: string[] = [];
  readonly stop = new AbortController();
  /** Images that had more than one outcome. */
  readonly doubled: string[] = [];

  async send(
    url: string,
    jobs: readonly BatchJob[],
    timing: Partial<QueueTiming> = FAST,
    settings: JobSettings = SETTINGS,
  ): Promise<void> {
    const onNotice = (text: string) => this.notices.push(text);
    const runner = await openQueueRunner({ packages, url, tool: "0.0.0", timing, onNotice });
    try {
      await runner.run(
        jobs,
        settings,
        {
          onGiveOut: ({ file }) => this.events.push(`give ${file}`),
          onStart: ({ file }) => this.events.push(`start ${file}`),
          onProgress: ({ file }, bytes) => this.events.push(`progress ${file} ${bytes}`),
          onOutcome: (job, outcome) => {
            this.events.push(`outcome ${job.file}`);
            if (this.outcomes.has(job.index)) this.doubled.push(job.file);
            this.outcomes.set(job.index, outcome);
          },
        },
        this.stop.signal,
      );
    } finally {
      await runner.close();
    }
  }

  /** Files in the order of their outcomes. */
  get finished(): string[] {
    return this.events.filter((text) => text.startsWith("outcome ")).map((text) => text.slice(8));
  }
}

/** A worker in this process; stop() ends it as a signal does. */
export function startWorker(
  url: string,
  runJob: RunJob,
  { timing = FAST, jobs = 1, tool = "0.0.0" } = {},
) {
  const stop = new AbortController();
  const notices: string[] = [];
  const ended = runQueueWorker(
    {
      packages,
      url,
      tool,
      timing,
      jobs,
      maxMemoryBytes: 2 ** 28,
      idleExitMs: null,
      runJob,
      onNotice: (text) => notices.push(text),
    },
    stop.signal,
  );
  ended.catch(() => undefined); // seen by whoever awaits it
  return {
    notices,
    ended,
    stop: async () => {
      stop.abort();
      await ended;
    },
  };
}

/** Ends when `signal` is aborted, as a job does that never comes to an end by itself. */
export async function untilAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) {
    await new Promise((done) => signal.addEventListener("abort", done, { once: true }));
  }
  throw signal.reason;
}

/** Resolves once `ready` says so; a test's own time limit ends it else. */
export async function until(ready: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await ready())) await new Promise((done) => setTimeout(done, 20));
}
