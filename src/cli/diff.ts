/** The command `diff`: two files through ops/diff, one report or document. */
import { diffFiles, Platform, wasmBytes } from "../ops/index.js";
import { renderDiff } from "../report/index.js";
import { EXIT_ACCEPTED, EXIT_REJECTED } from "./exit-codes.js";
import { interruptible } from "./interruptible.js";
import type { SharedOptions } from "./options.js";
import { writeJson, writeOut } from "./output.js";
import { readingOf, TOOL } from "./reading.js";
import { withProgress } from "./with-progress.js";

/** What the command's options parse to. */
export interface DiffFlags extends SharedOptions {
  readonly state: "stream" | "restored";
  readonly bytes: boolean;
}

/** Returns the exit code: different, or an image that would not restore, is 1. */
export async function diffCommand(a: string, b: string, flags: DiffFlags): Promise<number> {
  const { state, bytes } = flags;
  const options = { ...readingOf(flags), state, bytes };
  return interruptible(async (signal) => {
    const result = await withProgress([a, b], flags, (hooks) =>
      diffFiles(new Platform({ wasmBytes }), a, b, options, { ...hooks, signal }),
    );
    if (flags.json) {
      writeJson({ v: 1, command: "diff", tool: TOOL, ...result });
    } else if (!flags.quiet) writeOut(renderDiff(result));
    return result.equal ? EXIT_ACCEPTED : EXIT_REJECTED;
  });
}
