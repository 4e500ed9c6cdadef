/** The command `extract`: one file through ops/extract to one file of memory, or to a section. */
import { UsageError } from "../findings/index.js";
import {
  extractFile,
  type MemoryFormat,
  Platform,
  parseGenidChange,
  type SectionName,
  STANDARD_OUTPUT,
  wasmBytes,
} from "../ops/index.js";
import { renderExtract } from "../report/index.js";
import { EXIT_ACCEPTED, EXIT_REJECTED } from "./exit-codes.js";
import { extractSectionCommand } from "./extract-section.js";
import { interruptible } from "./interruptible.js";
import type { DomainOptions, FindingsOption, SharedOptions } from "./options.js";
import { writeErr, writeJson, writeOut } from "./output.js";
import { readingOf, TOOL } from "./reading.js";
import { withProgress } from "./with-progress.js";

/** What the command's options parse to. */
export interface ExtractFlags extends SharedOptions, DomainOptions, FindingsOption {
  readonly output?: string;
  readonly format: MemoryFormat;
  readonly state: "stream" | "restored";
  readonly pfn?: { readonly first: number; readonly last: number };
  readonly genid?: string;
  readonly salvage?: boolean;
  readonly checkpoint?: number;
  readonly section?: SectionName;
}

/** Returns the exit code. */
export async function extractCommand(file: string, flags: ExtractFlags): Promise<number> {
  const { section } = flags;
  if (section !== undefined) {
    if (flags.genid !== undefined && flags.genid !== "keep") {
      const allowed = "keep with --section; anything for memory";
      throw new UsageError("a section is written as it is", { option: "--genid", allowed });
    }
    const output = flags.output ?? STANDARD_OUTPUT;
    return await extractSectionCommand(file, { ...flags, output, section });
  }
  const path = flags.output ?? (flags.pfn === undefined ? null : STANDARD_OUTPUT);
  const allowed = 'a path, or "-" for standard output';
  if (path === null) {
    throw new UsageError("no output was named", { option: "--output", allowed });
  }
  if (path === STANDARD_OUTPUT && flags.json) {
    throw new UsageError("memory and the document would both go to standard output", {
      option: "--json",
      allowed: "with a path for --output",
    });
  }
  const options = {
    ...readingOf(flags),
    format: flags.format,
    state: flags.state,
    pfns: flags.pfn ?? null,
    genid: parseGenidChange(flags.genid ?? "keep"),
    salvage: flags.salvage === true,
    checkpoint: flags.checkpoint ?? null,
  };
  return interruptible(async (signal) => {
    const result = await withProgress(file, flags, (hooks) =>
      extractFile(new Platform({ wasmBytes }), file, path, options, { ...hooks, signal }),
    );
    if (flags.json) {
      writeJson({ v: 1, command: "extract", tool: TOOL, files: [result] });
    } else if (!flags.quiet && path !== STANDARD_OUTPUT) writeOut(renderExtract(result));
    else if (result.verdict === "reject") writeErr(renderExtract(result));
    const good = result.output !== undefined && flags.salvage !== true;
    return good ? EXIT_ACCEPTED : EXIT_REJECTED;
  });
}
