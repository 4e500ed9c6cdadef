/**
 * Keeps a run: bench/results/<date>-<cpu>-node<release>/ gets the raw numbers, the tables, a page of
 * plots and a README that says how it was made; the project's README quotes its main rows between
 * two marks. A run of some benchmarks alone is kept under their names too, and is not quoted.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/root.mjs";
import { plotsOf } from "./plots.mjs";
import { figure, headline, targetOf } from "./text.mjs";

const BEGIN = "<!-- bench: written by `npm run bench -- --archive` -->";
const END = "<!-- /bench -->";
/** More runnable processes than cpus: the clock tells of the others too. */
const QUIET_LOAD = 1.2;

/** What the README quotes: benchmark and row. */
const QUOTED = [
  ["structure", "xenstream verify, process"],
  ["structure", "verify, inner, WASM"],
  ["structure", "restore, indexed, inner"],
  ["image", "verify, every byte, WASM"],
  ["image", "page digest, WASM"],
  ["image", "page digest, WASM, 2 threads"],
  ["image", "page digest, TypeScript"],
  ["image", "page digest, SHA-256"],
  ["image", "restore, fresh, WASM"],
  ["image", "restore, fresh, WASM, 2 threads"],
  ["image", "restore, fresh, TypeScript"],
  ["image", "restore, recycled, WASM"],
  ["image", "restore, recycled, WASM, 2 threads"],
  ["image", "restore, recycled, TypeScript"],
  ["output", "extract, raw"],
  ["output", "verify behind cat"],
  ["start-up", "xenstream verify, 1 MiB image"],
];

/** Write all of it. Returns the folder, from the root of the project. */
export function archive(run, text) {
  const { machine, options } = run;
  const [major] = machine.node.replace("v", "").split(".");
  const names = [machine.date.slice(0, 10), slug(machine.cpu), `node${major}`, ...options.only];
  const folder = `bench/results/${names.join("-")}`;
  const write = (name, contents) => writeFileSync(join(ROOT, folder, name), contents);
  mkdirSync(join(ROOT, folder), { recursive: true });
  write("results.json", `${JSON.stringify(run, null, 1)}\n`);
  write("summary.txt", `${text}\n`);
  write("plots.svg", plotsOf(run));
  write("README.md", readmeOf(run));
  if (options.only.length === 0) quote(run, folder);
  return folder;
}

function slug(cpu) {
  return cpu
    .toLowerCase()
    .replace(/\(r\)|\(tm\)|processor|cpu.*/g, "")
    .trim()
    .replace(/[^a-z0-9]+/g, "-");
}

function readmeOf(run) {
  const { machine, options } = run;
  return `# Run of ${machine.date.slice(0, 10)}, ${machine.cpu}, ${machine.cpus} cpus

\`\`\`
npm run bench -- ${[...options.only, "--archive"].join(" ")} --size ${options.sizeMiB} --rounds ${options.rounds}
\`\`\`

Commit ${machine.commit}, Node ${machine.node}, ${machine.platform}, ${machine.compiler ?? "no C compiler"}.
${quietness(machine)}

![ratios beside their targets](plots.svg)

${quotedTable(run)}
${comparison(run)}
Tables in [summary.txt](summary.txt), every sample in [results.json](results.json).
`;
}

function quietness({ load, cpus }) {
  const busy = Number(load.split(" ")[0]) > cpus * QUIET_LOAD;
  return busy
    ? `**Not a quiet machine**: load ${load} on ${cpus} cpus when it began. Trust the ratios of processor time, given as "cpu", more than those of the clock.`
    : `Load ${load} on ${cpus} cpus when it began.`;
}

function rowAt({ answers }, [name, row]) {
  return answers[name]?.rows.find((each) => each.name === row);
}

function quotedTable(run) {
  const lines = ["| Job | Median | Beside | Target |", "|---|---|---|---|"];
  const quoted = QUOTED.map((at) => rowAt(run, at)).filter((row) => row !== undefined);
  const all = Object.values(run.answers).flatMap(({ rows }) => rows);
  for (const row of run.options.only.length === 0 ? quoted : all) {
    const target = targetOf(row);
    const beside =
      row.ratio === undefined
        ? ""
        : `${row.ratio.toFixed(2)} × ${row.baseline}${row.cpuRatio === undefined ? "" : ` (cpu ${row.cpuRatio.toFixed(2)})`}`;
    const wanted = target === null ? "" : `${target.bound}${target.met ? "" : ": missed"}`;
    lines.push(`| ${row.name} | ${figure(row.median)} ${row.unit} | ${beside} | ${wanted} |`);
  }
  return `${lines.join("\n")}\n`;
}

/** Where WASM is ahead of plain TypeScript, and where it is not, on equal work. */
function comparison(run) {
  const ahead = [];
  const level = [];
  const behind = [];
  for (const { rows } of Object.values(run.answers)) {
    for (const row of rows) {
      if (!row.name.endsWith(", TypeScript")) continue;
      const wasm = rows.find(({ name }) => name === row.name.replace("TypeScript", "WASM"));
      if (wasm === undefined) continue;
      const times = (row.cpu ?? row.median) / (wasm.cpu ?? wasm.median);
      const words = `${row.name.slice(0, -", TypeScript".length)} (${times.toFixed(2)})`;
      (times > 1.1 ? ahead : times < 0.9 ? behind : level).push(words);
    }
  }
  if (ahead.length + level.length + behind.length === 0) return "";
  const line = (what, list) => (list.length === 0 ? [] : [`- ${what}: ${list.join(", ")}.`]);
  return [
    "Both engines on equal work, equal output checked first; how much more processor time TypeScript takes (kernels: time):",
    "",
    ...line("WASM is ahead", ahead),
    ...line("level", level),
    ...line("TypeScript is ahead", behind),
    "",
  ].join("\n");
}

/** Put the main rows between the marks of the project's README, if it has them. */
function quote(run, folder) {
  const path = join(ROOT, "README.md");
  const readme = readFileSync(path, "utf8");
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) return;
  const quoted = `${BEGIN}
${headline(run.machine)}; images of ${run.options.sizeMiB} MiB. The whole run, with plots: [${folder}](${folder}/README.md).

${quotedTable(run)}
${comparison(run)}`;
  writeFileSync(path, readme.slice(0, begin) + quoted + readme.slice(end));
}
