/**
 * Lets SIGINT and SIGTERM end an operation that writes a file, so that what it wrote is removed
 * before the process ends. Source: INTERFACE, exit codes 130 and 143.
 */
import { EXIT_INTERRUPTED, EXIT_TERMINATED } from "./exit-codes.js";

/**
 * Do `work` under a signal that is aborted by SIGINT and SIGTERM.
 *
 * @returns what `work` returns, or the exit code where it was interrupted
 */
export async function interruptible<R>(
  work: (signal: AbortSignal) => Promise<R>,
): Promise<{ readonly result: R } | { readonly exitCode: number }> {
  const stop = new AbortController();
  let exitCode = EXIT_INTERRUPTED;
  const onInterrupt = () => stop.abort();
  const onTerminate = () => {
    exitCode = EXIT_TERMINATED;
    stop.abort();
  };
  process.once("SIGINT", onInterrupt).once("SIGTERM", onTerminate);
  try {
    return { result: await work(stop.signal) };
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) return { exitCode };
    throw error;
  } finally {
    process.off("SIGINT", onInterrupt).off("SIGTERM", onTerminate);
  }
}
