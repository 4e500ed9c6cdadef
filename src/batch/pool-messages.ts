/** What the pool and its workers say to each other: plain data. Types only. */
import type { BatchJob, JobOutcome, JobSettings } from "./port.js";

/** `workerData` of a worker. */
export interface PoolWorkerData {
  /** One i32; once it is not 0, a worker gives up its job. Shared, for a worker at work is deaf. */
  readonly stop: SharedArrayBuffer;
}

/** To a worker: do this, when all is done that came before. */
export interface JobMessage {
  readonly job: BatchJob;
  readonly settings: JobSettings;
}

/** From a worker. `index` is the job's, of those that it has. */
export type WorkerMessage =
  /** It is up and idle. Sent once. */
  | { readonly type: "ready" }
  | {
      readonly type: "progress";
      readonly index: number;
      readonly bytes: number;
      readonly totalBytes: number | null;
    }
  /** The job is done. */
  | { readonly type: "outcome"; readonly index: number; readonly outcome: JobOutcome }
  /** It gave up the job, as it was told to. */
  | { readonly type: "stopped"; readonly index: number };
