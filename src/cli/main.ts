/**
 * The command `xenstream`: starts the program and turns its outcome into an exit code; the same
 * file starts the worker threads of a batch. Everything that touches the process is in this room.
 */
import { EXIT_ACCEPTED } from "./exit-codes.js";
import { run } from "./program.js";
import { isWorker } from "./worker-argument.js";

/** A thread goes on after this, until it is ended. */
async function serve(): Promise<number> {
  const { serveJobs } = await import("./batch-worker.js");
  serveJobs();
  return EXIT_ACCEPTED;
}

(isWorker(process.argv) ? serve() : run(process.argv)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 3;
  },
);
