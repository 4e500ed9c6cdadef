/** The command `batch`: names to jobs, jobs through a runner, lines and a summary. */
import { closeSync, openSync, readSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type BatchLine, UsageError } from "../findings/index.js";
import {
  type BatchJob,
  type BatchResult,
  batchJobs,
  isFilePath,
  type JobOutcome,
  type JobRunner,
  type JobSettings,
  lockPathOf,
  MANIFEST_SUFFIX,
  namesInList,
  queueRunner,
  runBatch,
  STANDARD_OUTPUT,
  WorkerPool,
} from "../ops/index.js";
import {
  batchLine,
  checkText,
  printableLines,
  renderBatch,
  type TextOptions,
} from "../report/index.js";
import { batchProgress } from "./batch-progress.js";
import { EXIT_ACCEPTED, EXIT_BUG } from "./exit-codes.js";
import { interruptible } from "./interruptible.js";
import type { FindingsOption, ReportFlags, SharedOptions } from "./options.js";
import { say, writeErr, writeOut } from "./output.js";
import { readingOf } from "./reading.js";
import type { ReportFiles } from "./report-files.js";
import { openReports } from "./reports.js";
import { factsOf, styleFor } from "./terminal.js";
import { PASSWORD_VARIABLE, queueNotices } from "./worker.js";
import { WORKER_ARGUMENT } from "./worker-argument.js";

/** What the command's options parse to. */
export interface BatchFlags extends SharedOptions, FindingsOption, ReportFlags {
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

/** Returns the exit code: the highest of all images and report files. */
export async function batchCommand(
  operation: "verify" | "restore",
  paths: readonly string[],
  flags: BatchFlags,
): Promise<number> {
  const reports = await openReports(flags, flags.json);
  try {
    return await reportedBatch(operation, paths, flags, reports);
  } finally {
    reports?.close();
  }
}

async function reportedBatch(
  operation: "verify" | "restore",
  paths: readonly string[],
  flags: BatchFlags,
  reports: ReportFiles | null,
): Promise<number> {
  mustFit(operation, flags);
  const jobs = await jobsOf(paths, flags);
  reports?.spare(jobs.map(({ file }) => file));
  if (flags.resume !== undefined) reports?.spare([flags.resume], "journal");
  const workerCount = Math.min(workersOf(flags), jobs.length);
  const settings = settingsOf(operation, flags, workerCount);
  const style = await styleFor(factsOf("stdout"), flags.color);
  const text = { verbose: flags.verbose, style, maxFindings: flags.maxFindings ?? SHOWN_IMAGES };
  const runner = await runnerOf(workerCount, flags);
  const progress = await batchProgress(jobs, workerCount, settings, flags);
  const print = flags.quiet || reports?.takesStdout === true ? () => {} : writeOut;
  const startedMs = Date.now();
  reports?.begin();
  try {
    return await interruptible(async (signal) => {
      const options = {
        settings,
        journalPath: flags.resume ?? null,
        failFast: flags.failFast,
        outputPaths: reportPaths(flags),
        signal,
      };
      const result = await runBatch(runner, jobs, options, {
        onBegin: (line) => printLine(flags, line),
        onStart: (job) => progress.start(job),
        onProgress: (job, bytes, totalBytes) => progress.tell(job, bytes, totalBytes),
        onOutcome: (job, outcome, earlier) => {
          progress.done(job, outcome, earlier);
          reports?.take(job.index, reportedOutcome(outcome));
          printOutcome(outcome, flags, text, print);
        },
      });
      progress.end();
      const { journalError } = result;
      if (journalError !== null) say(journalError.message);
      if (signal.aborted) {
        tellHowToGoOn(result, flags);
        return result.exitCode;
      }
      const { begin, summary, exitCode, worst } = result;
      if (flags.json) printLine(flags, summary);
      else print(renderBatch(summary, worst, text));
      const written = await reports?.write({ begin, summary, startedMs, exitCode });
      return Math.max(exitCode, written ?? EXIT_ACCEPTED);
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
    ...reportPaths(flags).filter(isReport),
  ];
  if (names.includes("-")) {
    const allowed = "paths; --files-from - reads a list of them";
    throw new UsageError("batch reads no image from standard input", { option: "PATH", allowed });
  }
  const manifests =
    manifestDir === undefined ? null : { folder: manifestDir, suffix: MANIFEST_SUFFIX };
  const jobs = await batchJobs(names, ours, manifests);
  if (jobs.length > 0) return jobs;
  const message = names.length === 0 ? "no image is named" : "there is no file in what is named";
  throw new UsageError(message, { option: "PATH", allowed: "files, folders, patterns, URLs" });
}

/** Report files that were asked for; they may stand among the images. */
function reportPaths({ junit, sarif, html, prometheus }: BatchFlags): string[] {
  return [junit, sarif, html, prometheus]
    .filter((path) => path !== undefined)
    .filter((path) => path !== STANDARD_OUTPUT);
}

/**
 * Whether a file may be a report of an earlier run, by its first character: no image begins so. What
 * may be an image stays one, and is not replaced.
 */
function isReport(path: string): boolean {
  if (!isFilePath(path)) return false; // opening a FIFO would wait for its writer, which we are
  try {
    const fd = openSync(path, "r");
    try {
      const first = Buffer.alloc(1);
      return readSync(fd, first) === 1 && "<{#".includes(first.toString("latin1"));
    } finally {
      closeSync(fd);
    }
  } catch {
    return false; // it is not there, or opening it will tell why
  }
}

/** In reports too, an image that is not as its manifest says is no good one. */
function reportedOutcome(outcome: JobOutcome): JobOutcome {
  if ("error" in outcome || outcome.verdict === "reject") return outcome;
  const { v, type, file, check } = outcome;
  if (check?.matches !== false) return outcome;
  const message = `not as its manifest says: ${checkText(check)}`;
  return { v, type, file, error: { code: "manifest-mismatch", message, exitCode: 1 } };
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

function printOutcome(
  outcome: JobOutcome,
  flags: BatchFlags,
  text: TextOptions,
  print: (text: string) => void,
): void {
  if (flags.json) printLine(flags, outcome);
  else if (flags.verbose) print(`${batchLine(outcome, text)}\n`);
  if (!("error" in outcome)) return;
  const { exitCode, stack = "" } = outcome.error;
  // What a report of the bug needs is told whatever else is printed.
  if (exitCode === EXIT_BUG || flags.quiet) say(batchLine(outcome, {}));
  if (exitCode === EXIT_BUG) writeErr(`${printableLines(stack)}\n`);
}

/** After an interrupt; there is no summary then, as not all is done. */
function tellHowToGoOn({ summary }: BatchResult, flags: BatchFlags): void {
  const done = summary.files - (summary.notDone ?? 0);
  const how =
    flags.resume === undefined
      ? "nothing is kept of it: --resume JOURNAL would"
      : `the same command goes on from there (--resume ${flags.resume})`;
  say(`stopped, ${done} of ${summary.files} images done; ${how}`);
}
