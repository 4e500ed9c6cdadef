/**
 * `batch`: many images through a runner, with what earlier runs have done taken from a journal.
 * Counts, and stops when it must. Not who does the jobs (a JobRunner), nor
 * what is shown.
 */
import {
  type BatchJob,
  type JobOutcome,
  type JobRunner,
  type JobSettings,
  Journal,
  largestFirst,
} from "../batch/index.js";
import {
  type BatchBadImage,
  type BatchBeginLine,
  type BatchSummaryLine,
  InputError,
} from "../findings/index.js";
import { isRemote } from "../input/index.js";
import { BatchTally } from "./batch-tally.js";
import { DOCUMENT_VERSION } from "./documents.js";
import { manifestPathOf } from "./job.js";
import { identityInOutcome, identityOnDisk, journalName, remoteIdentities } from "./journaled.js";
import { removeParts } from "./output.js";
import { VERSION } from "./version.js";

/** What a batch is asked for. */
export interface BatchOptions {
  readonly settings: JobSettings;
  /** Made if absent; null: nothing is taken over or kept. */
  readonly journalPath: string | null;
  /** Stop at the first image that is not accepted. */
  readonly failFast: boolean;
  /** Files that are written afterwards: what a killed run has left of them is removed. */
  readonly outputPaths: readonly string[];
  /** When aborted, no more work is begun, and what is at work is given up. */
  readonly signal: AbortSignal;
}

/** What a batch tells while it runs. */
export interface BatchEvents {
  readonly onBegin?: (line: BatchBeginLine) => void;
  readonly onStart?: (job: BatchJob) => void;
  readonly onProgress?: (job: BatchJob, bytes: number, totalBytes: number | null) => void;
  /** `earlier`: taken over from the journal. Each image has one outcome at most. */
  readonly onOutcome?: (job: BatchJob, outcome: JobOutcome, earlier: boolean) => void;
}

/** What came of a batch. */
export interface BatchResult {
  /** All was done, but the journal could not take the last of it; null if it could. */
  readonly journalError: InputError | null;
  readonly begin: BatchBeginLine;
  readonly summary: BatchSummaryLine;
  /** The highest of all images. */
  readonly exitCode: number;
  /** The worst images, worst first; some of them if there are many. */
  readonly worst: readonly BatchBadImage[];
}

/**
 * Work on all jobs, but for those that the journal has an outcome of.
 *
 * @param jobs  in the order in which they were asked for
 * @throws {UsageError} if the journal cannot be gone on with, or another run has it
 * @throws {InputError} if the journal cannot be written while work is left to do
 */
export async function runBatch(
  runner: JobRunner,
  jobs: readonly BatchJob[],
  options: BatchOptions,
  events: BatchEvents = {},
): Promise<BatchResult> {
  const { settings, journalPath } = options;
  const { maxMemoryBytes: _any, ...decisive } = settings;
  const head = { tool: VERSION, settings: decisive };
  const journal = journalPath === null ? null : await Journal.open(journalPath, head);
  const run = new Run(jobs, options, events, journal);
  try {
    if (journal !== null) {
      await run.takeOver(journal);
      removeParts([...run.manifestPaths(jobs), ...options.outputPaths]);
    }
    await run.work(runner);
  } catch (error) {
    await journal?.close().catch(() => {}); // what went wrong first is told
    throw error;
  }
  return run.result(await closed(journal));
}

