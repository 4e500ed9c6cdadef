/**
 * Threads that run one function of the project by its text: they need no file of their own in any
 * package. What they work on, and how they are told to stop, is shared memory and the caller's.
 */
import type { Worker } from "node:worker_threads";
import type { ReadAt } from "../engine/index.js";
import { nodeWorkerThreads } from "./builtins.js";

/** A function that knows nothing but its arguments: `task` is sent, `read` is `fs.readSync`. */
export type ThreadWork<T> = (task: T, read: ReadAt) => void;

/**
 * As many threads as the system gives: it may refuse some, or all, to a process that it bounds.
 * One that throws ends; to tell of that is the work's.
 *
 * @param after  text of statements that are run at the end of each, however that comes
 */
export function startThreads<T>(
  wanted: number,
  work: ThreadWork<T>,
  task: T,
  { before = "", after = "" }: { readonly before?: string; readonly after?: string } = {},
): Worker[] {
  const text = `
    const { workerData: task } = require("node:worker_threads");
    const { readSync } = require("node:fs");
    ${before}
    try {
      (${work.toString()})(task, readSync);
    } finally {
      ${after}
    }`;
  const { Worker } = nodeWorkerThreads();
  const workers: Worker[] = [];
  try {
    while (workers.length < wanted) {
      const options = { eval: true, workerData: task, stdout: false, stderr: false };
      const worker = new Worker(text, options);
      // What failed is told in shared memory, and again by the one thread that tries after it.
      worker.on("error", () => {});
      worker.unref();
      workers.push(worker);
    }
  } catch {
    // The work is done by those that are there, this thread at least.
  }
  return workers;
}
