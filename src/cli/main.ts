/**
 * The command `xenstream`: starts the program and turns its outcome into an exit code. Everything
 * that touches the process is in this room.
 */
import { run } from "./program.js";

run(process.argv).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 3;
  },
);