/** What went wrong at the end: the results are there, so that they are not to be lost by it. */
async function closed(journal: Journal | null): Promise<InputError | null> {
  try {
    await journal?.close();
    return null;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

/** One batch at work. */
class Run {
  readonly #jobs: readonly BatchJob[];
  readonly #options: BatchOptions;
  readonly #events: BatchEvents;
  readonly #journal: Journal | null;
  readonly #startMs = performance.now();
  readonly #begin: BatchBeginLine;
  readonly #tally: BatchTally;
  readonly #done = new Set<number>();
  /** Identity of each file that is at work or about to be, as it was before. */
  readonly #active = new Map<BatchJob, string | null>();
  readonly #enough = new AbortController();

  constructor(
    jobs: readonly BatchJob[],
    options: BatchOptions,
    events: BatchEvents,
    journal: Journal | null,
  ) {
    this.#jobs = jobs;
    this.#options = options;
    this.#events = events;
    this.#journal = journal;
    this.#tally = new BatchTally();
    const { operation, profile } = options.settings;
    const tool = { name: "xenstream", version: VERSION } as const;
    const files = jobs.length;
    this.#begin = { v: DOCUMENT_VERSION, type: "begin", tool, operation, profile, files };
    events.onBegin?.(this.#begin);
  }

  /** Outcomes of images that are still what they were. */
  async takeOver(journal: Journal): Promise<void> {
    // Several URLs that differ in what is not shown may have one name.
    const byName = new Map<string, BatchJob[]>();
    for (const job of this.#jobs) {
      const name = journalName(job);
      const named = byName.get(name);
      if (named === undefined) byName.set(name, [job]);
      else named.push(job);
    }
    const remote = new Set<BatchJob>();
    for await (const { file } of journal.entries()) {
      for (const job of byName.get(file) ?? []) if (isRemote(job.file)) remote.add(job);
    }
    const present = await remoteIdentities([...remote], this.#options.signal);
    for await (const { file, identity, outcome } of journal.entries()) {
      const job = byName.get(file)?.find((job) => {
        if (this.#done.has(job.index)) return false;
        return identity === (present.get(job) ?? identityOnDisk(job));
      });
      if (job !== undefined) this.#take(job, outcome, true);
    }
  }

  async work(runner: JobRunner): Promise<void> {
    const { settings } = this.#options;
    const rest = largestFirst(this.#jobs.filter(({ index }) => !this.#done.has(index)));
    const signal = AbortSignal.any([this.#options.signal, this.#enough.signal]);
    const { onStart, onProgress } = this.#events;
    const runnerEvents = {
      onGiveOut: (job: BatchJob) => void this.#active.set(job, identityOnDisk(job)),
      ...(onStart === undefined ? {} : { onStart }),
      ...(onProgress === undefined ? {} : { onProgress }),
      onOutcome: (job: BatchJob, outcome: JobOutcome) => this.#ended(job, outcome),
    };
    try {
      if (rest.length > 0) await runner.run(rest, settings, runnerEvents, signal);
    } finally {
      removeParts(this.manifestPaths(this.#active.keys()));
    }
  }

  /** Manifests that jobs make. */
  manifestPaths(jobs: Iterable<BatchJob>): string[] {
    const { manifestDir } = this.#options.settings;
    if (manifestDir === null) return [];
    return Array.from(jobs, ({ file }) => manifestPathOf(manifestDir, file));
  }

  result(journalError: InputError | null): BatchResult {
    const { bytes, accepted, rejected, failed, mismatched, exitCode, worst } = this.#tally;
    const notDone = this.#jobs.length - this.#done.size;
    const { earlier } = this.#tally;
    const summary: BatchSummaryLine = {
      v: DOCUMENT_VERSION,
      type: "summary",
      files: this.#jobs.length,
      accepted,
      rejected,
      failed,
      ...(mismatched === 0 ? {} : { mismatched }),
      ...(notDone === 0 ? {} : { notDone }),
      ...(earlier === 0 ? {} : { earlier }),
      bytes,
      elapsedMs: performance.now() - this.#startMs,
    };
    return {
      journalError,
      begin: this.#begin,
      summary,
      exitCode: Math.max(exitCode, journalError?.exitCode ?? 0),
      worst,
    };
  }

  #ended(job: BatchJob, outcome: JobOutcome): void {
    const before = this.#active.get(job) ?? null;
    this.#active.delete(job);
    if ("error" in outcome) {
      // A worker that died may have left one.
      if (outcome.error.exitCode === 3) removeParts(this.manifestPaths([job]));
    } else {
      // One that changed while it was read is not kept: a run that goes on reads it again.
      const same = before === identityOnDisk(job) ? before : null;
      const identity = same ?? identityInOutcome(job, outcome);
      if (identity !== null) this.#journal?.add({ file: journalName(job), identity, outcome });
    }
    this.#take(job, outcome, false);
  }

  #take(job: BatchJob, outcome: JobOutcome, earlier: boolean): void {
    this.#done.add(job.index);
    this.#tally.add(job.index, outcome, earlier);
    this.#events.onOutcome?.(job, outcome, earlier);
    if (this.#options.failFast && this.#tally.exitCode !== 0) this.#enough.abort();
  }
}
