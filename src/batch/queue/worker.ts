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
import type { QueueWorkerOptions } from "./options.js";
import { type BatchHead, parseHead, parseJob } from "./payload.js";
import { BatchRegistry } from "./registry.js";
import { crashLine } from "./runner.js";
import { BEAT_MS, END_MS, POLL_MS, PROGRESS_MS, SIGN_MS } from "./timing.js";

const EXIT_BUG = 3;

/** A batch that this worker takes jobs of. */
interface Joined {
  readonly id: string;
  readonly head: BatchHead;
  readonly worker: Worker;
  /** Aborted when the batch is over, or this worker is stopped. */
  readonly stop: AbortController;
}

/** Takes jobs until it is told to stop, or there was none for too long. */
export class QueueWorker {
  readonly #connection: QueueConnection;
  readonly #options: QueueWorkerOptions;
  readonly #registry: BatchRegistry;
  readonly #name = `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`;
  readonly #joined = new Map<string, Joined>();
  readonly #refused = new Set<string>();
  readonly #atWork = new Set<Promise<void>>();
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
      // A server that is away forgets this worker by itself, and gives its jobs to others.
      await within(this.#leaveAll(), END_MS).catch(() => undefined);
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
      stalledInterval: Math.max(1, Math.floor(head.lockMs / 2)),
      maxStalledCount: head.lostWorkers,
    };
    // Jobs are fetched one by one, for all batches share this worker's hands: nothing blocks.
    const worker = new Worker(id, null, options, (name, opts) => createRedisBackend(name, opts));
    worker.on("error", () => undefined); // the connection tells of them
    await worker.startStalledCheckTimer();
    this.#joined.set(id, { id, head, worker, stop: new AbortController() });
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
    const held = new HeldJob(job, token, joined);
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
    try {
      return await this.#options.runJob(image, own, {
        signal: held.signal,
        onProgress: held.progress,
      });
    } catch (error) {
      if (held.signal.aborted) {
        await held.giveBack();
        return null;
      }
      return crashLine(image.file, error instanceof Error ? error.message : String(error));
    }
  }

  async #leave(joined: Joined): Promise<void> {
    joined.stop.abort();
    this.#joined.delete(joined.id);
    await joined.worker.close();
    await this.#registry.leave(joined.id, this.#name);
  }

  async #leaveAll(): Promise<void> {
    for (const { stop } of this.#joined.values()) stop.abort();
    await Promise.all(this.#atWork);
    for (const joined of [...this.#joined.values()]) await this.#leave(joined);
  }
}

/** A job in this worker's hands: its lock is kept alive until it is let go. */
class HeldJob {
  readonly #job: Job;
  readonly #token: string;
  readonly #lockMs: number;
  readonly #lost = new AbortController();
  readonly #renewal: NodeJS.Timeout;
  /** Aborted when the job is to be dropped: its batch is over, its lock lost, its worker stopped. */
  readonly signal: AbortSignal;
  #progressAt = 0;

  constructor(job: Job, token: string, { head, stop }: Joined) {
    this.#job = job;
    this.#token = token;
    this.#lockMs = head.lockMs;
    this.signal = AbortSignal.any([stop.signal, this.#lost.signal]);
    this.#renewal = setInterval(() => void this.#renew(), Math.max(1, head.lockMs / 3));
  }

  readonly progress = (bytes: number, totalBytes: number | null): void => {
    const now = performance.now();
    if (now < this.#progressAt || this.signal.aborted) return;
    this.#progressAt = now + PROGRESS_MS;
    this.#job.updateProgress({ bytes, totalBytes }).catch(() => undefined); // told by the next one
  };

  /** Hand the outcome back. False if the job is another's by now, or gone. */
  async complete(outcome: JobOutcome): Promise<boolean> {
    try {
      await this.#job.moveToCompleted(outcome, this.#token, false);
      return true;
    } catch (error) {
      if (isTaken(error)) return false;
      throw error;
    }
  }

  /** Have it done again after a while. */
  async fail(error: Error): Promise<void> {
    await this.#job.moveToFailed(error, this.#token, false).catch(unlessTaken);
  }

  /** To the head of the queue, as if it had never been taken. */
  async giveBack(): Promise<void> {
    await this.#job.moveToWait(this.#token).catch(unlessTaken);
  }

  release(): void {
    clearInterval(this.#renewal);
  }

  async #renew(): Promise<void> {
    try {
      const kept = await this.#job.extendLock(this.#token, this.#lockMs);
      if (kept !== 1) this.#lost.abort();
    } catch (error) {
      if (isTaken(error)) this.#lost.abort();
      // Else the server is away: the connection tells, and the next renewal knows more.
    }
  }
}

function isCrash(outcome: JobOutcome): outcome is Extract<JobOutcome, { readonly error: unknown }> {
  return "error" in outcome && outcome.error.exitCode === EXIT_BUG;
}

/** BullMQ's errors for a job that was removed, or whose lock is gone or another's. */
function isTaken(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Missing|Lock mismatch)|is not in the active state/.test(error.message)
  );
}

function unlessTaken(error: unknown): void {
  if (!isTaken(error)) throw error;
}
