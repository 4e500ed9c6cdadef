/** The part of the command tree that is about workers. As light as program.ts: help loads it. */
import type { Command } from "commander";
import { addExamples } from "./examples.js";
import { addOutputOptions, parseBytes, parseInteger } from "./options.js";

/** What --queue takes. */
export const QUEUE_HELP = "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS";

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
