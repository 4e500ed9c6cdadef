/**
 * The worker's side: takes jobs of all batches on a server, the oldest batch first, and hands their
 * outcomes back. A job that it cannot finish goes to another worker. How an image is judged is told
 * to it; who asks is runner.ts.
 */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Job, Worker } from "bullmq";
import type { JobOutcome } from "../port.js";
import { Alarm, within } from "./alarm.js";
import type { QueueConnection } from "./connection.js";
import { HeldJob } from "./held-job.js";
import type { QueueWorkerOptions } from "./options.js";
import { type BatchHead, parseHead, parseJob } from "./payload.js";
import { BatchRegistry } from "./registry.js";
import { crashLine } from "./runner.js";
import { BEAT_MS, END_MS, POLL_MS, SIGN_MS } from "./timing.js";

const EXIT_BUG = 3;

/** A batch that this worker takes jobs of. */
interface Joined {
  readonly id: string;
  readonly head: BatchHead;
  readonly worker: Worker;
  /** Aborted when the batch is over, or this worker is stopped. */
  readonly stop: AbortController;
  /** When jobs are looked for whose workers were lost. */
  stalledAt: number;
}

/** Takes jobs until it is told to stop, or there was none for too long. */
export class QueueWorker {
  readonly #connection: QueueConnection;
  readonly #options: QueueWorkerOptions;
  readonly #registry: BatchRegistry;
  readonly #name = `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`;
  readonly #joined = new Map<string, Joined>();
  readonly #refused = new Set<string>();
  /** Jobs from their being taken to their being handed back. */
  readonly #atWork = new Set<Promise<void>>();
  /** Those of them that are being done. */
  readonly #running = new Set<Promise<JobOutcome>>();
  readonly #news = new Alarm();
  #surveyAt = 0;
  #signAt = 0;
  #busyAt = performance.now();
  /** What a job met that is neither its own fault nor the image's. */
  #failure: { readonly error: unknown } | null = null;

  constructor(connection: QueueConnection, options: QueueWorkerOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#registry = new BatchRegistry(connection, options.timing.keysMs);
  }

