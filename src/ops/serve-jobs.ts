/**
 * The inside of a pool's worker: does the jobs that come by message, tells how far it is, gives up
 * when it is told to. The pool itself is batch/pool.ts.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { JobMessage, PoolWorkerData, WorkerMessage } from "../batch/index.js";
import { InternalError } from "../findings/index.js";
import { JobWorker } from "./job.js";
import { Platform } from "./runtime.js";
import { wasmBytes } from "./wasm-bytes.js";

/** Progress is told this often at most. */
const PROGRESS_MS = 100;
/** While a job waits for a pipe or a server, whether the run is stopped is asked this often. */
const STOP_CHECK_MS = 100;

/** Serve jobs until the thread is ended. Called on a worker thread alone. */
export function serveJobs(): void {
  const port = parentPort;
  if (port === null) throw new InternalError("jobs are served on a worker thread");
  const stop = new Int32Array((workerData as PoolWorkerData).stop);
  const worker = new JobWorker(() => new Platform({ wasmBytes }));
  const send = (message: WorkerMessage) => port.postMessage(message);
  const given = new Error("the run is stopped");
  const stoppable = async <R>(work: (signal: AbortSignal) => Promise<R>): Promise<R> => {
    const abort = new AbortController();
    const timer = setInterval(() => {
      if (Atomics.load(stop, 0) !== 0) abort.abort(given);
    }, STOP_CHECK_MS);
    try {
      return await work(abort.signal);
    } finally {
      clearInterval(timer);
    }
  };
  const serve = async ({ job, settings }: JobMessage) => {
    const { index } = job;
    let toldMs = performance.now();
    const onProgress = ({ bytes, totalBytes }: { bytes: number; totalBytes: number | null }) => {
      if (Atomics.load(stop, 0) !== 0) throw given;
      const nowMs = performance.now();
      if (nowMs - toldMs < PROGRESS_MS) return;
      toldMs = nowMs;
      send({ type: "progress", index, bytes, totalBytes });
    };
    try {
      if (Atomics.load(stop, 0) !== 0) throw given;
      // What has a size never waits: it is stopped from within.
      const outcome = await (job.bytes === null
        ? stoppable((signal) => worker.run(job, settings, { onProgress, signal }))
        : worker.run(job, settings, { onProgress }));
      send({ type: "outcome", index, outcome });
    } catch (error) {
      if (error !== given) throw error;
      send({ type: "stopped", index });
    }
  };
  // The next job comes while one is at work.
  let last = Promise.resolve();
  port.on("message", (message: JobMessage) => {
    last = last.then(() => serve(message));
  });
  send({ type: "ready" });
}
