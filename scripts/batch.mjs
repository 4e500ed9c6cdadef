/**
 * A thousand images, for real: `npm run test:batch [-- --count 1000 --rounds 3]`. Makes mixed images
 * (good and broken, all containers, compressed and not, the fixtures beside them), insists that
 * `batch` says of each what a single command says, whatever the number of workers, and that memory
 * is bounded by workers, not by images; tells the wall time of --jobs 1 and 2. Long, so not a part
 * of `npm test`.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { loadTypeScript } from "./lib/load-typescript.mjs";
import { ROOT } from "./lib/root.mjs";

const COMMAND = join(ROOT, "dist/xenstream.cjs");
const PEAK = join(ROOT, "scripts/lib/report-peak.cjs");
const FIXTURES = join(ROOT, "test/fixtures");
const MIB = 1024 ** 2;
const GUESTS = ["hvm", "pvh", "pv64", "pv32"];
const CONTAINERS = ["libxc", "libxl", "xl", "libvirt", "xapi"];
const MAX_OUTPUT_BYTES = 2 ** 30;
/** What half of the images may take less than all of them: garbage that is not collected yet. */
const PEAK_GROWTH_MIB = 64;

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
  },
});
const count = Number(values.count);
const { FAULT_RULES } = await loadTypeScript("src/export/generate/faults/index.ts");
const { generateImage } = await loadTypeScript("src/ops/index.ts");
const folder = mkdtempSync(join(tmpdir(), "xenstream-batch-"));
const images = join(folder, "images");
let failures = 0;

function insist(what, holds) {
  console.log(`${holds ? "ok  " : "FAIL"} ${what}`);
  if (!holds) failures += 1;
}

/** Run the command; gives its output, peak and time. */
function run(...args) {
  const begin = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--require", PEAK, COMMAND, ...args],
    { encoding: "utf8", maxBuffer: MAX_OUTPUT_BYTES },
  );
  const seconds = (performance.now() - begin) / 1000;
  const peakMib = Math.round(Number(/peak-kib (\d+)/.exec(stderr)?.[1]) / 1024);
  if (status !== 0 && status !== 1) throw new Error(`${args.slice(0, 4).join(" ")}: ${stderr}`);
  return { stdout, seconds, peakMib };
}

/** Images by file as JSON, without what may differ from run to run. */
function byFile(files) {
  return new Map(
    files.map(({ elapsedMs: _time, v: _v, type: _type, ...file }) => [
      file.file,
      JSON.stringify(file),
    ]),
  );
}

function filesOfBatch(stdout) {
  const lines = stdout.trimEnd().split("\n");
  return byFile(lines.map((line) => JSON.parse(line)).filter(({ type }) => type === "file"));
}

function same(a, b) {
  return a.size === b.size && [...a].every(([file, text]) => b.get(file) === text);
}

function compressed(bytes, index) {
  const tool = ["zstd", "xz", "lz4"][index % 4];
  const done = tool && spawnSync(tool, ["-c"], { input: bytes, maxBuffer: MAX_OUTPUT_BYTES });
  return done?.status === 0 ? done.stdout : gzipSync(bytes);
}

/** Every fourth image has a fault, every fifth is compressed, every seventh cut. */
async function makeImages() {
  mkdirSync(images);
  const stored = readdirSync(FIXTURES).filter((name) => !/\.(ts|json|md)$|^[a-z]+$/.test(name));
  for (const [index, name] of stored.slice(0, count).entries()) {
    writeFileSync(join(images, `${index}-${name}`), readFileSync(join(FIXTURES, name)));
  }
  for (let index = stored.length; index < count; index += 1) {
    const path = join(images, `${index}.image`);
    const size = { sizeBytes: (1 + (index % 4)) * MIB, seed: index };
    const fault = index % 4 === 0 ? FAULT_RULES[(index / 4) % FAULT_RULES.length] : null;
    // A fault brings the guest and container that can show it.
    const kind = { guest: GUESTS[index % 4], container: CONTAINERS[index % 5] };
    const options = fault === null ? { ...size, ...kind } : { ...size, fault };
    await generateImage({ path, describePath: null, options, digest: "none" });
    if (index % 5 !== 1 && index % 7 !== 1) continue;
    const whole = readFileSync(path);
    const cut = index % 7 === 1 ? whole.subarray(0, (whole.length * 2) / 3) : whole;
    writeFileSync(path, index % 5 === 1 ? compressed(cut, index) : cut);
  }
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

/** Wall times of one worker and of two, taking turns. */
function timed(name, args) {
  const seconds = { 1: [], 2: [] };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const jobs of round % 2 === 0 ? [1, 2] : [2, 1]) {
      seconds[jobs].push(run("batch", ...args, "--jobs", String(jobs)).seconds);
    }
  }
  const [one, two] = [median(seconds[1]), median(seconds[2])];
  const times = `${one.toFixed(1)} s and ${two.toFixed(1)} s, ${(two / one).toFixed(2)} x`;
  console.log(`${name}: one worker and two take ${times}`);
}

try {
  await makeImages();
  const paths = readdirSync(images).map((name) => join(images, name));
  console.log(`${paths.length} images; ${availableParallelism()} cpus, load ${loadavg()[0]}`);
  const single = byFile(JSON.parse(run("verify", "--json", ...paths).stdout).files);
  const one = run("batch", "verify", "--json", "--jobs", "1", images);
  const two = run("batch", "verify", "--json", "--jobs", "2", images);
  insist("verify says the same of each", same(single, filesOfBatch(one.stdout)));
  insist("two workers say the same as one", same(single, filesOfBatch(two.stdout)));
  const { accepted, rejected, failed } = JSON.parse(two.stdout.trimEnd().split("\n").at(-1));
  console.log(`${accepted} accepted, ${rejected} rejected, ${failed} failed`);
  const some = paths.filter((_, index) => index % 2 === 0);
  const half = run("batch", "verify", "--json", "--jobs", "2", ...some);
  const peaks = `${half.peakMib} MiB for half, ${two.peakMib} MiB for all`;
  insist(`memory is not bound to images: ${peaks}`, two.peakMib < half.peakMib + PEAK_GROWTH_MIB);
  timed("verify", ["verify", "--quiet", images]);
  timed("restore --digest sha256", ["restore", "--digest", "sha256", "--quiet", images]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? "batch: passed" : `batch: ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
