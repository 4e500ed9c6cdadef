/**
 * Sets of pfns: two of them walked together in order, and one that grows as runs. No pages here.
 */
import type { PfnSet } from "../findings/index.js";

/** Pages of a step at most. */
export const STEP_PAGES = 256;

/** Maximal runs, ascending. */
type Runs = Iterable<{ readonly first: number; readonly count: number }>;

/** Pfns that are in A alone, in B alone, or in both. */
export interface Step {
  readonly first: number;
  readonly count: number;
  readonly inA: boolean;
  readonly inB: boolean;
}

/** The union of both sides in pieces of at most STEP_PAGES, ascending. */
export function* steps(a: Runs, b: Runs): Generator<Step> {
  const cursorA = new Cursor(a);
  const cursorB = new Cursor(b);
  for (let pfn = 0; ; ) {
    const startA = cursorA.next(pfn);
    const startB = cursorB.next(pfn);
    const first = Math.min(startA.first, startB.first);
    if (first === Number.POSITIVE_INFINITY) return;
    const inA = startA.first === first;
    const inB = startB.first === first;
    let end = first + STEP_PAGES;
    for (const { first: start, end: stop } of [startA, startB]) {
      end = Math.min(end, start === first ? stop : start);
    }
    yield { first, count: end - first, inA, inB };
    pfn = end;
  }
}

/** Walks the runs of one side. */
class Cursor {
  readonly #runs: Iterator<{ readonly first: number; readonly count: number }>;
  #first = 0;
  #end = 0;

  constructor(runs: Runs) {
    this.#runs = runs[Symbol.iterator]();
  }

  /** What is left of the runs at or behind `pfn`, its first piece; infinite when there is none. */
  next(pfn: number): { readonly first: number; readonly end: number } {
    while (this.#end <= pfn) {
      const step = this.#runs.next();
      if (step.done === true) {
        this.#first = Number.POSITIVE_INFINITY;
        this.#end = Number.POSITIVE_INFINITY;
      } else {
        this.#first = step.value.first;
        this.#end = step.value.first + step.value.count;
      }
    }
    return { first: Math.max(this.#first, pfn), end: this.#end };
  }
}

/** A set of pfns as it grows, ascending. */
export class Pfns {
  pages = 0;
  readonly runs: { pfn: number; count: number }[] = [];
  omitted = 0;
  readonly #most: number;
  #end = -1;

  /** @param most runs that are listed */
  constructor(most: number) {
    this.#most = most;
  }

  /** Add pfns behind those that were added before. */
  add(pfn: number, count: number): void {
    this.pages += count;
    const last = this.runs.at(-1);
    if (pfn === this.#end && last !== undefined && this.omitted === 0) last.count += count;
    else if (this.runs.length < this.#most) this.runs.push({ pfn, count });
    else if (pfn !== this.#end) this.omitted += 1;
    this.#end = pfn + count;
  }

  /** As documents have it. */
  get set(): PfnSet {
    return { pages: this.pages, runs: this.runs };
  }
}
