/**
 * Guests beyond 4 GiB, for real: `npm run test:large [-- --size 6GiB --sparse 20GiB]`. One guest is
 * verified, restored indexed (from its file) and resident over several banks (through a pipe), with
 * equal digests; a larger one is restored indexed and extracted to a sparse file. Peaks (VmHWM) are
 * printed and bounded. Most pages are zero, and files keep holes for them where dd(1) can make some:
 * else disk is needed for both guests. Long, so not a part of `npm test`.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./lib/root.mjs";

const COMMAND = join(ROOT, "dist/xenstream.cjs");
const PEAK = join(ROOT, "scripts/lib/report-peak.cjs");
/** Resident memory that an indexed guest of any size may take. */
const INDEXED_MIB = 120;
const PAGE_BYTES = 4096;
/** Pages that are compared with what `extract --pfn` gives, spread over the file. */
const SAMPLES = 12;
/** Behind the low hole of a PC, and where that under 4 GiB begins at the earliest. */
const LOW_PFN = 0x100;
const HOLE_PFN = 0xa_0000;

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "6GiB" },
    sparse: { type: "string", default: "20GiB" },
    zero: { type: "string", default: "97" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "xenstream-large-"));
const image = join(folder, "guest.xcs");
let failures = 0;

/** Run the command, in a line of shell if one is given; gives its document, peak and time. */
function run(args, { shell, binary = false } = {}) {
  const node = [process.execPath, "--require", PEAK, COMMAND, ...args];
  const begin = performance.now();
  const options = { maxBuffer: 64 * 1024 * 1024 };
  const result =
    shell === undefined
      ? spawnSync(node[0], node.slice(1), options)
      : spawnSync("bash", ["-c", `set -o pipefail; ${shell}`, image, ...node], options);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const errors = result.stderr.toString();
  const peakMib = Math.round(Number(/peak-kib (\d+)/.exec(errors)?.[1]) / 1024);
  if (result.status !== 0) throw new Error(`${args.join(" ")}: ${errors}`);
  if (binary) return result.stdout;
  console.log(`${args[0]}: ${seconds} s, peak ${peakMib} MiB`);
  const text = result.stdout.toString();
  const file = text.startsWith("{") ? JSON.parse(text).files?.[0] : undefined;
  return { file, peakMib };
}

function insist(what, holds) {
  console.log(`${holds ? "ok  " : "FAIL"} ${what}`);
  if (!holds) failures += 1;
}

const within = (what, { peakMib }) =>
  insist(`${what} in ${INDEXED_MIB} MiB`, peakMib <= INDEXED_MIB);

/** Make the image; runs of zeros become holes of the file. */
function generate(size, more) {
  const args = ["generate", "-o", "-", "--size", size, "--seed", "5", "--zero", values.zero];
  const sparsely = `"$@" | dd of="$0" bs=4096 iflag=fullblock conv=sparse status=none`;
  run([...args, "--digest", "none", ...more], { shell: sparsely });
  const { size: bytes, blocks } = statSync(image);
  console.log(`${size} of guest: ${bytes} bytes, ${blocks * 512} on disk`);
}

function several() {
  generate(values.size, ["--live", "1"]);
  const verified = run(["verify", "--json", image]);
  insist("accepted", verified.file.verdict === "accept");
  within("verified", verified);
  const digest = ["--json", "--digest", "xxh3"];
  const indexed = run(["restore", ...digest, "--memory", "indexed", image]);
  within("restored indexed", indexed);
  const resident = run(["restore", ...digest, "--max-memory", values.size, "-"], {
    shell: `cat "$0" | "$@"`,
  });
  insist("held resident", resident.file.memory.model === "resident");
  const digests = [indexed, resident].map(({ file }) => file.memory.pageDigest);
  insist(`equal digests (${digests.join(", ")})`, digests[0] === digests[1]);
}

function sparse() {
  generate(values.sparse, []);
  const indexed = run(["restore", "--json", "--memory", "indexed", "--digest", "xxh3", image]);
  within("restored indexed", indexed);
  const raw = join(folder, "guest.raw");
  const extracted = run(["extract", "--json", image, "-o", raw]);
  within("extracted", extracted);
  const { size, blocks } = statSync(raw);
  const { pages, bytes } = extracted.file.output;
  insist("all pages are in the file", pages === indexed.file.memory.populatedPages);
  insist(
    `sparse: ${size} bytes, ${blocks * 512} on disk`,
    size === bytes && blocks * 512 < size / 4,
  );
  const fd = openSync(raw, "r");
  const page = Buffer.alloc(PAGE_BYTES);
  let same = 0;
  const { maxPfn } = indexed.file.memory;
  for (let i = 0; i < SAMPLES; i += 1) {
    // All but the last lie below the hole under 4 GiB.
    const low = LOW_PFN + Math.floor((i * Math.min(pages, HOLE_PFN) * 0.9) / SAMPLES);
    const pfn = i === SAMPLES - 1 ? maxPfn : low;
    readSync(fd, page, 0, PAGE_BYTES, pfn * PAGE_BYTES);
    if (page.equals(run(["extract", image, "--pfn", `${pfn}`], { binary: true }))) same += 1;
  }
  closeSync(fd);
  insist(`${same} of ${SAMPLES} pages read back the same`, same === SAMPLES);
}

try {
  several();
  rmSync(image);
  sparse();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? "large guests: passed" : `large guests: ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
