/**
 * A count that may not go past a named limit: what holds facts of a stream asks it before it keeps
 * one more. It bounds memory, it does not measure it.
 */
import { CapacityError } from "./errors.js";
import type { Limits } from "./limits.js";

/** What is left of one limit. Made per stream, never shared between images. */
export class Budget {
  readonly #limit: keyof Limits;
  readonly #max: number;
  #taken = 0;

  /** @param limit  which of `limits` bounds this budget; named in the error */
  constructor(limits: Limits, limit: keyof Limits) {
    this.#limit = limit;
    this.#max = limits[limit];
  }

  /**
   * Take `amount` more.
   *
   * @throws {CapacityError} the limit does not allow it
   */
  take(amount: number): void {
    this.#taken += amount;
    if (this.#taken <= this.#max) return;
    throw new CapacityError(`The limit ${this.#limit} (${this.#max}) is in the way.`, {
      limit: this.#limit,
      asked: this.#taken,
      option: this.#limit,
    });
  }
}
