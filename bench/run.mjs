/**
 * Runs the benchmarks: `node bench/run.mjs [NAME...] [--size MIB] [--rounds N] [--out FILE]
 * [--archive] [--against FILE]`. With --archive the run is kept in bench/results/<date>-<cpu>/, with
 * text and plots, and the README quotes it; --against tells which rows are in another order than in
 * the run of that file. Each is bundled (test runners rewrite imports, which costs loops most of
 * their speed) and runs in a process of its own. Prints a table with targets beside it, writes the
 * raw numbers as JSON.
 *
 * NAME is that of a file bench/NAME.bench.ts; all of them without one. Nothing fails on a missed
 * target: machines differ, and a run tells by how much.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { ROOT } from "../scripts/lib/root.mjs";
import { archive } from "./lib/archive.mjs";
import { orderText } from "./lib/order.mjs";
import { headline, tableOf } from "./lib/text.mjs";

const WORK = join(ROOT, ".tmp", "bench");
const SUFFIX = ".bench.ts";
const COMPILERS = ["cc", "gcc", "clang"];
const MIB = 1024 ** 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: "string" },
    rounds: { type: "string", default: "5" },
    out: { type: "string", default: join(WORK, "results.json") },
    archive: { type: "boolean", default: false },
    against: { type: "string" },
  },
});
/** Read first: a run that is archived may take the place of it. */
const before =
  values.against === undefined ? null : JSON.parse(readFileSync(values.against, "utf8"));
/** Guest memory of the images that are read whole, in MiB. */
const sizeMiB = Number(values.size ?? (values.archive ? 3072 : 1024));
const all = readdirSync(join(ROOT, "bench"))
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length));
const wanted = positionals.length > 0 ? positionals : all;
for (const name of wanted) {
  if (all.includes(name)) continue;
  console.error(`no benchmark "${name}": ${all.join(", ")}`);
  process.exit(2);
}

mkdirSync(WORK, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), "xenstream-bench-"));
try {
  const native = buildNative();
  const machine = describeMachine(native);
  const text = [headline(machine)];
  console.log(text[0]);
  const answers = {};
  for (const name of wanted) {
    const bundle = await bundled(name);
    const config = {
      root: ROOT,
      folder,
      native: native?.program ?? null,
      sizeBytes: sizeMiB * MIB,
      rounds: Number(values.rounds),
    };
    answers[name] = measured(name, bundle, config);
    text.push(tableOf(answers[name]));
    console.log(text.at(-1));
  }
  const options = { sizeMiB, rounds: Number(values.rounds), only: positionals };
  const run = { machine, options, answers };
  if (before !== null) {
    text.push(`\n${orderText(before, run)}`);
    console.log(text.at(-1));
  }
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, `${JSON.stringify(run, null, 1)}\n`);
  console.log(`\nraw numbers: ${values.out}`);
  if (values.archive) console.log(`archived: ${archive(run, text.join("\n"))}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The C baselines, if there is a compiler; null if not. */
function buildNative() {
  const program = join(WORK, "restorer");
  const source = join(ROOT, "bench/native/restorer.c");
  for (const compiler of COMPILERS) {
    const { status, stderr, error } = spawnSync(compiler, ["-O2", "-o", program, source]);
    if (status === 0) {
      const version = execFileSync(compiler, ["--version"], { encoding: "utf8" }).split("\n")[0];
      return { program, compiler: `${version}, -O2` };
    }
    if (error === undefined) throw new Error(`${compiler}: ${stderr}`);
  }
  console.log("no C compiler: the C baselines are left out");
  return null;
}

async function bundled(name) {
  const outfile = join(WORK, `${name}.mjs`);
  await build({
    entryPoints: [join(ROOT, "bench", `${name}${SUFFIX}`)],
    outfile,
    absWorkingDir: ROOT,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    define: {
      XENSTREAM_ENGINE_BASE64: JSON.stringify(
        readFileSync(join(ROOT, "dist/engine.wasm")).toString("base64"),
      ),
    },
    // Bundled CommonJS asks for require, which a module does not have.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    logLevel: "error",
  });
  return outfile;
}

function measured(name, bundle, config) {
  const { status, stdout } = spawnSync(process.execPath, [bundle, JSON.stringify(config)], {
    encoding: "utf8",
    maxBuffer: 64 * MIB,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`the benchmark ${name} failed`);
  return JSON.parse(stdout);
}

function describeMachine(native) {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const git = spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: ROOT, encoding: "utf8" });
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch} ${release()}`,
    node: process.version,
    v8: process.versions.v8,
    compiler: native?.compiler ?? null,
    xenstream: version,
    commit: git.status === 0 ? git.stdout.trim() : null,
    load: loadavg()
      .map((load) => load.toFixed(1))
      .join(" "),
    date: new Date().toISOString(),
  };
}
