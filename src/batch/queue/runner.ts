/**
 * The sender's side: puts the jobs of a batch on a queue of its own and gathers what workers hand
 * back, once for each job, however often it was done. Ends with nothing of the batch left on the
 * server. Does no job itself; that is worker.ts.
 */
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import type { Job, JobProgress, Queue, QueueEvents } from "bullmq";
import { type BatchFailureLine, InputError } from "../../findings/index.js";
import type { BatchJob, JobOutcome, JobRunner, JobSettings, RunnerEvents } from "../port.js";
import { Alarm, within } from "./alarm.js";
import type { QueueConnection } from "./connection.js";
import type { QueueRunnerOptions } from "./options.js";
import { PAYLOAD_VERSION, parseOutcome } from "./payload.js";
import { BatchRegistry } from "./registry.js";
import { BEAT_MS, CLOSE_MS, END_MS, POLL_MS, SIGN_MS } from "./timing.js";

/** Jobs are sent, and results fetched, so many at a time. */
const SLICE = 500;
/** Events that the server keeps of a batch: results are fetched by themselves if some are lost. */
const EVENTS_MAX = 1000;
const JOB_NAME = "image";
/** Keys of jobs get their expiry anew when this part of it is over. */
const REFRESH_PART = 1 / 4;

/** A queue on a Redis server as runner of jobs. */
export class QueueRunner implements JobRunner {
  readonly #connection: QueueConnection;
  readonly #options: QueueRunnerOptions;

