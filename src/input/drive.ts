/**
 * The two drivers: they serve the requests of one job from one source, synchronously (files, pipes:
 * the fast way) or not. What a job does with its bytes, and when progress is shown, is not theirs.
 *
 * Errors of the source (and of `onProgress`, and aborts) are not thrown into the job: the job is
 * ended with return(), so that its finally blocks run, and the error leaves the driver. A job that
 * could catch them would have to be written for two kinds of input; none has a use for that.
 */
import { InternalError } from "../findings/index.js";
import type { InputJob, InputReadRequest, InputRequest } from "./request.js";
import type { AsyncSource, MaybePromise, Source } from "./source.js";
import { isImmediate } from "./source.js";

/** Options of both drivers. */
export interface DriveOptions {
  /** When aborted, the driver throws the signal's reason. Seen between requests, at least. */
  readonly signal?: AbortSignal;
  /**
   * Told how far into the input the job has come, after each `progressBytes` or more of it.
   * Throttle by time yourself. May throw, or abort the signal, to end the job.
   */
  readonly onProgress?: (byteOffset: number) => void;
  /** 4 MiB if left out. */
  readonly progressBytes?: number;
}

const PROGRESS_BYTES = 4 * 1024 * 1024;
/** The asynchronous driver lets timers and signals in at least this often. */
const LONGEST_TURN_MS = 10;
/** Requests that are answered to a job while it unwinds: a finally block asks for a few at most. */
const UNWIND_REQUESTS = 1000;

/**
 * Run `job` to its end on `source`.
 *
 * @returns what the job returns; the source stays open
 * @throws what the job or the source throws, or the signal's reason
 */
export function driveSync<R>(job: InputJob<R>, source: Source, options: DriveOptions = {}): R {
  const progress = new Progress(options);
  try {
    let step = job.next();
    while (step.done !== true) {
      options.signal?.throwIfAborted();
      const answer = serve(step.value, source);
      progress.after(step.value, answer);
      step = job.next(answer);
    }
    return step.value;
  } catch (error) {
    unwind(job, source);
    throw error;
  }
}

/**
 * As driveSync, on a source that may have to wait. A job sees the same answers as from driveSync on
 * the same bytes. Synchronous sources are served too, with a pause for other work now and then.
 */
export async function driveAsync<R>(
  job: InputJob<R>,
  source: AsyncSource,
  options: DriveOptions = {},
): Promise<R> {
  const progress = new Progress(options);
  let turnStart = performance.now();
  try {
    let step = job.next();
    while (step.done !== true) {
      options.signal?.throwIfAborted();
      const pending = serveAsync(step.value, source, options.signal);
      const answer = typeof pending === "number" ? pending : await pending;
      progress.after(step.value, answer);
      if (performance.now() - turnStart > LONGEST_TURN_MS) {
        await otherWork();
        turnStart = performance.now();
      }
      step = job.next(answer);
    }
    return step.value;
  } catch (error) {
    unwind(job, source);
    throw error;
  }
}

/**
 * Run `job` by the driver that `source` needs: the synchronous one where its answers are immediate,
 * so that nothing is awaited per request.
 */
export async function drive<R>(
  job: InputJob<R>,
  source: AsyncSource,
  options: DriveOptions = {},
): Promise<R> {
  return isImmediate(source) ? driveSync(job, source, options) : driveAsync(job, source, options);
}

function serve(request: InputRequest, source: Source): number {
  checkOffset(request);
  switch (request.request) {
    case "read":
      return source.read(wanted(request, source), request.byteOffset);
    case "skip":
      return source.skip(request.byteOffset, request.bytes);
    case "hold":
      source.hold(request.byteOffset);
      return 0;
    case "release":
      source.release(request.byteOffset);
      return 0;
  }
}

function serveAsync(
  request: InputRequest,
  source: AsyncSource,
  signal: AbortSignal | undefined,
): MaybePromise<number> {
  checkOffset(request);
  switch (request.request) {
    case "read":
      return source.read(wanted(request, source), request.byteOffset, signal);
    case "skip":
      return source.skip(request.byteOffset, request.bytes, signal);
    case "hold":
      source.hold(request.byteOffset);
      return 0;
    case "release":
      source.release(request.byteOffset);
      return 0;
  }
}

/** The part of a read's target that this source is to fill. */
function wanted({ into, enough }: InputReadRequest, source: Source | AsyncSource): Uint8Array {
  return enough === undefined || source.seekable ? into : into.subarray(0, enough);
}

/** Jobs compute offsets from what a stream claims; a wrong sum must not reach the platform. */
function checkOffset(request: InputRequest): void {
  const bytes = request.request === "skip" ? request.bytes : 0;
  if (request.byteOffset >= 0 && bytes >= 0) return;
  throw new InternalError(`a job asked for byte ${request.byteOffset} (${bytes} bytes)`, {
    code: "bad-request",
  });
}

/** Counts the bytes that went by and says when it is time to tell. */
class Progress {
  readonly #tell: ((byteOffset: number) => void) | undefined;
  readonly #stepBytes: number;
  #nextOffset: number;

  constructor(options: DriveOptions) {
    this.#tell = options.onProgress;
    this.#stepBytes = options.progressBytes ?? PROGRESS_BYTES;
    this.#nextOffset = this.#stepBytes;
  }

  /** A job that goes back to what it held is told of again only beyond where it was. */
  after(request: InputRequest, answer: number): void {
    if (this.#tell === undefined) return;
    const byteOffset = request.byteOffset + answer;
    if (byteOffset < this.#nextOffset) return;
    this.#nextOffset = byteOffset + this.#stepBytes;
    this.#tell(byteOffset);
  }
}

/**
 * End a job early. Its finally blocks may still release a hold; any bytes they ask for are not
 * there. What they throw is dropped: the error that ended the job says more.
 */
function unwind<R>(job: InputJob<R>, source: Source | AsyncSource): void {
  try {
    // The value that return() wants is never seen: the driver throws.
    let step = job.return(undefined as R);
    for (let count = 0; step.done !== true && count < UNWIND_REQUESTS; count++) {
      if (step.value.request === "release") source.release(step.value.byteOffset);
      step = job.next(0);
    }
  } catch {
    // See above.
  }
}

/** Let timers, signals and other I/O have their turn. */
function otherWork(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0); // browsers
  });
}
