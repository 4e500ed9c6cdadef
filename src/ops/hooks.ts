/**
 * What a caller may hang on a running operation: an abort signal and a callback for progress. Not
 * how progress is shown (cli/), nor when bytes are read (input/).
 */
import type { Sha256 } from "../guest/index.js";
import type { DriveOptions, Source } from "../input/index.js";
import type { Job } from "../stream/index.js";

/** How far an operation has come. */
export interface ReadingProgress {
  /** `read`: through the input; `digest`: through the guest's pages. Each begins at 0. */
  readonly phase: "read" | "digest";
  readonly bytes: number;
  /** Null where nobody knows, as for a pipe. */
  readonly totalBytes: number | null;
}

/** Callbacks of verifyFile(), inspectFile() and restoreFile(). */
export interface ReadingHooks {
  /** When aborted, the operation throws the signal's reason at the next request for bytes. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called from inside the work, about once for each MiB: throttle by time yourself. May throw to
   * end the operation.
   */
  readonly onProgress?: ((progress: ReadingProgress) => void) | undefined;
}

/** The driver tells of progress after this much input. */
const STEP_BYTES = 1024 * 1024;

/** The drivers' options for reading `source` under `hooks`. */
export function driveOptions(hooks: ReadingHooks, source: Source): DriveOptions {
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

/** Adds up what the digests went through, and tells when a step is full. */
export class DigestProgress {
  readonly #tell: ((progress: ReadingProgress) => void) | undefined;
  readonly #totalBytes: number;
  #bytes = 0;
  #toldBytes = 0;
  #counted = false;

  /** @param totalBytes of all pages that will be read or hashed */
  constructor(hooks: ReadingHooks, totalBytes: number) {
    this.#tell = hooks.onProgress;
    this.#totalBytes = totalBytes;
  }

  /** Makes hashes as `create` does. The first is counted: the others see the same pages. */
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

  /** Count bytes of pages. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes - this.#toldBytes < STEP_BYTES) return;
    this.#toldBytes = this.#bytes;
    const total = this.#totalBytes;
    this.#tell?.({ phase: "digest", bytes: Math.min(this.#bytes, total), totalBytes: total });
  }
}
