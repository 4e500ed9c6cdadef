/**
 * Lets signals and timers in while synchronous work goes on. The asynchronous driver does so by
 * itself; this is for work between its jobs.
 */

/** Signals and timers are let in at least this often. */
const LONGEST_TURN_MS = 10;

/** The turns of one operation. */
export class Turns {
  readonly #signal: AbortSignal | undefined;
  #startMs = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /**
   * Between two steps of the work: gives others their turn if this one was long.
   *
   * @throws the signal's reason, once it is aborted
   */
  async next(): Promise<void> {
    this.#signal?.throwIfAborted();
    if (performance.now() - this.#startMs < LONGEST_TURN_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#startMs = performance.now();
  }
}
