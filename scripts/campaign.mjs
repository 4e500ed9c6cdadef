/**
 * The differential campaign: both engines, both memory models, file and pipe, and the oracle on
 * generated and mutated streams (test/differential/compare.ts). A seed reproduces its stream.
 *
 *   node scripts/campaign.mjs [--seed FIRST] [--count N] [--jobs N]
 *
 * Runs from a bundle: test runners rewrite imports, which costs these loops most of their speed.
 * Exit code 1 if anything disagrees.
 */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { ROOT } from "./lib/root.mjs";

const BUNDLE = join(ROOT, ".tmp", "campaign.mjs");
/** Disagreements after which a job gives up. */
const SHOWN = 20;
const REPORT_EVERY = 5000;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "200000" },
    jobs: { type: "string", default: String(availableParallelism()) },
    part: { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.count);

if (values.part) await runPart();
else await runAll(Number(values.jobs));

/** Bundle once, then give each job its share of the seeds. */
async function runAll(jobs) {
  await build({
    entryPoints: [join(ROOT, "test/differential/compare.ts")],
    outfile: BUNDLE,
    absWorkingDir: ROOT,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // What the harness takes for its own folder; the bundle stands elsewhere.
    define: { "import.meta.dirname": JSON.stringify(join(ROOT, "test")) },
    logLevel: "error",
  });
  const begin = performance.now();
  const share = Math.ceil(count / jobs);
  const codes = await Promise.all(
    Array.from({ length: jobs }, (_, job) => {
      const from = first + job * share;
      const left = Math.min(share, first + count - from);
      if (left <= 0) return 0;
      const args = ["--part", "--seed", String(from), "--count", String(left)];
      const child = fork(import.meta.filename, args, { stdio: "inherit" });
      return new Promise((resolve) => {
        child.on("exit", (code, signal) => resolve(signal === null ? code : 1));
      });
    }),
  );
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const failed = codes.some((code) => code !== 0);
  console.log(
    `seeds ${first} to ${first + count - 1}: ${failed ? "DISAGREE" : "agree"}, ${seconds} s`,
  );
  process.exitCode = failed ? 1 : 0;
}

/** One job, in a process of its own. */
async function runPart() {
  const { disagreements } = await import(pathToFileURL(BUNDLE).href);
  let shown = 0;
  for (let seed = first; seed < first + count; seed++) {
    for (const text of disagreements(seed)) {
      console.log(text);
      shown++;
    }
    if (shown >= SHOWN) break;
    if (process.stdout.isTTY && (seed - first + 1) % REPORT_EVERY === 0)
      console.log(`at seed ${seed}`);
  }
  process.exitCode = shown > 0 ? 1 : 0;
}
