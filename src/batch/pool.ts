/**
 * The embedded pool: worker threads that do jobs one after the other. A worker that dies takes its
 * own job with it and nothing else; another takes its place. What a worker does is not known here.
 *
 * A worker at a small job has the next one at hand already, so that it does not wait for this
 * thread in between; it is given back if the worker does not come to it.
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
/** A job is not given out behind a larger one, nor is a larger one itself: another may be free. */
const AHEAD_BYTES_MAX = 16 * 2 ** 20;
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
    const run: Run = { rest: [...jobs].reverse(), settings, events, signal: both };
    const seats = this.#seats.slice(0, jobs.length);
    const ends = await Promise.allSettled(
      seats.map((_, at) => this.#workAt(at, run, () => own.abort())),
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

  /**
   * One place at work: takes the next job, the last of `rest`, until there is none.
   *
   * @param giveUp  called before an error is thrown
   */
  async #workAt(at: number, run: Run, giveUp: () => void): Promise<void> {
    const { rest, events, signal } = run;
    let given: GivenJob | null = null;
    let ahead: GivenJob | null = null;
    try {
      while (ahead !== null || (rest.length > 0 && !signal.aborted)) {
        if (ahead?.wasReturned) {
          rest.push(ahead.job);
          ahead = null;
          continue;
        }
        // First a worker, then a job: whoever is up first takes the first one.
        given = ahead ?? giveNext(await this.#seatAt(at), run);
        ahead = null;
        if (given === null) return;
        const inTime = !signal.aborted;
        if (inTime) {
          events.onStart?.(given.job);
          ahead = this.#giveAhead(at, given.job, run);
        }
        const outcome = await given.end;
        // What was begun after the abort has no outcome, done or not.
        if (outcome !== null && inTime) events.onOutcome(given.job, outcome);
      }
    } catch (error) {
      giveUp();
      await Promise.all([given?.end, ahead?.end]);
      throw error;
    }
  }

  /** Have the worker that is at `current` take the next job after it; null: rather not. */
  #giveAhead(at: number, current: BatchJob, run: Run): GivenJob | null {
    const seat = this.#seats[at];
    const next = run.rest.at(-1);
    if (!seat?.alive || next === undefined || !isSmall(current) || !isSmall(next)) return null;
    // The last ones are for those who are free first: a small image may hold much, compressed.
    return run.rest.length < this.#seats.length ? null : giveNext(seat, run);
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
  /** Jobs that were not given out, the next one last. */
  readonly rest: BatchJob[];
  readonly settings: JobSettings;
  readonly events: RunnerEvents;
  readonly signal: AbortSignal;
}

/** A job that a worker was given. */
interface GivenJob {
  readonly job: BatchJob;
  /** Null for one that was given up because the run is stopped, or that was returned. */
  readonly end: Promise<JobOutcome | null>;
  /** The worker died before it came to it. */
  wasReturned: boolean;
}

function giveNext(seat: Seat, run: Run): GivenJob | null {
  const job = run.signal.aborted ? undefined : run.rest.pop();
  if (job === undefined) return null;
  run.events.onGiveOut?.(job);
  return seat.give(job, run);
}

function isSmall({ bytes }: BatchJob): boolean {
  return bytes !== null && bytes <= AHEAD_BYTES_MAX;
}

/** A given job as its seat has it. */
interface HeldJob {
  readonly given: GivenJob;
  readonly run: Run;
  readonly settle: (outcome: JobOutcome | null) => void;
}

/** One worker, and the jobs that it has: the one that it is at, then those that wait for it. */
class Seat {
  /** Resolves when the worker is idle for the first time; rejects if it dies before. */
  readonly ready: Promise<void>;
  alive = true;
  readonly #worker: Worker;
  readonly #held: HeldJob[] = [];
  #error: unknown = null;

  constructor(options: PoolOptions, stop: SharedArrayBuffer) {
    const { entry, argv = [], resourceLimits = {} } = options;
    const workerData: PoolWorkerData = { stop };
    this.#worker = new Worker(entry, { argv: [...argv], workerData, resourceLimits });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on("message", (message: WorkerMessage) => this.#take(message, resolve));
      this.#worker.on("exit", (exitCode) => {
        const options = { code: "worker-start", cause: this.#error };
        reject(new InternalError(`a worker ended with ${exitCode} before its first job`, options));
        this.#died(exitCode);
      });
    });
    // Whoever asked may have gone.
    this.ready.catch(() => {});
    this.#worker.on("error", (error) => {
      this.#error = error;
    });
  }

  /** Have the worker do a job when it is done with those that it has. */
  give(job: BatchJob, run: Run): GivenJob {
    let settle: HeldJob["settle"] = () => {};
    const end = new Promise<JobOutcome | null>((resolve) => {
      settle = resolve;
    });
    const given: GivenJob = { job, end, wasReturned: false };
    this.#held.push({ given, run, settle });
    const { settings } = run;
    if (this.alive) this.#worker.postMessage({ job, settings } satisfies JobMessage);
    else this.#died(0);
    return given;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(message: WorkerMessage, isReady: () => void): void {
    if (message.type === "ready") {
      isReady();
      return;
    }
    // Told by the job, not by whose turn it should be: no image gets another's outcome.
    const at = this.#held.findIndex(({ given }) => given.job.index === message.index);
    const held = this.#held[at];
    if (held === undefined) return;
    if (message.type === "progress") {
      held.run.events.onProgress?.(held.given.job, message.bytes, message.totalBytes);
      return;
    }
    this.#held.splice(at, 1);
    held.settle(message.type === "outcome" ? message.outcome : null);
  }

  #died(exitCode: number): void {
    this.alive = false;
    const [current, ...waiting] = this.#held.splice(0);
    for (const { given, settle } of waiting) {
      given.wasReturned = true;
      settle(null);
    }
    if (current === undefined) return;
    const { given, run, settle } = current;
    settle(run.signal.aborted ? null : crashed(given.job.file, exitCode, this.#error));
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
