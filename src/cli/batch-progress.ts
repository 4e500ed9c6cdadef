/**
 * How far a batch is, on standard error: on a terminal a line for each image at work and one for
 * all, elsewhere a plain line at intervals. Cleared before anything else is printed.
 */
import type { MultiBar } from "cli-progress";
import type { BatchJob, JobOutcome, JobSettings } from "../ops/index.js";
import { bytesText, cutMiddle, durationText, plural, printable } from "../report/index.js";
import { BAR_OPTIONS } from "./bar-options.js";
import type { OutputOptions } from "./options.js";
import { DEFAULT_COLUMNS, writeErr } from "./output.js";
import { factsOf } from "./terminal.js";

/** What a batch tells of itself. */
export interface BatchProgress {
  start(job: BatchJob): void;
  /** @param bytes of the job, so far */
  tell(job: BatchJob, bytes: number, totalBytes: number | null): void;
  done(job: BatchJob, outcome: JobOutcome, earlier: boolean): void;
  /** Clear what is drawn. May be called again. */
  end(): void;
}

/** Between two plain lines. */
const INTERVAL_MS = 10_000;
/** A batch that is done within this time shows nothing. */
const QUIET_MS = 1000;
/** A line for each worker would fill the screen beyond this. */
const MAX_LINES = 16;
const NAME_CHARACTERS = 12;

/** The progress that the flags ask for, where it goes to. */
export async function batchProgress(
  jobs: readonly BatchJob[],
  workerCount: number,
  settings: Pick<JobSettings, "digest" | "manifestDir">,
  flags: Pick<OutputOptions, "progress" | "quiet" | "verbose">,
): Promise<BatchProgress> {
  const passes = 1 + Number(settings.digest !== null) + Number(settings.manifestDir !== null);
  const count = new BatchCount(jobs, passes);
  if (!flags.progress || flags.quiet) return count;
  if (!factsOf("stderr").isTTY) return new PlainProgress(count, INTERVAL_MS, writeErr);
  // Lines of text and of progress would run into each other.
  if (flags.verbose) return count;
  const { MultiBar } = await import("cli-progress");
  return new BarProgress(
    count,
    workerCount,
    (options) => new MultiBar({ ...options, stream: process.stderr }),
  );
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
abstract class ShownProgress implements BatchProgress {
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

/** A line at intervals, for logs. */
export class PlainProgress extends ShownProgress {
  readonly #timer: NodeJS.Timeout;

  constructor(count: BatchCount, intervalMs: number, write: (text: string) => void) {
    super(count);
    this.#timer = setInterval(() => write(`xenstream: ${count.text()}\n`), intervalMs);
    this.#timer.unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

const OPTIONS: ConstructorParameters<typeof MultiBar>[0] = {
  format: (_options, _params, payload: { text: () => string }) => payload.text(),
  ...BAR_OPTIONS,
};

/** Lines that are drawn again and again. */
class BarProgress extends ShownProgress {
  readonly #timer: NodeJS.Timeout;
  #bars: MultiBar | null = null;

  constructor(
    count: BatchCount,
    workerCount: number,
    make: (options: ConstructorParameters<typeof MultiBar>[0]) => MultiBar,
  ) {
    super(count);
    const lineCount = Math.min(workerCount, MAX_LINES);
    this.#timer = setTimeout(() => this.#show(make(OPTIONS), lineCount), QUIET_MS);
    this.#timer.unref();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#bars?.stop();
    this.#bars = null;
  }

  #show(bars: MultiBar, lineCount: number): void {
    for (let line = 0; line < lineCount; line += 1) {
      bars.create(1, 0, { text: () => cutTo(this.#lineOf(line)) });
    }
    bars.create(1, 0, { text: () => cutTo(this.count.text()) });
    this.#bars = bars;
  }

  /** `vm.save  34 %  1.2 GiB`; empty where nothing is at work. */
  #lineOf(line: number): string {
    const active = [...this.count.active.values()][line];
    if (active === undefined) return "";
    const { job, bytes, totalBytes } = active;
    const share =
      totalBytes === null || totalBytes === 0
        ? ""
        : `  ${Math.floor(Math.min(1, bytes / totalBytes) * 100)} %`;
    const facts = `${share}  ${bytesText(job.bytes ?? bytes)}`;
    const room = Math.max(NAME_CHARACTERS, columns() - 1 - facts.length);
    return `${cutMiddle(printable(job.file), room)}${facts}`;
  }
}

function columns(): number {
  return process.stderr.columns || DEFAULT_COLUMNS;
}

function cutTo(text: string): string {
  return text.slice(0, columns() - 1);
}
