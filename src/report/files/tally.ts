/**
 * What reports keep of a batch while it goes by: how often each rule was breached, and the worst
 * images. Both are bounded: the one by the number of rules, the other by a limit.
 */
import type { Severity } from "../../findings/index.js";
import { type ImageOutcome, type ImageState, stateOf, wasJudged } from "./port.js";
import { countsOf } from "./words.js";

/** Breaches of a rule with one severity. */
export interface RuleCount {
  readonly rule: string;
  readonly severity: Severity;
  findings: number;
  images: number;
}

const SEVERITY_RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

/** Counts findings by rule and severity. */
export class RuleTally {
  readonly #counts = new Map<string, RuleCount>();

  add(outcome: ImageOutcome): void {
    if (!wasJudged(outcome)) return;
    const seen = new Set<RuleCount>();
    for (const { rule, severity } of outcome.findings) {
      const key = `${severity} ${rule}`;
      const count = this.#counts.get(key) ?? { rule, severity, findings: 0, images: 0 };
      this.#counts.set(key, count);
      count.findings += 1;
      seen.add(count);
    }
    for (const count of seen) count.images += 1;
  }

  /** Errors first, then by rule. */
  counts(): RuleCount[] {
    return [...this.#counts.values()].sort(
      (a, b) => SEVERITY_RANK[a.severity] - SEVERITY_RANK[b.severity] || (a.rule < b.rule ? -1 : 1),
    );
  }
}

const STATE_RANK: Readonly<Record<ImageState, number>> = { reject: 2, error: 1, accept: 0 };

interface Ranked<T> {
  readonly rank: readonly number[];
  readonly item: T;
}

/** Of what is made of images, that of the worst: rejected, then failed, then most findings. */
export class WorstImages<T> {
  readonly #limit: number;
  #kept: Ranked<T>[] = [];
  #seen = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many were added, kept or not. */
  get seen(): number {
    return this.#seen;
  }

  add(outcome: ImageOutcome, item: T): void {
    this.#seen += 1;
    const { error, warning, note } = wasJudged(outcome)
      ? countsOf(outcome)
      : { error: 0, warning: 0, note: 0 };
    const rank = [STATE_RANK[stateOf(outcome)], error, warning, note, -this.#seen];
    this.#kept.push({ rank, item });
    if (this.#kept.length > 2 * this.#limit) this.#cut();
  }

  /** Worst first; equally bad ones in input order. */
  worstFirst(): T[] {
    this.#cut();
    return this.#kept.map(({ item }) => item);
  }

  #cut(): void {
    this.#kept = this.#kept.sort((a, b) => descending(a.rank, b.rank)).slice(0, this.#limit);
  }
}

function descending(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((value, index) => value !== b[index]);
  return differs === -1 ? 0 : (b[differs] ?? 0) - (a[differs] ?? 0);
}
