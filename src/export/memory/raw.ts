/**
 * Raw memory: page pfn stands at byte pfn * 4096, what the guest has no page for is a hole. With a
 * range the file begins at its first pfn and is as long as the range. No header of any kind.
 */
import { PAGE_BYTES } from "../../format/index.js";
import type { MemoryLayout, PfnRange, Runs } from "./parts.js";

/**
 * The raw layout of runs.
 *
 * @param runs   the populated pfns, those of the range only
 * @param range  null: from pfn 0 to the last populated one
 */
export function rawLayout(runs: Runs, range: PfnRange | null): MemoryLayout {
  const base = range?.first ?? 0;
  let end = base;
  for (const run of runs()) end = run.first + run.count;
  if (range !== null) end = range.last + 1;
  return {
    sizeBytes: (end - base) * PAGE_BYTES,
    *parts() {
      for (const { first, count } of runs()) {
        yield { part: "pages", fileOffset: (first - base) * PAGE_BYTES, first, count };
      }
    },
  };
}
