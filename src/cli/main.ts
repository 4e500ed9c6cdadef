/**
 * The command `xenstream`: starts the program and turns its outcome into an exit code; the same
 * file starts the worker threads of a batch. Everything that touches the process is in this room.
 */
import { run } from "./program.js";
import { isWorker } from "./worker-argument.js";

/** A thread goes on after this, until it is ended. */
async function serve(): Promise<void> {
  const { serveJobs } = await import("./batch-worker.js");
  serveJobs();
}

/** All output is written when a command is over: to wait for nothing would cost short ones dear. */
async function command(): Promise<void> {
  process.exit(await run(process.argv));
}

(isWorker(process.argv) ? serve() : command()).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 3;
});
