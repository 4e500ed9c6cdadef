/** The command `verify`: each file through ops/verify, one report each or one document for all. */
import { type FileResult, UsageError } from "../findings/index.js";
import { Platform, verifyFile, wasmBytes } from "../ops/index.js";
import { renderTotals, renderVerify } from "../report/index.js";
import { EXIT_ACCEPTED, EXIT_REJECTED, exitCodeOf } from "./exit-codes.js";
import type { FindingsOption, SharedOptions } from "./options.js";
import { printError, writeJson, writeOut } from "./output.js";
import { findingsShown, readingOf, TOOL } from "./reading.js";
import { factsOf, styleFor } from "./terminal.js";
import { withProgress } from "./with-progress.js";

/** What the command's options parse to. */
export interface VerifyFlags extends SharedOptions, FindingsOption {
  readonly readData: boolean;
  /** Path of a host's description. */
  readonly on?: string;
}

/** Returns the exit code: the highest of all files. */
export async function verifyCommand(files: readonly string[], flags: VerifyFlags): Promise<number> {
  if (flags.on === "-" && files.includes("-")) {
    throw new UsageError("standard input can be the image or the host, not both", {
      option: "--on",
      allowed: "a path",
    });
  }
  const platform = new Platform({ wasmBytes });
  const host = flags.on === undefined ? null : await hostOption(flags.on);
  const options = { ...readingOf(flags), readData: flags.readData, host };
  const text = { ...findingsShown(flags), style: await styleFor(factsOf("stdout"), flags.color) };
  const results: FileResult[] = [];
  const totals = { accepted: 0, rejected: 0, failed: 0 };
  const print = flags.json || flags.quiet ? () => {} : writeOut;
  let code = EXIT_ACCEPTED;
  for (const file of files) {
    try {
      const result = await withProgress(file, flags, (hooks) =>
        verifyFile(platform, file, options, hooks),
      );
      const rejected = result.verdict === "reject";
      totals[rejected ? "rejected" : "accepted"] += 1;
      if (rejected) code = Math.max(code, EXIT_REJECTED);
      if (flags.json) results.push(result);
      print(renderVerify(result, text) + (files.length > 1 ? "\n" : ""));
    } catch (error) {
      totals.failed += 1;
      printError(error);
      code = Math.max(code, exitCodeOf(error));
    }
  }
  if (files.length > 1) print(renderTotals(totals, text));
  if (flags.json) writeJson({ v: 1, command: "verify", tool: TOOL, files: results });
  return code;
}

/** Loaded where a host is named: most runs name none. */
async function hostOption(path: string) {
  const { hostFileCheck } = await import("./host-option.js");
  return hostFileCheck(path);
}
