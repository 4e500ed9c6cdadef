/** What the pool and its workers say to each other: plain data. Types only. */
import type { BatchJob, JobOutcome, JobSettings } from "./port.js";

/** `workerData` of a worker. */
export interface PoolWorkerData {
  /** One i32; once it is not 0, a worker gives up its job. Shared, for a worker at work is deaf. */
  readonly stop: SharedArrayBuffer;
}

/** To a worker that is idle: do this. */
export interface JobMessage {
  readonly job: BatchJob;
  readonly settings: JobSettings;
}

/** From a worker. */
export type WorkerMessage =
  /** It is up and idle. Sent once. */
  | { readonly type: "ready" }
  | { readonly type: "progress"; readonly bytes: number; readonly totalBytes: number | null }
  /** Its job is done, it is idle. */
  | { readonly type: "outcome"; readonly outcome: JobOutcome }
  /** It gave up its job, as it was told to. */
  | { readonly type: "stopped" };