  constructor(connection: QueueConnection, options: QueueRunnerOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * @throws {InputError} code "queue-lost" if the server went away or forgot the batch,
   *   "queue-idle" if there was no worker for too long, "queue-failed" for another of its errors
   */
  async run(
    jobs: readonly BatchJob[],
    settings: JobSettings,
    events: RunnerEvents,
    signal: AbortSignal,
  ): Promise<void> {
    if (jobs.length === 0 || signal.aborted) return;
    const batch = new SentBatch(this.#connection, this.#options, jobs, events);
    const aborted = new Promise<void>((done) => {
      signal.addEventListener("abort", () => done(), { once: true });
    });
    const work = batch.run(settings);
    try {
      await this.#connection.during(Promise.race([work, aborted]));
    } finally {
      await batch.end(work);
    }
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

/** One batch, from its announcement to its removal. */
class SentBatch {
  readonly #id = newBatchId();
  readonly #connection: QueueConnection;
  readonly #registry: BatchRegistry;
  readonly #options: QueueRunnerOptions;
  readonly #told: RunnerEvents;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  /** Jobs without an outcome, by their ids in the queue. */
  readonly #pending: Map<string, BatchJob>;
  readonly #started = new Set<string>();
  readonly #news = new Alarm();
  #ended = false;
  #beatAt = 0;
  #refreshAt = 0;
  #workerSeenAt = performance.now();
  #idleTold = false;

  constructor(
    connection: QueueConnection,
    options: QueueRunnerOptions,
    jobs: readonly BatchJob[],
    told: RunnerEvents,
  ) {
    const { keysMs, attempts, backoffMs } = options.timing;
    this.#connection = connection;
    this.#options = options;
    this.#told = told;
    this.#registry = new BatchRegistry(connection, keysMs);
    this.#pending = new Map(jobs.map((job) => [`job-${job.index}`, job]));
    const { Queue, QueueEvents } = connection.bullmq;
    this.#queue = new Queue(this.#id, {
      ...connection.options,
      defaultJobOptions: { attempts, backoff: { type: "exponential", delay: backoffMs } },
      streams: { events: { maxLen: EVENTS_MAX } },
    });
    this.#events = new QueueEvents(this.#id, { ...connection.options, lastEventId: "0" });
    this.#listen();
  }

  /** Send the jobs and gather their outcomes; resolves when each has its own. */
  async run(settings: JobSettings): Promise<void> {
    await this.#removeAbandoned();
    const { tool, timing } = this.#options;
    const { lockMs, lostWorkers, batchMs } = timing;
    const { manifestDir } = settings;
    const elsewhere = { ...settings, manifestDir: manifestDir && resolve(manifestDir) };
    const head = { v: PAYLOAD_VERSION, tool, settings: elsewhere, lockMs, lostWorkers } as const;
    await this.#registry.announce(this.#id, head, batchMs);
    await this.#send();
    while (this.#pending.size > 0 && !this.#ended) {
      await this.#beat();
      if (!(await this.#gather())) await this.#news.wait(POLL_MS);
    }
  }

  /**
   * Have everything of the batch stopped and removed; waits until nobody works on it.
   *
   * @param work  what run() returned
   */
  async end(work: Promise<void>): Promise<void> {
    this.#ended = true;
    this.#news.wake();
    try {
      await this.#connection.during(within(this.#remove(work), END_MS));
    } catch {
      const { shown } = this.#connection.address;
      const hours = Math.round(this.#options.timing.keysMs / 3_600_000);
      this.#options.onNotice(
        `what is left of the batch at ${shown} goes when a worker sees it, or in ${hours} hours`,
      );
    } finally {
      // A client that waits to connect again never says that it is closed, though it is.
      const closed = Promise.allSettled([this.#events.close(), this.#queue.close()]);
      await within(closed, CLOSE_MS).catch(() => undefined);
    }
  }

  async #remove(work: Promise<void>): Promise<void> {
    await work.catch(() => undefined); // the caller has its error
    const workMayGoOn = this.#pending.size > 0;
    await this.#registry.withdraw(this.#id);
    // A worker that was killed signs off by silence. With all results in, it is not waited for.
    const until = performance.now() + (workMayGoOn ? SIGN_MS : BEAT_MS);
    while (performance.now() < until && (await this.#registry.workersOf(this.#id)) > 0) {
      await new Promise((done) => setTimeout(done, POLL_MS / 5));
    }
    await this.#registry.remove(this.#id);
  }

  #listen(): void {
    // The connection tells of errors.
    this.#queue.on("error", () => undefined);
    this.#events.on("error", () => undefined);
    this.#events.on("active", ({ jobId }) => this.#start(jobId));
    this.#events.on("progress", ({ jobId, data }) => this.#progress(jobId, data));
    this.#events.on("completed", this.#news.wake);
    this.#events.on("failed", this.#news.wake);
  }

  /** In the order given: workers take them so. */
  async #send(): Promise<void> {
    const jobs = [...this.#pending].map(([jobId, job]) => ({
      name: JOB_NAME,
      data: { ...job, at: job.at ?? placeOf(job.file) },
      opts: { jobId },
    }));
    // A worker may read one as soon as it is there; events of the queue come later, or not at all.
    for (const job of this.#pending.values()) this.#told.onGiveOut?.(job);
    for (let from = 0; from < jobs.length && !this.#ended; from += SLICE) {
      await this.#queue.addBulk(jobs.slice(from, from + SLICE));
      await this.#beat();
    }
  }

  /** Take what is finished; says whether there was any. */
  async #gather(): Promise<boolean> {
    const finished = await this.#queue.getJobs(["completed", "failed"], 0, SLICE - 1, true);
    for (const done of finished) {
      const id = done?.id ?? "";
      const job = this.#pending.get(id);
      if (job === undefined || this.#ended) continue;
      this.#start(id);
      this.#pending.delete(id);
      this.#told.onOutcome(job, outcomeOf(job, done));
    }
    await Promise.all(finished.map((done) => this.#queue.remove(done?.id ?? "")));
    return finished.length > 0;
  }

  /** Say that the sender lives, and see to it that somebody works. */
  async #beat(): Promise<void> {
    const now = performance.now();
    if (now < this.#beatAt) return;
    this.#beatAt = now + BEAT_MS;
    const { batchMs, keysMs } = this.#options.timing;
    if (!(await this.#registry.beat(this.#id, batchMs))) {
      const { shown } = this.#connection.address;
      throw new InputError(
        `the queue at ${shown} has no trace of the batch any more: the server was emptied, or ` +
          "did not hear of this program for too long. Start the command again",
        { code: "queue-lost", source: shown },
      );
    }
    const refresh = now >= this.#refreshAt;
    if (refresh) this.#refreshAt = now + keysMs * REFRESH_PART;
    const jobs = refresh ? [...this.#pending.keys()].map((id) => this.#queue.toKey(id)) : [];
    await this.#registry.expire(this.#queue.keys, jobs);
    for (const text of await this.#registry.refusals(this.#id)) this.#options.onNotice(text);
    this.#watch(await this.#registry.workersOf(this.#id));
  }

  #watch(workers: number): void {
    const { idleMs, idleNoticeMs } = this.#options.timing;
    const now = performance.now();
    if (workers > 0) {
      this.#workerSeenAt = now;
      this.#idleTold = false;
      return;
    }
    const { shown } = this.#connection.address;
    const idle = now - this.#workerSeenAt;
    if (idle >= idleMs) {
      const text = `no worker took jobs from ${shown} for ${Math.round(idleMs / 1000)} s`;
      throw new InputError(`${text}. Start one: xenstream worker --queue ${shown}`, {
        code: "queue-idle",
        source: shown,
      });
    }
    if (idle < idleNoticeMs || this.#idleTold) return;
    this.#idleTold = true;
    this.#options.onNotice(`no worker is there; start one: xenstream worker --queue ${shown}`);
  }

  /** Workers do the same; a sender that finds them idle must not wait for that. */
  async #removeAbandoned(): Promise<void> {
    for (const { id, alive } of await this.#registry.list()) {
      if (!alive) await this.#registry.removeAbandoned(id);
    }
  }

  #start(id: string): void {
    const job = this.#pending.get(id);
    if (job === undefined || this.#ended || this.#started.has(id)) return;
    this.#started.add(id);
    this.#told.onStart?.(job);
  }

  #progress(id: string, data: JobProgress): void {
    const job = this.#pending.get(id);
    if (job === undefined || this.#ended || typeof data !== "object") return;
    const { bytes, totalBytes } = data as Readonly<Record<string, unknown>>;
    if (typeof bytes !== "number") return;
    this.#start(id);
    this.#told.onProgress?.(job, bytes, typeof totalBytes === "number" ? totalBytes : null);
  }
}

/** Ids sort by time, so that the oldest batch is served first even if two began at once. */
function newBatchId(): string {
  return `b${Date.now().toString(36)}-${randomBytes(8).toString("hex")}`;
}

/** A path as it is seen from the root; a URL means the same everywhere. */
function placeOf(file: string): string {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(file) ? file : resolve(file);
}

/** Workers hand back outcomes; a job that failed has none, and says why. */
function outcomeOf(job: BatchJob, done: Job): JobOutcome {
  const outcome = parseOutcome(done.returnvalue, job);
  if (outcome !== null) return outcome;
  const reason = done.failedReason ?? "what the worker handed back is no result";
  return crashLine(job.file, `no worker could do it: ${reason}`);
}

/** The outcome of a job whose workers were lost or failed: our fault, not the image's. */
export function crashLine(file: string, message: string): BatchFailureLine {
  return { v: 1, type: "file", file, error: { code: "worker-crashed", message, exitCode: 3 } };
}
