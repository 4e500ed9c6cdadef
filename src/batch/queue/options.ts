/**
 * What a queue's two sides are told. Types only, and none of an optional package: programs that do
 * not have those must compile against what is exported.
 */
import type { BatchJob, JobOutcome, JobSettings } from "../port.js";
import type { QueueTiming } from "./timing.js";

/** What the packages export; loaded by the caller, for they are optional. */
export interface QueuePackages {
  readonly bullmq: unknown;
  readonly ioredis: unknown;
}

/** What a sender is told besides its jobs. */
export interface QueueRunnerOptions {
  /** Version of this xenstream. */
  readonly tool: string;
  readonly timing: QueueTiming;
  /** What the user should know while the batch runs, in a sentence each. */
  readonly onNotice: (text: string) => void;
}

/** What a job may be told and tell while it is done. */
export interface RunJobHooks {
  /** Once aborted, the job ends soon by throwing the signal's reason. */
  readonly signal: AbortSignal;
  readonly onProgress: (bytes: number, totalBytes: number | null) => void;
}

/**
 * Does one job. Must leave this thread free, or the job's lock is lost to another worker.
 *
 * @throws what is no outcome: a crash of ours, after which the job is given out again
 */
export type RunJob = (
  job: BatchJob,
  settings: JobSettings,
  hooks: RunJobHooks,
) => Promise<JobOutcome>;

/** What a worker is told. */
export interface QueueWorkerOptions {
  /** Version of this xenstream. */
  readonly tool: string;
  readonly timing: QueueTiming;
  /** Jobs at a time. */
  readonly jobs: number;
  /** Of one job, whatever the batch grants it, in bytes. */
  readonly maxMemoryBytes: number;
  /** End after so long without a job; null: never. */
  readonly idleExitMs: number | null;
  readonly runJob: RunJob;
  /** What the user should know, in a sentence each. */
  readonly onNotice: (text: string) => void;
  /** A job was done here and its outcome handed back. */
  readonly onOutcome?: (job: BatchJob, outcome: JobOutcome) => void;
}
