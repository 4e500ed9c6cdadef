/**
 * Guests beyond 4 GiB, for real: `npm run test:large [-- --size 6GiB]`. Generates an image, verifies
 * it, restores it indexed (from the file) and resident over several banks (through a pipe), and
 * insists on equal digests and bounded memory. Needs as much disk as the guest is large, and half
 * as much memory. Long, so not a part of `npm test`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./lib/root.mjs";

const COMMAND = join(ROOT, "dist/xenstream.cjs");
const PEAK = join(ROOT, "scripts/lib/report-peak.cjs");
/** Resident memory that an indexed guest of any size may take. */
const INDEXED_MIB = 150;

const { values } = parseArgs({ options: { size: { type: "string", default: "6GiB" } } });
const folder = mkdtempSync(join(tmpdir(), "xenstream-large-"));
const image = join(folder, "guest.xcs");
let failures = 0;

/** Run the command, optionally with the image on a pipe; gives its document, peak and time. */
function run(args, { pipe = false } = {}) {
  const node = [process.execPath, "--require", PEAK, COMMAND, ...args];
  const begin = performance.now();
  const options = { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 };
  const result = pipe
    ? spawnSync("sh", ["-c", `cat "$0" | "$@"`, image, ...node], options)
    : spawnSync(node[0], node.slice(1), options);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const peakMib = Math.round(Number(/peak-kib (\d+)/.exec(result.stderr)?.[1]) / 1024);
  if (result.status !== 0) throw new Error(`${args.join(" ")}: ${result.stderr}`);
  console.log(`${args[0]}${pipe ? " (pipe)" : ""}: ${seconds} s, peak ${peakMib} MiB`);
  const file = result.stdout.startsWith("{") ? JSON.parse(result.stdout).files?.[0] : undefined;
  return { file, peakMib };
}

function insist(what, holds) {
  console.log(`${holds ? "ok  " : "FAIL"} ${what}`);
  if (!holds) failures += 1;
}

try {
  run([
    "generate",
    "-o",
    image,
    "--size",
    values.size,
    "--seed",
    "5",
    "--zero",
    "40",
    "--live",
    "1",
  ]);
  const verified = run(["verify", "--json", image]);
  insist("accepted", verified.file.verdict === "accept");
  insist(`verified in ${INDEXED_MIB} MiB`, verified.peakMib < INDEXED_MIB);
  const digest = ["--json", "--digest", "xxh3"];
  const indexed = run(["restore", ...digest, "--memory", "indexed", image]);
  insist(`restored indexed in ${INDEXED_MIB} MiB`, indexed.peakMib < INDEXED_MIB);
  const resident = run(["restore", ...digest, "--max-memory", values.size, "-"], { pipe: true });
  insist("held resident", resident.file.memory.model === "resident");
  const digests = [indexed, resident].map(({ file }) => file.memory.pageDigest);
  insist(`equal digests (${digests.join(", ")})`, digests[0] === digests[1]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? "large guests: passed" : `large guests: ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
