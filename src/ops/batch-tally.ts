/** Counts the outcomes of a batch, and remembers the worst of them in short. */
import type { JobOutcome } from "../batch/index.js";
import type { BatchBadImage, BatchFailureLine, BatchFileLine } from "../findings/index.js";

/** Bad images that are remembered. */
const MAX_WORST = 1000;

interface Ranked {
  readonly rank: number;
  readonly index: number;
  readonly image: BatchBadImage;
}

/** Adds up outcomes, in any order. */
export class BatchTally {
  accepted = 0;
  rejected = 0;
  failed = 0;
  mismatched = 0;
  earlier = 0;
  bytes = 0;
  /** The highest that an outcome asks for. */
  exitCode = 0;
  readonly #worst: Ranked[] = [];

  /** The same for the same outcomes, in whatever order they came. */
  get worst(): BatchBadImage[] {
    return this.#worst.map(({ image }) => image);
  }

  add(index: number, outcome: JobOutcome, earlier: boolean): void {
    if (earlier) this.earlier += 1;
    if ("error" in outcome) {
      this.failed += 1;
      this.#isBad(index, outcome.error.exitCode, ofFailure(outcome));
      return;
    }
    this.bytes += outcome.bytes ?? 0;
    this[outcome.verdict === "accept" ? "accepted" : "rejected"] += 1;
    if (outcome.check?.matches === false) this.mismatched += 1;
    else if (outcome.verdict === "accept") return;
    this.#isBad(index, 1, ofResult(outcome));
  }

  #isBad(index: number, exitCode: number, image: BatchBadImage): void {
    this.exitCode = Math.max(this.exitCode, exitCode);
    const rank = exitCode * 1e6 + image.errorCount;
    const worse = (other: Ranked) =>
      other.rank < rank || (other.rank === rank && other.index > index);
    const found = this.#worst.findIndex(worse);
    const at = found < 0 ? this.#worst.length : found;
    if (at >= MAX_WORST) return;
    this.#worst.splice(at, 0, { rank, index, image });
    if (this.#worst.length > MAX_WORST) this.#worst.pop();
  }
}

function ofFailure({ file, error }: BatchFailureLine): BatchBadImage {
  return { file, error, errorCount: 0, firstError: null, check: null };
}

function ofResult({ file, findings, check, findingsDropped }: BatchFileLine): BatchBadImage {
  const errors = findings.filter(({ severity }) => severity === "error");
  return {
    file,
    error: null,
    errorCount: errors.length + (findingsDropped ?? 0),
    firstError: errors[0] ?? null,
    check: check === undefined || check.matches ? null : { ...check, rotten: [] },
  };
}
