/**
 * How far a batch is, on standard error: on a terminal a line for each image at work and one for
 * all, elsewhere a plain line at intervals. Cleared before anything else is printed.
 */
import type { BatchJob, JobSettings } from "../ops/index.js";
import { BatchCount, type BatchProgress, ShownProgress } from "./batch-count.js";
import type { OutputOptions } from "./options.js";
import { writeErr } from "./output.js";
import { factsOf } from "./terminal.js";

/** Between two plain lines. */
const INTERVAL_MS = 10_000;

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
  const { BarProgress } = await import("./batch-bars.js");
  return new BarProgress(count, workerCount);
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
