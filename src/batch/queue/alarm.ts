/** Waits that end early: when there is news, or when something took too long. No events. */

/** Resolves after `ms`, or as soon as it is woken; a wake between two waits is not lost. */
export class Alarm {
  #woken = false;
  #ring: (() => void) | null = null;

  readonly wake = (): void => {
    this.#woken = true;
    this.#ring?.();
  };

  async wait(ms: number): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#ring = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#ring = null;
    this.#woken = false;
  }
}

/** What `work` gives; after `ms` it is not waited for any more, and that is an error. */
export async function within<Result>(work: Promise<Result>, ms: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
