/** The command `convert`: one image through ops/convert, one report or document. */
import { UsageError } from "../findings/index.js";
import {
  type ConvertTarget,
  convertFile,
  Platform,
  parseGenidChange,
  STANDARD_OUTPUT,
  wasmBytes,
} from "../ops/index.js";
import { renderConvert, renderConvertNotes } from "../report/index.js";
import { EXIT_ACCEPTED, EXIT_REJECTED } from "./exit-codes.js";
import { interruptible } from "./interruptible.js";
import type { FindingsOption, SharedOptions } from "./options.js";
import { writeErr, writeJson, writeOut } from "./output.js";
import { findingsShown, readingOf, TOOL } from "./reading.js";
import { factsOf, styleFor } from "./terminal.js";
import { withProgress } from "./with-progress.js";

/** What the command's options parse to. */
export interface ConvertFlags extends SharedOptions, FindingsOption {
  readonly output: string;
  readonly to: ConvertTarget;
  readonly compact: boolean;
  readonly keepCheckpoints: boolean;
  readonly config?: string;
  readonly genid?: string;
}

/** Returns the exit code. */
export async function convertCommand(file: string, flags: ConvertFlags): Promise<number> {
  const toStdout = flags.output === STANDARD_OUTPUT;
  if (flags.json && toStdout) {
    throw new UsageError("the image and the document would both go to standard output", {
      option: "--json",
      allowed: "with a path for --output",
    });
  }
  const options = {
    ...readingOf(flags),
    to: flags.to,
    compact: flags.compact,
    keepCheckpoints: flags.keepCheckpoints,
    configPath: flags.config ?? null,
    genid: parseGenidChange(flags.genid ?? "keep"),
  };
  return interruptible(async (signal) => {
    const result = await withProgress(file, flags, (hooks) =>
      convertFile(new Platform({ wasmBytes }), file, flags.output, options, { ...hooks, signal }),
    );
    if (flags.json) {
      writeJson({ v: 1, command: "convert", tool: TOOL, files: [result] });
    } else if (!flags.quiet) {
      const write = toStdout ? writeErr : writeOut;
      const style = await styleFor(factsOf(toStdout ? "stderr" : "stdout"), flags.color);
      write(renderConvert(result, { ...findingsShown(flags), style }));
      writeErr(renderConvertNotes(result));
    }
    return result.output === undefined ? EXIT_REJECTED : EXIT_ACCEPTED;
  });
}
