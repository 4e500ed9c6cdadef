/**
 * Types of what `bench --json` prints. Types only: ops/ measures, report/ prints. Unlike the other
 * documents two of them are never equal: they hold times.
 */

import type { DocumentHead } from "./documents.js";
import type { Verdict } from "./finding.js";

/** What is measured. Each is timed from opening the image to its result. */
export type BenchJobName =
  | "read"
  | "verify"
  | "verify-read-data"
  | "restore"
  | "restore-recycled"
  | "page-digest";

/** Who does it: an engine, a plain read without a look at the bytes, or node:crypto. */
export type BenchContender = "wasm" | "reference" | "read" | "sha256";

/** Times of one contender in one job. */
export interface BenchMeasure {
  readonly job: BenchJobName;
  readonly contender: BenchContender;
  readonly medianMs: number;
  /** Between the quartiles. */
  readonly spreadMs: number;
  /** Image bytes a second, in GiB. */
  readonly gibPerSecond: number;
  /** Median as a multiple of the plain read's. */
  readonly ratioToRead: number;
  /** In the order in which they were taken. */
  readonly samplesMs: readonly number[];
}

/** How the two engines compare in one job. */
export interface BenchComparison {
  readonly job: BenchJobName;
  /** Median of the pure-TypeScript decoder over that of the WASM engine: above 1, WASM is faster. */
  readonly referenceToWasm: number;
  /** `level` where the quartiles of one reach into those of the other. */
  readonly faster: "wasm" | "reference" | "level";
}

/** Where it was measured. */
export interface BenchMachine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  /** Processes that wanted to run in the minute before, as the platform tells; 0 where it does not. */
  readonly loadAverage: number;
}

/** What was read. */
export interface BenchImage {
  /** Path; null for one that was generated, and is gone. */
  readonly file: string | null;
  readonly bytes: number;
  readonly dataPages: number;
  readonly verdict: Verdict;
}

/** `bench`: one run. */
export interface BenchResult {
  readonly machine: BenchMachine;
  readonly image: BenchImage;
  /** Samples of each measure; one more of each came first and was not counted. */
  readonly rounds: number;
  /** Outputs that were found equal between the engines before anything was timed. */
  readonly checkedEqual: readonly string[];
  readonly measures: readonly BenchMeasure[];
  readonly comparisons: readonly BenchComparison[];
  /** Jobs that were left out, and why. */
  readonly omitted: readonly { readonly job: BenchJobName; readonly reason: string }[];
}

/** `bench --json`. */
export interface BenchDocument extends DocumentHead, BenchResult {
  readonly command: "bench";
}
