/**
 * Whether two runs agree: which of two rows of a benchmark is the faster one. Rows whose medians are
 * nearer than a tenth in either run are a tie, about which nothing is said.
 */

const TIE = 1.1;

/**
 * @param {object} before  a run as it is written
 * @param {object} after  another
 * @returns {{ pairs: number, swapped: string[] }} pairs of rows that are no tie in either run, and
 *   those of them whose order is another
 */
export function orderOf(before, after) {
  let pairs = 0;
  const swapped = [];
  for (const [name, { rows }] of Object.entries(after.answers)) {
    const known = new Map(before.answers[name]?.rows.map((row) => [row.name, row.median]));
    for (const [index, left] of rows.entries()) {
      for (const right of rows.slice(index + 1)) {
        const then = faster(known.get(left.name), known.get(right.name));
        const now = faster(left.median, right.median);
        if (then === 0 || now === 0) continue;
        pairs += 1;
        if (then !== now) swapped.push(`${name}: ${left.name} and ${right.name}`);
      }
    }
  }
  return { pairs, swapped };
}

/** -1 if the left one is faster, 1 if the right one is, 0 if nobody knows. */
function faster(left, right) {
  if (left === undefined || right === undefined) return 0;
  if (left * TIE < right) return -1;
  return right * TIE < left ? 1 : 0;
}

/** The same as text. */
export function orderText(before, after) {
  const { pairs, swapped } = orderOf(before, after);
  const others = swapped.map((pair) => `\n  another order: ${pair}`).join("");
  const when = `the run of ${before.machine.date}, commit ${before.machine.commit}`;
  return `beside ${when}: ${pairs - swapped.length} of ${pairs} pairs of rows in the same order${others}`;
}
