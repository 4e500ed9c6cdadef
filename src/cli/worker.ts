/** The command `worker`: worker threads that take jobs from a queue until they are told to stop. */
import { availableParallelism } from "node:os";
import type { WorkerDocument } from "../findings/index.js";
import { BatchTally, type JobOutcome, serveQueue, WorkerPool } from "../ops/index.js";
import { batchLine, renderWorker } from "../report/index.js";
import { EXIT_ACCEPTED } from "./exit-codes.js";
import { interruptible } from "./interruptible.js";
import type { OutputOptions } from "./options.js";
import { say, writeJson, writeOut } from "./output.js";
import { limitsOf, TOOL } from "./reading.js";
import { factsOf, styleFor } from "./terminal.js";
import { WORKER_ARGUMENT } from "./worker-argument.js";

/** What the command's options parse to. */
export interface WorkerFlags extends OutputOptions {
  readonly queue: string;
  readonly jobs?: number;
  readonly idleExit?: number;
  readonly maxMemory?: number;
}

/** Where redis-cli looks for a password too: one in an argument is seen by all users of a host. */
export const PASSWORD_VARIABLE = "REDISCLI_AUTH";

/** Returns the exit code: what the images are is the sender's business. */
export async function workerCommand(flags: WorkerFlags): Promise<number> {
  const jobs = flags.jobs ?? availableParallelism();
  const style = await styleFor(factsOf("stdout"), flags.color);
  const pools = Array.from(
    { length: jobs },
    () => new WorkerPool({ entry: __filename, argv: [WORKER_ARGUMENT], workerCount: 1 }),
  );
  const tally = new BatchTally();
  const onOutcome = (index: number, outcome: JobOutcome) => {
    tally.add(index, outcome, false);
    if (flags.verbose && !flags.quiet && !flags.json)
      writeOut(`${batchLine(outcome, { style })}\n`);
  };
  try {
    return await interruptible(async (signal) => {
      await serveQueue({
        url: flags.queue,
        password: process.env[PASSWORD_VARIABLE],
        runners: pools,
        maxMemoryBytes: Math.max(1, Math.floor(limitsOf(flags).maxMemoryBytes / jobs)),
        idleExitMs: flags.idleExit === undefined ? null : flags.idleExit * 1000,
        onNotice: queueNotices(flags),
        onOutcome: ({ index }, outcome) => onOutcome(index, outcome),
        signal,
      });
      const { accepted, rejected, failed } = tally;
      const done = { images: accepted + rejected + failed, accepted, rejected, failed };
      const document: WorkerDocument = { v: 1, command: "worker", tool: TOOL, ...done };
      if (flags.json) writeJson(document);
      else if (!flags.quiet) writeOut(renderWorker(document));
      return EXIT_ACCEPTED;
    });
  } finally {
    await Promise.all(pools.map((pool) => pool.close()));
  }
}

/** What a queue's notices become: lines on standard error. */
export function queueNotices(flags: Pick<OutputOptions, "quiet">): (text: string) => void {
  return (text) => {
    if (!flags.quiet) say(text);
  };
}
