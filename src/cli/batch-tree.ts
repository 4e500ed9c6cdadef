/** The part of the command tree that is about many images. As light as program.ts: help loads it. */
import { type Command, Option } from "commander";
import { addExamples } from "./examples.js";
import { addOutputOptions, addReadingOptions, addReportOptions, parseInteger } from "./options.js";
import { QUEUE_HELP } from "./queue-tree.js";

const TEXT = `
Paths are files, folders (every regular file below, but for names that begin
with a dot), patterns or URLs; each image is done once, the largest first. All
workers share --max-memory. With --json: one object a line, as images are done.

A journal (--resume) takes the results of images as they are done. The same
command goes on with it after an interruption, a crash or a change of some
files: what has not changed is not done again, yet is in output and reports.
An object at a URL is known again by its strong ETag, else by date and size;
where its server tells neither, it is done again.`;

/** `batch`. */
export function addBatch(program: Command, done: (code: number) => void): void {
  const command = program
    .command("batch")
    .description("many images at once: verify or restore each, go on after an interruption")
    .addArgument(program.createArgument("<operation>", "what").choices(["verify", "restore"]))
    .argument("[path...]", "files, folders, patterns, URLs")
    .option("--files-from <list>", 'paths from a file, or "-": one a line, or zero-terminated')
    .option(
      "--jobs <n>",
      "images at the same time (default: the processors)",
      parseInteger(1, 1024),
    )
    .option("--fail-fast", "stop at the first image that is not accepted", false)
    .option("--resume <journal>", "keep results in this file, and go on where it ends")
    .option("--queue <url>", `have workers do it: ${QUEUE_HELP}`)
    .option("--manifest-dir <dir>", "make each image's manifest here, or check the one there")
    .option("--read-data", "verify: read page contents too, to find disk faults", false)
    .addOption(
      new Option(
        "--memory <model>",
        "restore: hold pages, or only where they are (default: auto)",
      ).choices(["auto", "indexed", "resident"]),
    )
    .addOption(
      new Option("--digest <kind>", "restore: digest of memory").choices(["sha256", "xxh3"]),
    )
    .option(
      "--max-findings <n>",
      "bad images that the summary shows (default: 20); JSON has all",
      parseInteger(1, 1000),
    );
  addOutputOptions(addReadingOptions(addReportOptions(command)));
  command.addHelpText("after", TEXT);
  addExamples(command, [
    ["xenstream batch verify /backup/vms", "every image of a folder"],
    ["xenstream batch verify --resume night.journal /backup", "the same again goes on"],
    ["xenstream batch restore --digest xxh3 --json '*.save' > out.ndjson", "an object a line"],
    ["xenstream batch verify --queue redis://queue.lan /backup", "by workers on other hosts"],
    ["xenstream batch verify /backup --junit out.xml --html out.html", "and reports"],
    ["find /vm -name '*.save' -print0 | xenstream batch verify --files-from -", "from a list"],
  ]);
  command.action(async (operation: "verify" | "restore", paths: string[], flags) => {
    const { batchCommand } = await import("./batch.js");
    done(await batchCommand(operation, paths, flags));
  });
}
