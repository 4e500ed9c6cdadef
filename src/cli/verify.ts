/** The command `verify`: each file through ops/verify, one report each or one document for all. */
import type { FileResult } from "../findings/index.js";
import { Platform, VERSION, verifyFile, wasmBytes } from "../ops/index.js";
import { renderVerify } from "../report/index.js";
import { EXIT_ACCEPTED, EXIT_REJECTED, exitCodeOf } from "./exit-codes.js";
import { readingOf, type SharedOptions } from "./options.js";
import { printError, writeJson, writeOut } from "./output.js";

interface VerifyFlags extends SharedOptions {
  readonly readData: boolean;
  readonly maxFindings: number;
}

/** Returns the exit code: the highest of all files. */
export async function verifyCommand(files: readonly string[], flags: VerifyFlags): Promise<number> {
  const platform = new Platform({ wasmBytes });
  const options = { ...readingOf(flags), readData: flags.readData };
  const results: FileResult[] = [];
  let code = EXIT_ACCEPTED;
  for (const file of files) {
    try {
      const result = await verifyFile(platform, file, options);
      results.push(result);
      if (result.verdict === "reject") code = Math.max(code, EXIT_REJECTED);
      if (!flags.json && !flags.quiet) writeOut(renderVerify(result, flags));
    } catch (error) {
      printError(error);
      code = Math.max(code, exitCodeOf(error));
    }
  }
  if (flags.json) {
    const tool = { name: "xenstream", version: VERSION };
    writeJson({ v: 1, command: "verify", tool, files: results });
  }
  return code;
}
