/**
 * The faults of one record that may have millions of them: of each kind at least one is told, so that
 * the verdict of every profile stays what it is. No rule is known here.
 */
import { type Fault, MAX_FAULTS_PER_BODY } from "../findings/index.js";

/** Takes a fault; tells whether the restorer would stop there. */
type Report = (fault: Fault) => boolean;

/**
 * Tell the faults of one body: all of them up to MAX_FAULTS_PER_BODY, behind that only the first of
 * each kind (rule and case).
 *
 * @returns answers as `report` does, for faults that are left out too: their kind decides it
 */
export function boundedReport(report: Report): Report {
  const answers = new Map<string, boolean>();
  let told = 0;
  return (fault) => {
    const kind = `${fault.rule}/${fault.ruleCase ?? ""}`;
    const known = answers.get(kind);
    if (known !== undefined && told >= MAX_FAULTS_PER_BODY) return known;
    const answer = report(fault);
    answers.set(kind, answer);
    told += 1;
    return answer;
  };
}
