/**
 * How often and how long a failing server is asked again: waits that double, with jitter so that
 * many readers do not come back at once, and a server's own Retry-After. Bounded by count and time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Limits } from "../../findings/index.js";
import { inputError } from "../source.js";
import type { PassingFailure } from "./transport.js";

/** What bounds remote reading. */
export type RemoteLimits = Pick<
  Limits,
  "maxRemoteTries" | "maxRemoteRetryMs" | "remoteTimeoutMs" | "maxRedirects" | "maxRemoteCacheBytes"
>;

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;
/** A wait is between this share of its length and the whole. */
const LEAST_SHARE = 0.5;

/** The patience with one range of one object. */
export class Patience {
  readonly #name: string;
  readonly #limits: RemoteLimits;
  readonly #beginMs = performance.now();
  #tries = 0;

  constructor(name: string, limits: RemoteLimits) {
    this.#name = name;
    this.#limits = limits;
  }

  /**
   * Wait after a failure, until it is time to ask again.
   *
   * @throws {InputError} code "remote-failed" once it was asked often enough or for long enough
   */
  async wait(failure: PassingFailure, byteOffset: number, signal: AbortSignal): Promise<void> {
    const { maxRemoteTries, maxRemoteRetryMs } = this.#limits;
    this.#tries += 1;
    const doubled = FIRST_WAIT_MS * 2 ** (this.#tries - 1);
    const jitter = LEAST_SHARE + (1 - LEAST_SHARE) * Math.random();
    const ownMs = Math.min(LONGEST_WAIT_MS, doubled) * jitter;
    const waitMs = Math.max(ownMs, failure.retryAfterMs ?? 0);
    const elapsedMs = performance.now() - this.#beginMs;
    if (this.#tries >= maxRemoteTries || elapsedMs + waitMs > maxRemoteRetryMs) {
      throw this.#givenUp(failure, byteOffset);
    }
    await sleep(waitMs, undefined, { signal });
  }

  #givenUp(failure: PassingFailure, byteOffset: number) {
    const often = this.#tries === 1 ? "once" : `${this.#tries} times`;
    const after = failure.retryAfterMs;
    const later = after === null ? "" : ` (it asks for ${Math.ceil(after / 1000)} s of patience)`;
    const message = `cannot read at byte ${byteOffset}: ${failure.message}; tried ${often}${later}`;
    return inputError("remote-failed", this.#name, message, { byteOffset, cause: failure });
  }
}
