/** The part of the command tree that is about many images. As light as program.ts: help loads it. */
import { type Command, Option } from "commander";
import { addExamples } from "./examples.js";
import { addOutputOptions, addReadingOptions, parseBytes, parseInteger } from "./options.js";

const PATHS = `
Paths are files, folders (every regular file below, but for names that begin
with a dot), patterns or URLs; each image is done once.`;

const QUEUE_HELP = "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS";

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
  addOutputOptions(addReadingOptions(command));
  command.addHelpText("after", PATHS);
  addExamples(command, [
    ["xenstream batch verify /backup/vms", "every image of a folder"],
    ["xenstream batch verify --resume night.journal /backup", "the same again goes on"],
    ["xenstream batch restore --digest xxh3 --json '*.save' > out.ndjson", "an object a line"],
    ["xenstream batch verify --queue redis://queue.lan /backup", "by workers on other hosts"],
    ["find /vm -name '*.save' -print0 | xenstream batch verify --files-from -", "from a list"],
  ]);
  command.action(async (operation: "verify" | "restore", paths: string[], flags) => {
    const { batchCommand } = await import("./batch.js");
    done(await batchCommand(operation, paths, flags));
  });
}

const WORKER_TEXT = `
It needs the packages of the queue: npm install bullmq ioredis. The password may
be in REDISCLI_AUTH instead of the URL. Paths are read on this host. SIGTERM and
SIGINT give the images at hand back to the queue.`;

/** `worker`. */
export function addWorker(program: Command, done: (code: number) => void): void {
  const command = program
    .command("worker")
    .description("take images from a queue that batch --queue fills, on any number of hosts")
    .requiredOption("--queue <url>", QUEUE_HELP)
    .option(
      "--jobs <n>",
      "images at the same time (default: the processors)",
      parseInteger(1, 1024),
    )
    .option(
      "--max-memory <size>",
      "memory at most, of all images together (default: half the machine's)",
      parseBytes,
    )
    .option(
      "--idle-exit <seconds>",
      "end after so long without an image (default: never)",
      parseInteger(1, 2 ** 20),
    );
  addOutputOptions(command);
  command.addHelpText("after", WORKER_TEXT);
  addExamples(command, [
    ["xenstream worker --queue redis://queue.lan", "until it is stopped"],
    ["xenstream worker --queue rediss://ci@queue.lan --idle-exit 60", "over TLS, in a CI job"],
    ["xenstream batch verify --queue redis://queue.lan /backup", "what gives it work"],
  ]);
  command.action(async (flags) => {
    const { workerCommand } = await import("./worker.js");
    done(await workerCommand(flags));
  });
}
