/** A run of the benchmarks as text: what is printed, archived and quoted. */

/** One line on the machine and its state. */
export function headline({ cpu, cpus, node, load }) {
  return `${cpu}, ${cpus} cpus, Node ${node}, load ${load}`;
}

/** One benchmark's rows, with targets beside the ratios. */
export function tableOf({ question, checkedEqual, rows, notes }) {
  const lines = ["", question];
  if (checkedEqual.length > 0) lines.push(`  equal: ${checkedEqual.join("; ")}`);
  const width = Math.max(0, ...rows.map(({ name }) => name.length));
  for (const row of rows) {
    const { name, unit, median, spread, ratio, baseline } = row;
    const times = `${figure(median)} ${unit} ±${figure(spread)}`.padStart(24);
    const beside = ratio === undefined ? "" : `  ${ratio.toFixed(2)} x ${baseline}${cpuOf(row)}`;
    lines.push(`  ${name.padEnd(width)}${times}${beside}${targetText(row)}`);
  }
  return [...lines, ...notes.map((note) => `  ${note}`)].join("\n");
}

/** The ratio of processor times: what a loaded machine leaves of a comparison. */
function cpuOf({ cpuRatio }) {
  return cpuRatio === undefined ? "" : ` (cpu ${cpuRatio.toFixed(2)})`;
}

/** The target of a row in words, and whether it is met; null without one. */
export function targetOf({ median, unit, ratio, target }) {
  if (target === undefined) return null;
  if (target.within !== undefined) {
    return { bound: `within ${target.within} ${unit}`, met: median <= target.within };
  }
  if (ratio === undefined) return null;
  if (target.atMost !== undefined) {
    return { bound: `at most ${target.atMost}`, met: ratio <= target.atMost };
  }
  return { bound: `at least ${target.atLeast}`, met: ratio >= target.atLeast };
}

function targetText(row) {
  const target = targetOf(row);
  return target === null ? "" : `  (target: ${target.bound}${target.met ? "" : ", MISSED"})`;
}

/** A number with three digits or so. */
export function figure(value) {
  return value < 10 ? value.toFixed(2) : value < 1000 ? value.toFixed(1) : value.toFixed(0);
}
