/**
 * The command `xenstream`: starts the program and turns its outcome into an exit code; the same
 * file starts the worker threads of a batch. Everything that touches the process is in this room.
 */
import { run, serve } from "./program.js";
import { isWorker } from "./worker-argument.js";

(isWorker(process.argv) ? serve() : run(process.argv)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 3;
  },
);
