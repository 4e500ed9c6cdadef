/** What is counted of a batch while it runs: images, bytes, rate. How it is shown is not known here. */
import type { BatchJob, JobOutcome } from "../ops/index.js";
import { bytesText, durationText, plural } from "../report/index.js";

/** What a batch tells of itself. */
export interface BatchProgress {
  start(job: BatchJob): void;
  /** @param bytes of the job, so far */
  tell(job: BatchJob, bytes: number, totalBytes: number | null): void;
  done(job: BatchJob, outcome: JobOutcome, earlier: boolean): void;
  /** Clear what is drawn. May be called again. */
  end(): void;
}

/** A job at work. */
interface Active {
  readonly job: BatchJob;
  bytes: number;
  totalBytes: number | null;
  /** Passes that are done: reading, then digests of the memory. */
  passes: number;
  /** Of the whole job, from 0 to 1; never goes back. */
  share: number;
}

/** Counts; shows nothing. */
export class BatchCount implements BatchProgress {
  readonly active = new Map<number, Active>();
  readonly #files: number;
  readonly #passes: number;
  readonly #startMs = performance.now();
  /** Of jobs whose size is known. */
  #allBytes = 0;
  #doneBytes = 0;
  /** Of those, not done by this run. */
  #earlierBytes = 0;
  #done = 0;
  #bad = 0;

  /** @param passes  over the bytes of a job; none is weighed against another */
  constructor(jobs: readonly BatchJob[], passes = 1) {
    this.#passes = passes;
    this.#files = jobs.length;
    for (const { bytes } of jobs) this.#allBytes += bytes ?? 0;
  }

  start(job: BatchJob): void {
    this.active.set(job.index, { job, bytes: 0, totalBytes: null, passes: 0, share: 0 });
  }

  tell(job: BatchJob, bytes: number, totalBytes: number | null): void {
    const active = this.active.get(job.index);
    if (active === undefined) return;
    if (bytes < active.bytes) active.passes += 1;
    active.bytes = bytes;
    active.totalBytes = totalBytes;
    if (totalBytes !== null && totalBytes > 0) {
      const share = (active.passes + bytes / totalBytes) / this.#passes;
      active.share = Math.max(active.share, Math.min(1, share));
    }
  }

  done(job: BatchJob, outcome: JobOutcome, earlier: boolean): void {
    this.active.delete(job.index);
    this.#done += 1;
    this.#doneBytes += job.bytes ?? 0;
    if (earlier) this.#earlierBytes += job.bytes ?? 0;
    if ("error" in outcome || outcome.verdict === "reject" || outcome.check?.matches === false) {
      this.#bad += 1;
    }
  }

  end(): void {}

  /** `312 of 1000 images, 3 bad, 1.2 GiB of 4.0 GiB, 210.0 MiB/s, 12 s left`. */
  text(nowMs = performance.now()): string {
    const elapsedMs = nowMs - this.#startMs;
    let bytes = this.#doneBytes;
    for (const { job, share } of this.active.values()) bytes += share * (job.bytes ?? 0);
    const rate = elapsedMs > 0 ? ((bytes - this.#earlierBytes) * 1000) / elapsedMs : 0;
    const left = rate > 0 ? ((this.#allBytes - bytes) * 1000) / rate : null;
    const parts = [
      `${this.#done} of ${plural(this.#files, "image")}`,
      ...(this.#bad === 0 ? [] : [`${this.#bad} bad`]),
      `${bytesText(bytes)} of ${bytesText(this.#allBytes)}`,
      ...(rate > 0 ? [`${bytesText(rate)}/s`] : []),
      ...(left === null ? [] : [`${durationText(Math.max(1000, left))} left`]),
    ];
    return parts.join(", ");
  }
}

/** Passes on, and shows in its own way. */
export abstract class ShownProgress implements BatchProgress {
  protected readonly count: BatchCount;

  constructor(count: BatchCount) {
    this.count = count;
  }

  start(job: BatchJob): void {
    this.count.start(job);
  }

  tell(job: BatchJob, bytes: number, totalBytes: number | null): void {
    this.count.tell(job, bytes, totalBytes);
  }

  done(job: BatchJob, outcome: JobOutcome, earlier: boolean): void {
    this.count.done(job, outcome, earlier);
  }

  abstract end(): void;
}
