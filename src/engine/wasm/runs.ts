/**
 * Runs of pfns over all banks: those that are populated, and those whose last copies stand side by
 * side. Single pfns are engine.ts's.
 */
import { BANK_PFNS, type PfnRun } from "../port.js";
import type { Banks } from "./banks.js";
import { bankOfPfn } from "./numbers.js";

/** See PageEngine.lastOrdinalRun(). */
export function lastOrdinalRun(banks: Banks, pfn: number, limit: number): number {
  const local = pfn % BANK_PFNS;
  const most = Math.min(limit, BANK_PFNS - local);
  const ordinals = banks.get(bankOfPfn(pfn))?.ordinals;
  if (ordinals === undefined) return most;
  const first = ordinals[local]!;
  const step = first === 0 ? 0 : 1;
  let run = 1;
  while (run < most && ordinals[local + run] === first + run * step) run++;
  return run;
}

/** See PageEngine.populatedRuns(). */
export function* populatedRuns(banks: Banks): Generator<PfnRun> {
  let first = 0;
  let count = 0;
  for (const bank of banks.ascending()) {
    let from = 0;
    for (let found = bank.calls.nextRun(0); found > 0; found = bank.calls.nextRun(from)) {
      const local = bank.result("runFirst");
      from = local + found;
      // A run that ends with its bank may go on in the next one.
      if (count > 0 && bank.base + local === first + count) {
        count += found;
        continue;
      }
      if (count > 0) yield { first, count };
      first = bank.base + local;
      count = found;
    }
  }
  if (count > 0) yield { first, count };
}
