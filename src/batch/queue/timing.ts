/**
 * How long things of a queue may take, and how often what is tried. Numbers alone; the tests make
 * them small.
 */

/** All in milliseconds but the counts. */
export interface QueueTiming {
  /** A worker that says nothing for this long has lost its job. */
  readonly lockMs: number;
  /** A batch whose sender says nothing for this long is abandoned: workers drop and remove it. */
  readonly batchMs: number;
  /** Keys of a batch that nobody removed are gone after this. */
  readonly keysMs: number;
  /** A server that does not answer for this long is lost. */
  readonly silenceMs: number;
  /** How long a lost server is waited for. */
  readonly reconnectMs: number;
  /** How long a batch waits while there is no worker at all. */
  readonly idleMs: number;
  /** After this it is said that there is none. */
  readonly idleNoticeMs: number;
  /** How often a job is given out whose worker crashed but lives. */
  readonly attempts: number;
  /** Before the second attempt; twice as long before each further one. */
  readonly backoffMs: number;
  /** How often a job may be taken from workers that were lost, before it is given up. */
  readonly lostWorkers: number;
}

export const QUEUE_TIMING: QueueTiming = {
  lockMs: 30_000,
  batchMs: 120_000,
  keysMs: 24 * 3_600_000,
  silenceMs: 30_000,
  reconnectMs: 60_000,
  idleMs: 600_000,
  idleNoticeMs: 10_000,
  attempts: 3,
  backoffMs: 1000,
  lostWorkers: 2,
};

/** How often a worker looks for batches and jobs, and a sender for results that no event told of. */
export const POLL_MS = 250;
/** How often either says that it lives. */
export const BEAT_MS = 2000;
/** Of a worker's sign of life. */
export const SIGN_MS = 5 * BEAT_MS;
/** What ends waits so long for the server and for workers; what is left then goes by itself. */
export const END_MS = 2 * SIGN_MS;
/** How long a client may take to close. */
export const CLOSE_MS = 2000;
/** How often a worker tells how far a job is. */
export const PROGRESS_MS = 1000;
