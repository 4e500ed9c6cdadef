/**
 * How the worker threads of a batch are told from the command, both being started from one file.
 */

/** First argument of a worker thread. A user who gives it gets what any unknown word gets. */
export const WORKER_ARGUMENT = "batch-worker-thread";

/** Whether this is such a thread. Looks at the arguments first: the other module costs time. */
export function isWorker(argv: readonly string[]): boolean {
  if (argv[2] !== WORKER_ARGUMENT) return false;
  return !process.getBuiltinModule("node:worker_threads").isMainThread;
}
