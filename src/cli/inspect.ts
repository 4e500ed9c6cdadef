/** The command `inspect`: one file through ops/inspect, one summary or document. */
import { inspectFile, Platform, wasmBytes } from "../ops/index.js";
import { renderInspect } from "../report/index.js";
import { EXIT_ACCEPTED, EXIT_REJECTED } from "./exit-codes.js";
import type { FindingsOption, SharedOptions } from "./options.js";
import { writeJson, writeOut } from "./output.js";
import { findingsShown, readingOf, TOOL } from "./reading.js";
import { factsOf, styleFor } from "./terminal.js";
import { withProgress } from "./with-progress.js";

/** What the command's options parse to. */
export interface InspectFlags extends SharedOptions, FindingsOption {}

/** Returns the exit code: 1 if the image is one that would be rejected. */
export async function inspectCommand(file: string, flags: InspectFlags): Promise<number> {
  const options = readingOf(flags);
  const result = await withProgress(file, flags, (hooks) =>
    inspectFile(new Platform({ wasmBytes }), file, options, hooks),
  );
  if (flags.json) {
    writeJson({ v: 1, command: "inspect", tool: TOOL, ...result });
  } else if (!flags.quiet) {
    const { tableOf } = await import("./table.js");
    const style = await styleFor(factsOf("stdout"), flags.color);
    writeOut(renderInspect(result, { ...findingsShown(flags), style, table: tableOf }));
  }
  return result.verdict === "reject" ? EXIT_REJECTED : EXIT_ACCEPTED;
}
