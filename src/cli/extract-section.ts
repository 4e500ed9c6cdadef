/** `extract --section`: a part of one image through ops/extract-section. */
import { UsageError } from "../findings/index.js";
import {
  extractSectionFile,
  Platform,
  type SectionName,
  STANDARD_OUTPUT,
  wasmBytes,
} from "../ops/index.js";
import { printable, renderVerify } from "../report/index.js";
import { EXIT_ACCEPTED, EXIT_REJECTED } from "./exit-codes.js";
import type { FindingsOption, SharedOptions } from "./options.js";
import { writeErr, writeJson, writeOut } from "./output.js";
import { findingsShown, readingOf, TOOL } from "./reading.js";
import { factsOf, styleFor } from "./terminal.js";
import { withProgress } from "./with-progress.js";

/** What the command's options parse to. */
export interface ExtractSectionFlags extends SharedOptions, FindingsOption {
  readonly output: string;
  readonly section: SectionName;
}

/** Returns the exit code. */
export async function extractSectionCommand(
  file: string,
  flags: ExtractSectionFlags,
): Promise<number> {
  const { output, section } = flags;
  const toStdout = output === STANDARD_OUTPUT;
  if (flags.json && toStdout) {
    throw new UsageError("the section and the document would both go to standard output", {
      option: "--json",
      allowed: "with a path for --output",
    });
  }
  const options = { ...readingOf(flags), section };
  const result = await withProgress(file, flags, (hooks) =>
    extractSectionFile(new Platform({ wasmBytes }), file, output, options, hooks),
  );
  const { output: written } = result;
  const write = toStdout ? writeErr : writeOut;
  if (flags.json) {
    writeJson({ v: 1, command: "extract", tool: TOOL, files: [result] });
  } else if (written === undefined) {
    const style = await styleFor(factsOf(toStdout ? "stderr" : "stdout"), flags.color);
    write(renderVerify(result, { ...findingsShown(flags), style }));
  } else if (!flags.quiet && !toStdout) {
    write(`${printable(output)}: ${section}, ${written.bytes} bytes\n`);
  }
  return written === undefined ? EXIT_REJECTED : EXIT_ACCEPTED;
}
