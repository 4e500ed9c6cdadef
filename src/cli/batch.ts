/** The command `batch`: names to jobs, jobs through a runner, lines and a summary. */
import { availableParallelism } from "node:os";
import { type BatchLine, UsageError } from "../findings/index.js";
import {
  type BatchJob,
  type BatchResult,
  batchJobs,
  type JobOutcome,
  type JobRunner,
  type JobSettings,
  lockPathOf,
  namesInList,
  queueRunner,
  runBatch,
  WorkerPool,
} from "../ops/index.js";
import { batchLine, renderBatch, type TextOptions } from "../report/index.js";
import { batchProgress } from "./batch-progress.js";
import { EXIT_BUG } from "./exit-codes.js";
import { interruptible } from "./interruptible.js";
import type { FindingsOption, SharedOptions } from "./options.js";
import { writeErr, writeOut } from "./output.js";
import { readingOf } from "./reading.js";
import { factsOf, styleFor } from "./terminal.js";
import { PASSWORD_VARIABLE, queueNotices } from "./worker.js";
import { WORKER_ARGUMENT } from "./worker-argument.js";

/** What the command's options parse to. */
export interface BatchFlags extends SharedOptions, FindingsOption {
  readonly filesFrom?: string;
  readonly jobs?: number;
  readonly failFast: boolean;
  readonly resume?: string;
  readonly queue?: string;
  readonly manifestDir?: string;
  readonly readData: boolean;
  readonly memory?: "auto" | "indexed" | "resident";
  readonly digest?: "sha256" | "xxh3";
}

/** Bad images that the summary shows where --max-findings does not say otherwise. */
const SHOWN_IMAGES = 20;

/** Returns the exit code: the highest of all images. */
export async function batchCommand(
  operation: "verify" | "restore",
  paths: readonly string[],
  flags: BatchFlags,
): Promise<number> {
  mustFit(operation, flags);
  const jobs = await jobsOf(paths, flags);
  const workerCount = Math.min(workersOf(flags), jobs.length);
  const settings = settingsOf(operation, flags, workerCount);
  const style = await styleFor(factsOf("stdout"), flags.color);
  const text = { verbose: flags.verbose, style, maxFindings: flags.maxFindings ?? SHOWN_IMAGES };
  const runner = await runnerOf(workerCount, flags);
  const progress = await batchProgress(jobs, workerCount, settings, flags);
  try {
    return await interruptible(async (signal) => {
      const options = {
        settings,
        journalPath: flags.resume ?? null,
        failFast: flags.failFast,
        outputPaths: [],
        signal,
      };
      const result = await runBatch(runner, jobs, options, {
        onBegin: (line) => printLine(flags, line),
        onStart: (job) => progress.start(job),
        onProgress: (job, bytes, totalBytes) => progress.tell(job, bytes, totalBytes),
        onOutcome: (job, outcome, earlier) => {
          progress.done(job, outcome, earlier);
          printOutcome(flags, text, outcome);
        },
      });
      progress.end();
      if (signal.aborted) tellHowToGoOn(result, flags);
      else printSummary(result, flags, text);
      return result.exitCode;
    });
  } finally {
    progress.end();
    await runner.close();
  }
}

/** Who does the jobs: threads here, or workers that take them from a queue. */
async function runnerOf(workerCount: number, flags: BatchFlags): Promise<JobRunner> {
  if (flags.queue !== undefined) {
    const password = process.env[PASSWORD_VARIABLE];
    return await queueRunner({ url: flags.queue, password, onNotice: queueNotices(flags) });
  }
  return new WorkerPool({ entry: __filename, argv: [WORKER_ARGUMENT], workerCount });
}

