/**
 * A bench run as text: where, on what, a table of times beside the plain read, and in words where
 * the WASM engine wins and where it does not. Plain ASCII within 80 columns.
 */
import type {
  BenchComparison,
  BenchContender,
  BenchJobName,
  BenchMeasure,
  BenchResult,
} from "../findings/index.js";

const JOBS: Readonly<Record<BenchJobName, string>> = {
  read: "plain read",
  verify: "verify, structure",
  "verify-read-data": "verify, every byte",
  restore: "restore, fresh memory",
  "restore-recycled": "restore, recycled",
  "page-digest": "page digest",
};
const CONTENDERS: Readonly<Record<BenchContender, string>> = {
  wasm: "WASM",
  reference: "TypeScript",
  read: "",
  sha256: "SHA-256",
};
const HEAD = ["job", "by", "median ms", "spread", "GiB/s", "x read"] as const;
const WIDTHS = [23, 12, 11, 10, 9, 9] as const;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** One run. */
export function renderBench(result: BenchResult): string {
  const { machine, image, rounds, checkedEqual, measures, omitted } = result;
  const jobs = Object.keys(JOBS) as BenchJobName[];
  const rows = jobs.flatMap((job) => measures.filter((measure) => measure.job === job));
  const lines = [
    `machine   ${machine.cpu}, ${machine.cpus} cpus, ${sizeText(machine.memoryBytes)},`,
    `          ${machine.platform}, Node ${machine.node}, load ${machine.loadAverage.toFixed(1)}`,
    `image     ${image.file ?? "generated"}, ${sizeText(image.bytes)}, ${image.dataPages} pages`,
    ...(image.verdict === "reject" ? ["          rejected: it is measured up to its faults"] : []),
    `outputs   equal: ${checkedEqual.join(", ")}`,
    `rounds    ${rounds}, taking turns; spread is between the quartiles`,
    "",
    rowText(HEAD),
    ...rows.map((measure) => rowText(cellsOf(measure))),
    "",
    ...comparisonLines(result.comparisons),
    ...omitted.map(({ job, reason }) => `${JOBS[job]} left out: ${reason}`),
  ];
  return `${lines.join("\n")}\n`;
}

function cellsOf(measure: BenchMeasure): string[] {
  const { job, contender, medianMs, spreadMs, gibPerSecond, ratioToRead } = measure;
  // A walk over the structure reads next to nothing: bytes a second would be a boast.
  const walks = job === "verify";
  return [
    JOBS[job],
    CONTENDERS[contender],
    medianMs.toFixed(medianMs < 100 ? 2 : 0),
    spreadMs.toFixed(spreadMs < 100 ? 2 : 0),
    walks ? "-" : gibPerSecond.toFixed(2),
    ratioToRead.toFixed(2),
  ];
}

function rowText(cells: readonly string[]): string {
  const padded = cells.map((cell, column) => {
    const width = WIDTHS[column] ?? 0;
    return column < 2 ? cell.padEnd(width) : cell.padStart(width);
  });
  return padded.join("").trimEnd();
}

/** In words, job by job, fastest WASM first. */
function comparisonLines(comparisons: readonly BenchComparison[]): string[] {
  const sorted = [...comparisons].sort((a, b) => b.referenceToWasm - a.referenceToWasm);
  return sorted.map(({ job, referenceToWasm, faster }) => {
    const name = JOBS[job].padEnd(WIDTHS[0]);
    if (faster === "level") {
      return `${name}no difference beyond the spread (${referenceToWasm.toFixed(2)})`;
    }
    const factor = faster === "wasm" ? referenceToWasm : 1 / referenceToWasm;
    const winner = faster === "wasm" ? "WASM" : "TypeScript";
    return `${name}${winner} is ${factor.toFixed(2)} times as fast`;
  });
}

function sizeText(bytes: number): string {
  return bytes < GIB ? `${(bytes / MIB).toFixed(1)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`;
}
