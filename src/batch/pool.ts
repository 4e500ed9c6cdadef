/**
 * The embedded pool: worker threads that do jobs one after the other. A worker that dies takes its
 * own job with it and nothing else; another takes its place. What a worker does is not known here.
 *
 * Written out, because the libraries for it (piscina, tinypool) start their workers from a file of
 * their own, while the command is bundled; the jobs here are long and few enough that a
 * message each is all there is to it.
 */
import { type ResourceLimits, Worker } from "node:worker_threads";
import { type BatchFailureLine, InternalError } from "../findings/index.js";
import type { JobMessage, PoolWorkerData, WorkerMessage } from "./pool-messages.js";
import type { BatchJob, JobOutcome, JobRunner, JobSettings, RunnerEvents } from "./port.js";

/** How a pool is made. */
export interface PoolOptions {
  /** Script of the workers. */
  readonly entry: string | URL;
  /** Their arguments; none if left out. */
  readonly argv?: readonly string[];
  /** Workers at most; one for each job at most. */
  readonly workerCount: number;
  /** Of each worker's JavaScript heap; Node's own if left out. */
  readonly resourceLimits?: ResourceLimits;
  /** How long a worker may take to give up its job before it is ended by force. */
  readonly stopGraceMs?: number;
}

const STOP_GRACE_MS = 5000;
const EXIT_BUG = 3;

/** Runs jobs on worker threads of this process. */
export class WorkerPool implements JobRunner {
  readonly #options: PoolOptions;
  readonly #stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #seats: (Seat | null)[];

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#seats = Array.from({ length: options.workerCount }, () => null);
  }

  /**
   * As JobRunner says. A worker that dies gives its job the outcome "worker-crashed", exit code 3.
   *
   * @throws {InternalError} code "worker-start", if no worker can be started
   * @throws what a callback throws, once all workers are idle
   */
  async run(
    jobs: readonly BatchJob[],
    settings: JobSettings,
    events: RunnerEvents,
    signal: AbortSignal,
  ): Promise<void> {
    Atomics.store(this.#stop, 0, 0);
    let force: NodeJS.Timeout | null = null;
    const stop = () => {
      Atomics.store(this.#stop, 0, 1);
      force ??= setTimeout(() => this.close(), this.#options.stopGraceMs ?? STOP_GRACE_MS);
    };
    const own = new AbortController();
    own.signal.addEventListener("abort", stop, { once: true });
    const both = AbortSignal.any([signal, own.signal]);
    if (signal.aborted) return;
    signal.addEventListener("abort", stop, { once: true });
    const rest = [...jobs].reverse();
    const seats = this.#seats.slice(0, jobs.length);
    const ends = await Promise.allSettled(
      seats.map(async (_, at) => {
        try {
          await this.#workAt(at, rest, { settings, events, signal: both });
        } catch (error) {
          own.abort();
          throw error;
        }
      }),
    );
    signal.removeEventListener("abort", stop);
    if (force !== null) clearTimeout(force);
    const failed = ends.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async close(): Promise<void> {
    const seats = this.#seats.splice(0, this.#seats.length, ...this.#seats.map(() => null));
    await Promise.all(seats.map((seat) => seat?.end()));
  }

  /** One place at work: takes the next job, the last of `rest`, until there is none. */
  async #workAt(at: number, rest: BatchJob[], run: Run): Promise<void> {
    while (rest.length > 0 && !run.signal.aborted) {
      // First a worker, then a job: whoever is up first takes the first one.
      const seat = await this.#seatAt(at);
      const job = run.signal.aborted ? undefined : rest.pop();
      if (job === undefined) return;
      run.events.onStart?.(job);
      const outcome = await seat.do(job, run);
      if (outcome === null) return;
      run.events.onOutcome(job, outcome);
    }
  }

  async #seatAt(at: number): Promise<Seat> {
    let seat = this.#seats[at] ?? null;
    if (seat === null || !seat.alive) {
      seat = new Seat(this.#options, this.#stop.buffer as SharedArrayBuffer);
      this.#seats[at] = seat;
    }
    await seat.ready;
    return seat;
  }
}

/** What all places of one run share. */
interface Run {
  readonly settings: JobSettings;
  readonly events: RunnerEvents;
  readonly signal: AbortSignal;
}

/** One worker, and the job that it is at. */
class Seat {
  /** Resolves when the worker is idle for the first time; rejects if it dies before. */
  readonly ready: Promise<void>;
  alive = true;
  readonly #worker: Worker;
  #error: unknown = null;
  #answer: ((outcome: JobOutcome | null) => void) | null = null;
  #onProgress: ((bytes: number, totalBytes: number | null) => void) | null = null;
  #onDeath: (exitCode: number) => void = () => {};

  constructor(options: PoolOptions, stop: SharedArrayBuffer) {
    const { entry, argv = [], resourceLimits = {} } = options;
    const workerData: PoolWorkerData = { stop };
    this.#worker = new Worker(entry, { argv: [...argv], workerData, resourceLimits });
    this.ready = new Promise((resolve, reject) => {
      this.#onDeath = (exitCode) => {
        const options = { code: "worker-start", cause: this.#error };
        reject(new InternalError(`a worker ended with ${exitCode} before its first job`, options));
      };
      this.#worker.on("message", (message: WorkerMessage) => this.#take(message, resolve));
    });
    // Whoever asked may have gone.
    this.ready.catch(() => {});
    this.#worker.on("error", (error) => {
      this.#error = error;
    });
    this.#worker.on("exit", (exitCode) => {
      this.alive = false;
      this.#onDeath(exitCode);
    });
  }

  /** Do a job; null if it was given up because the run is stopped. */
  do(job: BatchJob, { settings, events, signal }: Run): Promise<JobOutcome | null> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#onProgress = (bytes, totalBytes) => events.onProgress?.(job, bytes, totalBytes);
      this.#onDeath = (exitCode) => {
        this.#answer = null;
        resolve(signal.aborted ? null : crashed(job.file, exitCode, this.#error));
      };
      if (!this.alive) this.#onDeath(0);
      else this.#worker.postMessage({ job, settings } satisfies JobMessage);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(message: WorkerMessage, isReady: () => void): void {
    if (message.type === "ready") isReady();
    else if (message.type === "progress") this.#onProgress?.(message.bytes, message.totalBytes);
    else {
      const answer = this.#answer;
      this.#answer = null;
      this.#onDeath = () => {};
      answer?.(message.type === "outcome" ? message.outcome : null);
    }
  }
}

function crashed(file: string, exitCode: number, error: unknown): BatchFailureLine {
  const cause = error instanceof Error ? error : null;
  const how = cause === null ? `ended with ${exitCode}` : `died of: ${cause.message}`;
  return {
    v: 1,
    type: "file",
    file,
    error: {
      code: "worker-crashed",
      message: `the worker at this image ${how}`,
      exitCode: EXIT_BUG,
      ...(cause?.stack === undefined ? {} : { stack: cause.stack }),
    },
  };
}
