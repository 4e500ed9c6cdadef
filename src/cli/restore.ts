/** The command `restore`: one file through ops/restore, one report or document. */
import { Platform, parseGenidChange, restoreFile, VERSION, wasmBytes } from "../ops/index.js";
import { renderRestore } from "../report/index.js";
import { EXIT_ACCEPTED, EXIT_REJECTED } from "./exit-codes.js";
import { readingOf, type SharedOptions } from "./options.js";
import { writeJson, writeOut } from "./output.js";

interface RestoreFlags extends SharedOptions {
  readonly memory: "auto" | "indexed" | "resident";
  readonly digest?: "sha256" | "xxh3";
  readonly checkpoint?: number;
  readonly genid: string;
  readonly salvage: boolean;
  readonly sharedInfoFrame: number;
  readonly storePort: number;
  readonly consolePort: number;
}

/** Returns the exit code. */
export async function restoreCommand(file: string, flags: RestoreFlags): Promise<number> {
  const result = await restoreFile(new Platform({ wasmBytes }), file, {
    ...readingOf(flags),
    memory: flags.memory,
    digest: flags.digest ?? null,
    checkpoint: flags.checkpoint ?? null,
    genid: parseGenidChange(flags.genid),
    salvage: flags.salvage,
    sharedInfoFrame: flags.sharedInfoFrame,
    storePort: flags.storePort,
    consolePort: flags.consolePort,
  });
  if (flags.json) {
    const tool = { name: "xenstream", version: VERSION };
    writeJson({ v: 1, command: "restore", tool, files: [result] });
  } else if (!flags.quiet) {
    writeOut(renderRestore(result, { verbose: flags.verbose, maxFindings: 100 }));
  }
  const good = result.verdict === "accept" && !flags.salvage;
  return good ? EXIT_ACCEPTED : EXIT_REJECTED;
}