/** Options of the other operation would do nothing, which a caller should know. */
function mustFit(operation: "verify" | "restore", flags: BatchFlags): void {
  if (flags.queue !== undefined && flags.jobs !== undefined) {
    throw new UsageError("--jobs means nothing with --queue", {
      option: "--jobs",
      allowed: "with worker --queue",
    });
  }
  const misplaced =
    operation === "verify"
      ? (["memory", "digest"] as const).find((name) => flags[name] !== undefined)
      : flags.readData
        ? "read-data"
        : undefined;
  if (misplaced === undefined) return;
  const other = operation === "verify" ? "restore" : "verify";
  throw new UsageError(`--${misplaced} means nothing to batch ${operation}`, {
    option: `--${misplaced}`,
    allowed: `with batch ${other}`,
  });
}

async function jobsOf(paths: readonly string[], flags: BatchFlags): Promise<BatchJob[]> {
  const { filesFrom, resume, manifestDir } = flags;
  const listed = filesFrom === undefined ? [] : namesInList(filesFrom);
  const names = [...paths, ...listed];
  const ours = [
    ...(resume === undefined ? [] : [resume, lockPathOf(resume)]),
    ...(manifestDir === undefined ? [] : [manifestDir]),
  ];
  if (names.includes("-")) {
    const allowed = "paths; --files-from - reads a list of them";
    throw new UsageError("batch reads no image from standard input", { option: "PATH", allowed });
  }
  const jobs = await batchJobs(names, ours);
  if (jobs.length > 0) return jobs;
  const message = names.length === 0 ? "no image is named" : "there is no file in what is named";
  throw new UsageError(message, { option: "PATH", allowed: "files, folders, patterns, URLs" });
}

function workersOf(flags: BatchFlags): number {
  if (flags.queue !== undefined) return Number.POSITIVE_INFINITY; // nobody knows
  return flags.jobs ?? Math.min(availableParallelism(), flags.threads ?? Number.POSITIVE_INFINITY);
}

/** The bound on memory holds for all workers together. */
function settingsOf(
  operation: "verify" | "restore",
  flags: BatchFlags,
  workerCount: number,
): JobSettings {
  const { profile, checkpointed, vcpus, formatHint, engine, limits } = readingOf(flags);
  // Workers elsewhere have bounds of their own; one that is given here holds for each of them.
  const granted =
    flags.queue === undefined
      ? Math.max(1, Math.floor(limits.maxMemoryBytes / workerCount))
      : (flags.maxMemory ?? Number.MAX_SAFE_INTEGER);
  return {
    operation,
    profile,
    checkpointed,
    vcpus,
    formatHint,
    engine,
    maxMemoryBytes: granted,
    readData: flags.readData,
    memory: flags.memory ?? "auto",
    digest: flags.digest ?? null,
    manifestDir: flags.manifestDir ?? null,
  };
}

function printLine(flags: BatchFlags, line: BatchLine): void {
  if (flags.json) writeOut(`${JSON.stringify(line)}\n`);
}

function printOutcome(flags: BatchFlags, text: TextOptions, outcome: JobOutcome): void {
  if (flags.json) printLine(flags, outcome);
  else if (flags.verbose && !flags.quiet) writeOut(`${batchLine(outcome, text)}\n`);
  if (!("error" in outcome)) return;
  const { exitCode, stack = "" } = outcome.error;
  // What a report of the bug needs is told whatever else is printed.
  if (exitCode === EXIT_BUG) writeErr(`xenstream: ${batchLine(outcome, {})}\n${stack}\n`);
  else if (flags.quiet) writeErr(`xenstream: ${batchLine(outcome, {})}\n`);
}

function printSummary(result: BatchResult, flags: BatchFlags, text: TextOptions): void {
  if (flags.json) printLine(flags, result.summary);
  else if (!flags.quiet) writeOut(renderBatch(result.summary, result.worst, text));
}

/** After an interrupt; there is no summary then, as not all is done. */
function tellHowToGoOn({ summary }: BatchResult, flags: BatchFlags): void {
  const done = summary.files - (summary.notDone ?? 0);
  const how =
    flags.resume === undefined
      ? "nothing is kept of it: --resume JOURNAL would"
      : `the same command goes on from there (--resume ${flags.resume})`;
  writeErr(`xenstream: stopped, ${done} of ${summary.files} images done; ${how}\n`);
}
