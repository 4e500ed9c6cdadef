/** The command `restore`: one file through ops/restore, one report or document. */
import { hvmParamName } from "../format/index.js";
import { Platform, parseGenidChange, restoreFile, wasmBytes } from "../ops/index.js";
import { renderRestore } from "../report/index.js";
import { EXIT_ACCEPTED, EXIT_REJECTED } from "./exit-codes.js";
import type { DomainOptions, FindingsOption, SharedOptions } from "./options.js";
import { writeJson, writeOut } from "./output.js";
import { findingsShown, readingOf, TOOL } from "./reading.js";
import { factsOf, styleFor } from "./terminal.js";
import { withProgress } from "./with-progress.js";

/** What the command's options parse to. */
export interface RestoreFlags extends SharedOptions, DomainOptions, FindingsOption {
  readonly memory: "auto" | "indexed" | "resident";
  readonly digest?: "sha256" | "xxh3";
  readonly checkpoint?: number;
  readonly genid?: string;
  readonly salvage?: boolean;
}

/** Returns the exit code. */
export async function restoreCommand(file: string, flags: RestoreFlags): Promise<number> {
  const options = {
    ...readingOf(flags),
    memory: flags.memory,
    digest: flags.digest ?? null,
    threads: flags.threads,
    checkpoint: flags.checkpoint ?? null,
    genid: parseGenidChange(flags.genid ?? "keep"),
    salvage: flags.salvage === true,
  };
  const result = await withProgress(file, flags, (hooks) =>
    restoreFile(new Platform({ wasmBytes }), file, options, hooks),
  );
  if (flags.json) {
    writeJson({ v: 1, command: "restore", tool: TOOL, files: [result] });
  } else if (!flags.quiet) {
    const style = await styleFor(factsOf("stdout"), flags.color);
    const paramName = (index: number) => hvmParamName(BigInt(index));
    writeOut(renderRestore(result, { ...findingsShown(flags), style, paramName }));
  }
  const good = result.verdict === "accept" && flags.salvage !== true;
  return good ? EXIT_ACCEPTED : EXIT_REJECTED;
}
