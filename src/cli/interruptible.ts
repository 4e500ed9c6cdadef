/**
 * Runs work that an interrupt may end: the work is told by a signal, cleans up, and the command
 * ends with the code that shells expect.
 */
import { EXIT_INTERRUPTED, EXIT_TERMINATED } from "./exit-codes.js";

/**
 * Do `work`; it returns the exit code. Once it was interrupted, that counts instead.
 *
 * @param work  ends by throwing the signal's reason soon after the signal was aborted
 */
export async function interruptible(
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  let code: number | null = null;
  const onInterrupt = () => {
    code = EXIT_INTERRUPTED;
    stop.abort();
  };
  const onTerminate = () => {
    code = EXIT_TERMINATED;
    stop.abort();
  };
  process.once("SIGINT", onInterrupt).once("SIGTERM", onTerminate);
  try {
    const done = await work(stop.signal);
    return code ?? done;
  } catch (error) {
    if (code !== null && error === stop.signal.reason) return code;
    throw error;
  } finally {
    process.off("SIGINT", onInterrupt).off("SIGTERM", onTerminate);
  }
}