  /**
   * Work until `signal` is aborted or the worker was idle for long enough. Jobs at hand are then
   * given back to the queue.
   *
   * @throws {InputError} code "queue-lost" if the server is gone for good, "queue-failed" for
   *   another of its errors
   */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", this.#news.wake);
    try {
      await this.#connection.during(this.#work(signal));
    } finally {
      signal.removeEventListener("abort", this.#news.wake);
      for (const { stop } of this.#joined.values()) stop.abort();
      await Promise.allSettled(this.#running);
      // A server that is away forgets this worker by itself, and gives its jobs to others.
      await this.#connection.during(within(this.#leaveAll(), END_MS)).catch(() => undefined);
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#failure !== null) throw this.#failure.error;
      await this.#survey();
      await this.#take();
      const now = performance.now();
      if (this.#atWork.size > 0) this.#busyAt = now;
      const { idleExitMs } = this.#options;
      if (idleExitMs !== null && now - this.#busyAt >= idleExitMs) return;
      await this.#news.wait(POLL_MS);
    }
  }

  /** Join new batches, leave those that are over, remove what was abandoned. */
  async #survey(): Promise<void> {
    const now = performance.now();
    if (now < this.#surveyAt) return;
    this.#surveyAt = now + POLL_MS;
    const batches = await this.#registry.list();
    const alive = new Set(batches.filter((batch) => batch.alive).map(({ id }) => id));
    for (const joined of [...this.#joined.values()]) {
      if (!alive.has(joined.id)) await this.#leave(joined);
    }
    for (const id of this.#refused) if (!alive.has(id)) this.#refused.delete(id);
    for (const { id } of batches) {
      if (!alive.has(id)) await this.#registry.removeAbandoned(id);
      else if (!this.#joined.has(id) && !this.#refused.has(id)) await this.#join(id);
    }
    for (const joined of this.#joined.values()) {
      if (now < joined.stalledAt) continue;
      joined.stalledAt = now + stalledMsOf(joined.head);
      // Not by BullMQ's timer, which may go off after the batch's keys were removed, and make some.
      await joined.worker.getBackend().moveStalledJobsToWait();
    }
    if (now < this.#signAt) return;
    this.#signAt = now + BEAT_MS;
    for (const id of this.#joined.keys()) await this.#registry.sign(id, this.#name, SIGN_MS);
  }

  async #join(id: string): Promise<void> {
    const text = await this.#registry.headOf(id);
    if (text === null) return; // over since
    const { tool, timing, onNotice } = this.#options;
    const { head, refusal } = parseHead(text, tool);
    if (head === undefined) {
      this.#refused.add(id);
      onNotice(`takes no jobs of batch ${id}: ${refusal}`);
      const told = `the worker ${this.#name} takes no jobs of this batch: ${refusal}`;
      await this.#registry.refuse(id, told, timing.batchMs);
      return;
    }
    const { Worker, createRedisBackend } = this.#connection.bullmq;
    const options = {
      ...this.#connection.options,
      name: this.#name,
      lockDuration: head.lockMs,
      stalledInterval: stalledMsOf(head),
      maxStalledCount: head.lostWorkers,
    };
    // Jobs are fetched one by one, for all batches share this worker's hands: nothing blocks.
    const worker = new Worker(id, null, options, (name, opts) => createRedisBackend(name, opts));
    worker.on("error", () => undefined); // the connection tells of them
    this.#joined.set(id, { id, head, worker, stop: new AbortController(), stalledAt: 0 });
    await this.#registry.sign(id, this.#name, SIGN_MS);
    const { operation } = head.settings;
    onNotice(`takes jobs of batch ${id} (${operation}, sent by xenstream ${head.tool})`);
  }

  /** Take jobs while there are any and hands are free. */
  async #take(): Promise<void> {
    for (const joined of this.#joined.values()) {
      while (this.#atWork.size < this.#options.jobs && !joined.stop.signal.aborted) {
        const token = randomBytes(16).toString("hex");
        const job = await joined.worker.getNextJob(token, { block: false });
        if (job === undefined) break;
        this.#busyAt = performance.now();
        const work = this.#do(joined, job, token)
          .catch((error) => {
            this.#failure ??= { error };
          })
          .finally(() => {
            this.#atWork.delete(work);
            this.#news.wake();
          });
        this.#atWork.add(work);
      }
    }
  }

  async #do(joined: Joined, job: Job, token: string): Promise<void> {
    const held = new HeldJob(job, token, joined.head.lockMs, joined.stop.signal);
    try {
      const outcome = await this.#outcomeOf(joined, job, held);
      if (outcome === null) return;
      if (isCrash(outcome) && job.attemptsMade + 1 < (job.opts.attempts ?? 1)) {
        await held.fail(new Error(outcome.error.message));
        return;
      }
      if (!(await held.complete(outcome))) return;
      const image = parseJob(job.data);
      if (image !== null) this.#options.onOutcome?.(image, outcome);
    } finally {
      held.release();
    }
  }

  /** What comes of a job; null if it was given back, or is nobody's business any more. */
  async #outcomeOf(joined: Joined, job: Job, held: HeldJob): Promise<JobOutcome | null> {
    const image = parseJob(job.data);
    if (image === null) return crashLine("", "the job in the queue is not understood");
    if (job.deferredFailure) {
      const times = `${joined.head.lostWorkers + 1} workers were lost at work on it`;
      return crashLine(image.file, `${times}: killed, out of memory, or cut off from the queue`);
    }
    const { settings } = joined.head;
    const { maxMemoryBytes } = this.#options;
    const own = {
      ...settings,
      maxMemoryBytes: Math.min(settings.maxMemoryBytes, maxMemoryBytes),
    };
    const { signal, progress } = held;
    const run = this.#options.runJob(image, own, { signal, onProgress: progress });
    this.#running.add(run);
    try {
      return await run;
    } catch (error) {
      if (held.signal.aborted) {
        await held.giveBack();
        return null;
      }
      return crashLine(image.file, error instanceof Error ? error.message : String(error));
    } finally {
      this.#running.delete(run);
    }
  }

  async #leave(joined: Joined): Promise<void> {
    joined.stop.abort();
    this.#joined.delete(joined.id);
    await joined.worker.close();
    await this.#registry.leave(joined.id, this.#name);
  }

  async #leaveAll(): Promise<void> {
    await Promise.all(this.#atWork);
    for (const joined of [...this.#joined.values()]) await this.#leave(joined);
  }
}

/** A lost job is seen at the second look after its lock ran out. */
function stalledMsOf({ lockMs }: BatchHead): number {
  return Math.max(1, Math.floor(lockMs / 2));
}

function isCrash(outcome: JobOutcome): outcome is Extract<JobOutcome, { readonly error: unknown }> {
  return "error" in outcome && outcome.error.exitCode === EXIT_BUG;
}
