/** The command `manifest`: one file through ops/manifest, written or checked. */
import { UsageError } from "../findings/index.js";
import {
  checkManifest,
  Platform,
  STANDARD_OUTPUT,
  wasmBytes,
  writeManifest,
} from "../ops/index.js";
import { renderCheck, renderManifest } from "../report/index.js";
import { EXIT_ACCEPTED, EXIT_REJECTED } from "./exit-codes.js";
import { interruptible } from "./interruptible.js";
import type { SharedOptions } from "./options.js";
import { writeErr, writeJson, writeOut } from "./output.js";
import { readingOf, TOOL } from "./reading.js";
import { withProgress } from "./with-progress.js";

/** What the command's options parse to. */
export interface ManifestFlags extends SharedOptions {
  readonly output?: string;
  readonly check?: string;
  readonly state: "stream" | "restored";
}

/** Returns the exit code. */
export async function manifestCommand(file: string, flags: ManifestFlags): Promise<number> {
  const { output, check, state, json, quiet } = flags;
  const platform = new Platform({ wasmBytes });
  const options = { ...readingOf(flags), state };
  const head = { v: 1, command: "manifest", tool: TOOL };
  if ((output === undefined) === (check === undefined)) {
    const allowed = "either it or --check";
    throw new UsageError("say what to do with the manifest", { option: "--output", allowed });
  }
  if (check !== undefined) {
    const result = await withProgress(file, flags, (hooks) =>
      checkManifest(platform, file, check, options, hooks),
    );
    if (json) writeJson({ ...head, files: [result] });
    else if (!quiet) writeOut(renderCheck(result));
    return result.check.matches ? EXIT_ACCEPTED : EXIT_REJECTED;
  }
  const path = output ?? STANDARD_OUTPUT;
  if (path === STANDARD_OUTPUT && json) {
    throw new UsageError("the manifest and the document would both go to standard output", {
      option: "--json",
      allowed: "with a path for --output",
    });
  }
  return interruptible(async (signal) => {
    const result = await withProgress(file, flags, (hooks) =>
      writeManifest(platform, file, path, options, { ...hooks, signal }),
    );
    if (json) writeJson({ ...head, files: [result] });
    else if (!quiet && path !== STANDARD_OUTPUT) writeOut(renderManifest(result));
    else if (result.verdict === "reject") writeErr(renderManifest(result));
    return result.verdict === "reject" ? EXIT_REJECTED : EXIT_ACCEPTED;
  });
}
