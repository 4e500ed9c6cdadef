/**
 * A job that a worker has taken: what may become of it, as BullMQ has it. Which of it does is
 * worker.ts's to say.
 */
import type { Job } from "bullmq";
import type { JobOutcome } from "../port.js";
import { PROGRESS_MS } from "./timing.js";

/** A job in this worker's hands: its lock is kept alive until it is let go. */
export class HeldJob {
  readonly #job: Job;
  readonly #token: string;
  readonly #lockMs: number;
  readonly #lost = new AbortController();
  readonly #renewal: NodeJS.Timeout;
  /** Aborted when the job is to be dropped: its batch is over, its lock lost, its worker stopped. */
  readonly signal: AbortSignal;
  #progressAt = 0;

  /**
   * @param token   that it was taken with
   * @param lockMs  how long its lock holds without this worker
   * @param stop    aborted when the job is to be dropped whatever becomes of its lock
   */
  constructor(job: Job, token: string, lockMs: number, stop: AbortSignal) {
    this.#job = job;
    this.#token = token;
    this.#lockMs = lockMs;
    this.signal = AbortSignal.any([stop, this.#lost.signal]);
    this.#renewal = setInterval(() => void this.#renew(), Math.max(1, lockMs / 3));
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
