/**
 * What is said of a row of times: median and spread, never a best run. Also the memory of a process
 * put in order between two of them.
 */
import { nodeV8, nodeVm } from "./builtins.js";

/** Summary of a row of samples, in their unit. */
export interface SampleSummary {
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
}

/**
 * Median and quartiles, linear between neighbours.
 *
 * @param samples at least one
 */
export function summarise(samples: readonly number[]): SampleSummary {
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    lowerQuartile: quantile(sorted, 0.25),
    upperQuartile: quantile(sorted, 0.75),
  };
}

function quantile(sorted: readonly number[], part: number): number {
  const at = (sorted.length - 1) * part;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/**
 * Gives a function that collects garbage now. Without it, memories of engines that are no longer
 * used pile up until the platform feels like it, in the middle of somebody's sample.
 */
export function garbageCollector(): () => void {
  nodeV8().setFlagsFromString("--expose-gc");
  const collect: unknown = nodeVm().runInNewContext("gc");
  return typeof collect === "function" ? () => void collect() : () => {};
}
