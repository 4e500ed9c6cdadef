/** The command `inspect`: one file through ops/inspect, one summary or document. */
import { inspectFile, Platform, VERSION, wasmBytes } from "../ops/index.js";
import { renderInspect } from "../report/index.js";
import { EXIT_ACCEPTED, EXIT_REJECTED } from "./exit-codes.js";
import { readingOf, type SharedOptions } from "./options.js";
import { writeJson, writeOut } from "./output.js";

/** Returns the exit code: 1 if the image is one that would be rejected. */
export async function inspectCommand(file: string, flags: SharedOptions): Promise<number> {
  const result = await inspectFile(new Platform({ wasmBytes }), file, readingOf(flags));
  if (flags.json) {
    const tool = { name: "xenstream", version: VERSION };
    writeJson({ v: 1, command: "inspect", tool, ...result });
  } else if (!flags.quiet) {
    writeOut(renderInspect(result, flags));
  }
  return result.verdict === "reject" ? EXIT_REJECTED : EXIT_ACCEPTED;
}
