/**
 * Dependencies that a Xenstore stream has not met yet. Whether one is missing or merely late is
 * known only when it comes, or at the end: until then its fault waits here. Bounded; what does not
 * fit is to be reported at once, as missing.
 */
import type { Fault } from "../../findings/index.js";

/** A fault in waiting. */
export interface Awaiting {
  /** The fault, should what it needs never come. */
  readonly missing: Fault;
  /** Case of XS-REC-5, should it come late. */
  readonly lateCase: string | undefined;
}

/** Faults in waiting by the key of what they need. */
export class Awaited {
  readonly #byKey = new Map<string, Awaiting[]>();
  /** Keys that a refused record would have given. */
  readonly #lost = new Set<string>();
  /** First characters of keys of which a refused record would have given an unknown one. */
  readonly #lostKinds = new Set<string>();
  readonly #max: number;
  #held = 0;

  /** @param max  faults held at once */
  constructor(max: number) {
    this.#max = max;
  }

  /** @returns false if there is no room */
  add(key: string, awaiting: Awaiting): boolean {
    if (this.#held >= this.#max) return false;
    this.#held++;
    const others = this.#byKey.get(key);
    if (others === undefined) this.#byKey.set(key, [awaiting]);
    else others.push(awaiting);
    return true;
  }

  /** `key` came: who waited for it, in the order in which they came. */
  take(key: string): readonly Awaiting[] {
    const waiting = this.#byKey.get(key) ?? [];
    this.#byKey.delete(key);
    this.#held -= waiting.length;
    return waiting;
  }

  /** A refused record would have given `key`. */
  lose(key: string): void {
    this.#lost.add(key);
  }

  /** A refused record would have given a key that begins with `kind`, but which one is unknown. */
  loseKind(kind: string): void {
    this.#lostKinds.add(kind);
  }

  /** True if `key` may have been in a refused record. */
  isLost(key: string): boolean {
    return this.#lost.has(key) || this.#lostKinds.has(key.slice(0, 1));
  }

  /** The faults of what never came, and how many of them a refused record may have made. */
  finish(): { readonly missing: readonly Fault[]; readonly suppressed: number } {
    const missing: Fault[] = [];
    let suppressed = 0;
    for (const [key, waiting] of this.#byKey) {
      if (this.isLost(key)) suppressed += waiting.length;
      else missing.push(...waiting.map((one) => one.missing));
    }
    this.#byKey.clear();
    return { missing, suppressed };
  }
}
