/** The command `verify`: each file through ops/verify, one report each or one document for all. */
import { type FileResult, UsageError } from "../findings/index.js";
import { failureLine, Platform, type VerifyOptions, verifyFile, wasmBytes } from "../ops/index.js";
import { renderTotals, renderVerify, type TextOptions, type Totals } from "../report/index.js";
import { EXIT_ACCEPTED, EXIT_REJECTED, exitCodeOf } from "./exit-codes.js";
import type { FindingsOption, ReportFlags, SharedOptions } from "./options.js";
import { printError, writeJson, writeOut } from "./output.js";
import { findingsShown, readingOf, TOOL } from "./reading.js";
import type { ReportFiles } from "./report-files.js";
import { openReports } from "./reports.js";
import { factsOf, styleFor } from "./terminal.js";
import { withProgress } from "./with-progress.js";

/** What the command's options parse to. */
export interface VerifyFlags extends SharedOptions, FindingsOption, ReportFlags {
  readonly readData: boolean;
  /** Path of a host's description. */
  readonly on?: string;
}

/** Returns the exit code: the highest of all files. */
export async function verifyCommand(files: readonly string[], flags: VerifyFlags): Promise<number> {
  const host = flags.on === undefined ? null : await hostOption(flags.on, files);
  const reports = await openReports(flags, flags.json);
  try {
    reports?.spare(flags.on === undefined ? files : [...files, flags.on]);
    reports?.begin();
    const text = { ...findingsShown(flags), style: await styleFor(factsOf("stdout"), flags.color) };
    const run = new VerifyRun(files, flags, { text, reports, host });
    for (const [index, file] of files.entries()) await run.verify(index, file);
    return await run.end();
  } finally {
    reports?.close();
  }
}

/** What is made of the flags before the first file is opened. */
interface VerifySettings {
  readonly text: TextOptions;
  readonly reports: ReportFiles | null;
  readonly host: VerifyOptions["host"] | null;
}

/** Loaded where a host is named: most runs name none. */
async function hostOption(path: string, files: readonly string[]) {
  if (path === "-" && files.includes("-")) {
    throw new UsageError("standard input can be the image or the host, not both", {
      option: "--on",
      allowed: "a path",
    });
  }
  const { hostFileCheck } = await import("./host-option.js");
  return hostFileCheck(path);
}

/** Several files, one after the other: what they come to, and where it is told. */
class VerifyRun {
  readonly #files: readonly string[];
  readonly #flags: VerifyFlags;
  readonly #text: TextOptions;
  readonly #reports: ReportFiles | null;
  readonly #print: (text: string) => void;
  readonly #platform = new Platform({ wasmBytes });
  readonly #options: VerifyOptions;
  readonly #startedMs = Date.now();
  readonly #startMs = performance.now();
  readonly #results: FileResult[] = [];
  readonly #totals: { -readonly [K in keyof Totals]: Totals[K] } = {
    accepted: 0,
    rejected: 0,
    failed: 0,
  };
  #bytes = 0;
  #code: number = EXIT_ACCEPTED;

  constructor(
    files: readonly string[],
    flags: VerifyFlags,
    { text, reports, host }: VerifySettings,
  ) {
    this.#files = files;
    this.#flags = flags;
    this.#text = text;
    this.#reports = reports;
    this.#options = { ...readingOf(flags), readData: flags.readData, host };
    const silent = flags.json || flags.quiet || reports?.takesStdout === true;
    this.#print = silent ? () => {} : writeOut;
  }

  async verify(index: number, file: string): Promise<void> {
    try {
      const result = await withProgress(file, this.#flags, (hooks) =>
        verifyFile(this.#platform, file, this.#options, hooks),
      );
      this.#take(index, result);
    } catch (error) {
      this.#totals.failed += 1;
      printError(error);
      this.#code = Math.max(this.#code, exitCodeOf(error));
      this.#reports?.take(index, failureLine(file, error));
    }
  }

  #take(index: number, result: FileResult): void {
    const rejected = result.verdict === "reject";
    this.#totals[rejected ? "rejected" : "accepted"] += 1;
    this.#bytes += result.bytes ?? 0;
    if (rejected) this.#code = Math.max(this.#code, EXIT_REJECTED);
    if (this.#flags.json) this.#results.push(result);
    this.#reports?.take(index, { v: 1, type: "file", ...result });
    this.#print(renderVerify(result, this.#text) + (this.#files.length > 1 ? "\n" : ""));
  }

  /** Totals, the document, the report files; returns the exit code. */
  async end(): Promise<number> {
    if (this.#files.length > 1) this.#print(renderTotals(this.#totals, this.#text));
    if (this.#flags.json) {
      writeJson({ v: 1, command: "verify", tool: TOOL, files: this.#results });
    }
    if (this.#reports === null) return this.#code;
    const { profile } = this.#flags;
    const files = this.#files.length;
    const written = await this.#reports.write({
      begin: { v: 1, type: "begin", tool: TOOL, operation: "verify", profile, files },
      summary: {
        v: 1,
        type: "summary",
        files,
        ...this.#totals,
        bytes: this.#bytes,
        elapsedMs: performance.now() - this.#startMs,
      },
      startedMs: this.#startedMs,
      exitCode: this.#code,
    });
    return Math.max(this.#code, written);
  }
}
