/**
 * What a caller may hang on a running operation: an abort signal and a callback for progress. Not
 * how progress is shown (cli/), nor when bytes are read (input/).
 */
import type { Limits } from "../findings/index.js";
import type { Sha256 } from "../guest/index.js";
import type { AsyncSource, DriveOptions, OpenInputOptions } from "../input/index.js";
import type { Job } from "../stream/index.js";

/** How far an operation has come. */
export interface ReadingProgress {
  /**
   * `read`: through the input; `digest`, `write`, `compare`: through the guest's pages, for that.
   * Each begins at 0, `read` once for each input.
   */
  readonly phase: "read" | "digest" | "write" | "compare";
  readonly bytes: number;
  /** Null where nobody knows, as for a pipe. */
  readonly totalBytes: number | null;
}

/** Callbacks of the operations that read images. */
export interface ReadingHooks {
  /** When aborted, the operation throws the signal's reason at the next request for bytes. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called from inside the work, about once for each MiB: throttle by time yourself. May throw to
   * end the operation.
   */
  readonly onProgress?: ((progress: ReadingProgress) => void) | undefined;
  /** Told what a user may want to know of how the input is read, in one sentence each. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** How an input is opened under `hooks`. */
export function openOptions(hooks: ReadingHooks, limits: Limits): OpenInputOptions {
  return { limits, signal: hooks.signal, onNote: hooks.onNote };
}

/** The driver tells of progress after this much input. */
const STEP_BYTES = 1024 * 1024;

/** The drivers' options for reading `source` under `hooks`. */
export function driveOptions(hooks: ReadingHooks, source: AsyncSource): DriveOptions {
  const { signal, onProgress } = hooks;
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined
      ? {}
      : {
          progressBytes: STEP_BYTES,
          onProgress: (bytes) => onProgress({ phase: "read", bytes, totalBytes: source.size }),
        }),
  };
}

/** Callbacks that need not know any other phase. */
interface PhaseHooks<P> {
  readonly onProgress?: ((progress: ReadingProgress & { readonly phase: P }) => void) | undefined;
}

/** Adds up what a phase behind reading went through, and tells when a step is full. */
export class PhaseProgress<P extends ReadingProgress["phase"]> {
  readonly #phase: P;
  readonly #tell: PhaseHooks<P>["onProgress"];
  readonly #totalBytes: number;
  #bytes = 0;
  #toldBytes = 0;
  #counted = false;

  /** @param totalBytes of all pages that will be read or hashed */
  constructor(hooks: PhaseHooks<P>, totalBytes: number, phase: P) {
    this.#phase = phase;
    this.#tell = hooks.onProgress;
    this.#totalBytes = totalBytes;
  }

  /** Makes hashes as `create` does. The first is counted: others, and copies, see the same pages. */
  hashes(create: () => Sha256): () => Sha256 {
    return () => {
      const hash = create();
      if (this.#counted || this.#tell === undefined) return hash;
      this.#counted = true;
      return {
        update: (bytes) => {
          hash.update(bytes);
          this.add(bytes.length);
        },
        copy: () => hash.copy(),
        digestHex: () => hash.digestHex(),
      };
    };
  }

  /** The same job, its reads counted. */
  *reads<R>(job: Job<R>): Job<R> {
    let answer = 0;
    for (;;) {
      const step = job.next(answer);
      if (step.done) return step.value;
      answer = yield step.value;
      if (step.value.request === "read") this.add(answer);
    }
  }

  /** So many bytes more are done. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes - this.#toldBytes < STEP_BYTES) return;
    this.#toldBytes = this.#bytes;
    const total = this.#totalBytes;
    const phase = this.#phase;
    this.#tell?.({ phase, bytes: Math.min(this.#bytes, total), totalBytes: total });
  }
}
