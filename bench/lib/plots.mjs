/**
 * A run of the benchmarks as one page of plots, in SVG: a bar for each row that has a ratio, on a
 * logarithmic scale, with its target as a stroke. No script and no font of its own.
 */
import { targetOf } from "./text.mjs";

const WIDTH = 980;
const NAMES = 330;
const BARS = 430;
const ROW = 20;
const HEAD = 34;
const MARGIN = 16;
const COLOURS = { met: "#2f7d4f", missed: "#b5482f", none: "#5b6b7b" };
/** Ratios at the ends of the scale. */
const LEAST = 0.1;
const MOST = 20;

/** The whole page. */
export function plotsOf({ machine, options, answers }) {
  const parts = [];
  let y = MARGIN + 44;
  for (const { question, rows } of Object.values(answers)) {
    const shown = rows.filter(({ ratio }) => ratio !== undefined);
    if (shown.length === 0) continue;
    parts.push(text(MARGIN, y + 18, question, "font-weight='bold'"), ...scale(y + 24, shown));
    y += HEAD;
    for (const row of shown) {
      parts.push(...bar(y, row));
      y += ROW;
    }
    y += ROW;
  }
  const title = `${machine.cpu}, ${machine.cpus} cpus, Node ${machine.node}, load ${machine.load}`;
  const what = `${machine.date.slice(0, 10)}, commit ${machine.commit}, images of ${options.sizeMiB} MiB. Shorter is faster; the stroke is the target. Green: met, red: missed.`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${y}" fill="#ffffff"/>`,
    text(MARGIN, MARGIN + 8, title, "font-size='15' font-weight='bold'"),
    text(MARGIN, MARGIN + 28, what, "fill='#555555'"),
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

/** Where a ratio stands on the scale. */
function place(ratio) {
  const part = Math.log(ratio / LEAST) / Math.log(MOST / LEAST);
  return NAMES + BARS * Math.min(1, Math.max(0, part));
}

/** A line at 1: as fast as the baseline. */
function scale(top, rows) {
  const bottom = top + rows.length * ROW + 10;
  const line = (ratio, colour) =>
    `<line x1="${place(ratio)}" x2="${place(ratio)}" y1="${top}" y2="${bottom}" stroke="${colour}"/>`;
  return [line(1, "#888888"), line(0.5, "#e4e4e4"), line(2, "#e4e4e4"), line(10, "#e4e4e4")];
}

function bar(y, row) {
  const target = targetOf(row);
  const colour = target === null ? COLOURS.none : target.met ? COLOURS.met : COLOURS.missed;
  const bound = row.target?.atMost ?? row.target?.atLeast;
  const parts = [
    text(MARGIN, y + 14, row.name, ""),
    `<rect x="${NAMES}" y="${y + 3}" width="${(place(row.ratio) - NAMES).toFixed(1)}" height="${ROW - 6}" fill="${colour}" fill-opacity="0.75"/>`,
    text(NAMES + BARS + 12, y + 14, `${row.ratio.toFixed(2)} x ${row.baseline}`, ""),
  ];
  if (bound !== undefined) {
    const x = place(bound).toFixed(1);
    parts.push(
      `<line x1="${x}" x2="${x}" y1="${y}" y2="${y + ROW}" stroke="#000000" stroke-width="2"/>`,
    );
  }
  return parts;
}

function text(x, y, words, attributes) {
  const escaped = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`;
}
