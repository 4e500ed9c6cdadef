/**
 * What a batch is made of, whoever does the work: jobs, what comes of them, and runners that turn
 * one into the other. Plain data that survives JSON, for it goes to workers and through queues.
 * Knows jobs, not formats. Types only.
 */
import type {
  BatchFailureLine,
  BatchFileLine,
  BatchOperation,
  Profile,
} from "../findings/index.js";

/** What is to be done with every image of a batch. */
export interface JobSettings {
  readonly operation: BatchOperation;
  readonly profile: Profile;
  readonly checkpointed: boolean;
  readonly vcpus: number | null;
  readonly formatHint: string | null;
  readonly engine: "wasm" | "reference";
  /** Of one worker, in bytes. */
  readonly maxMemoryBytes: number;
  /** verify: read page contents too. */
  readonly readData: boolean;
  /** restore. */
  readonly memory: "auto" | "indexed" | "resident";
  readonly digest: "sha256" | "xxh3" | null;
  /** Folder of page manifests that are made, or checked where one is there. */
  readonly manifestDir: string | null;
}

/** One image. */
export interface BatchJob {
  /** Place among the images asked for, from 0: report files are in this order. */
  readonly index: number;
  /** Path or URL, as the caller named it. */
  readonly file: string;
  /** Where it is read, if not by that name: a relative path means something else on another host. */
  readonly at?: string;
  /** Of the file as it was found; null where nobody knows. Larger ones go first. */
  readonly bytes: number | null;
}

/** What came of a job: the line that `batch --json` prints for it. */
export type JobOutcome = BatchFileLine | BatchFailureLine;

/** What a runner tells of its work. Each job has exactly one outcome, or none after an abort. */
export interface RunnerEvents {
  /** Its image may be read from now on. Told of every job, and again if it was given back. */
  readonly onGiveOut?: (job: BatchJob) => void;
  readonly onStart?: (job: BatchJob) => void;
  /** Bytes read so far of a job that is at work; at most some ten times a second. */
  readonly onProgress?: (job: BatchJob, bytes: number, totalBytes: number | null) => void;
  readonly onOutcome: (job: BatchJob, outcome: JobOutcome) => void;
}

/** The embedded pool, or a queue that workers on other hosts empty. */
export interface JobRunner {
  /**
   * Work on all jobs, in the order given where there is one. Resolves when each has its outcome,
   * or, once `signal` is aborted, when nothing is at work any more.
   */
  run(
    jobs: readonly BatchJob[],
    settings: JobSettings,
    events: RunnerEvents,
    signal: AbortSignal,
  ): Promise<void>;
  /** Free workers and connections; waits for them. */
  close(): Promise<void>;
}
