/**
 * Claims that cost nothing: lengths, counts and pfns as large as the format can say, and a record of
 * 16.7 million entries. Each is a finding, or accepted where it is legal, in at most 64 MiB of
 * resident memory over that of a small sound image: from a file and from a pipe, by both engines.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { concat, u32le, u64le } from "../builders/bytes.js";
import { hvmContext } from "../builders/hvm.js";
import { end, headers, pageData, REC, staticDataEnd } from "../builders/libxc.js";
import { join as joinParts } from "../builders/parts.js";
import { ENGINES, ROOT } from "../harness.js";

const ALLOWED_KIB = 64 * 1024;
const MAX_BODY_BYTES = 0x0800_0000;
const XTAB = 0xfn << 60n;
const XALLOC = 0xen << 60n;

interface Probe {
  readonly verdict: "accept" | "reject" | null;
  readonly limit: string | null;
  readonly rules: readonly string[];
  readonly entries: number;
  readonly peakKib: number;
}

let folder: string;
let bundle: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "xenstream-hostile-"));
  bundle = join(folder, "probe.cjs");
  buildSync({
    entryPoints: [join(ROOT, "test/hostile/probe.ts")],
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    define: { "import.meta.url": JSON.stringify(`file://${ROOT}/src/ops/wasm-bytes.ts`) },
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Run the probe on a file, or on the same bytes through a pipe. */
function probe(what: "verify" | "restore", engine: string, path: string, pipe: boolean): Probe {
  const args = [bundle, what, engine];
  if (!pipe) {
    return JSON.parse(execFileSync(process.execPath, [...args, path], { encoding: "utf8" }));
  }
  const command = `cat "$0" | "$1" "$2" "$3" "$4" -`;
  const shell = ["-c", command, path, process.execPath, ...args];
  const { stdout, stderr, status } = spawnSync("sh", shell, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function file(name: string, ...parts: readonly Uint8Array[]): string {
  const path = join(folder, name);
  const fd = openSync(path, "w");
  for (const part of parts) writeSync(fd, part);
  closeSync(fd);
  return path;
}

const begin = joinParts([headers(), staticDataEnd()]);
const finish = joinParts([hvmContext(), end()]);
const record = (type: number, bodyBytes: number) => concat(u32le(type), u32le(bodyBytes));

/** A PAGE_DATA record as long as a record may be, of entries without data; as chunks. */
function longRecord(entryOf: (index: number) => bigint): Uint8Array[] {
  const count = (MAX_BODY_BYTES - 8) / 8;
  const entries = new BigUint64Array(count);
  for (let i = 0; i < count; i += 1) entries[i] = entryOf(i);
  const head = concat(record(REC.PAGE_DATA, MAX_BODY_BYTES), u32le(count), u32le(0));
  return [head, new Uint8Array(entries.buffer)];
}

/** Lies of one field each: the file is a few hundred bytes long. */
const LIES: readonly (readonly [string, string, () => Uint8Array])[] = [
  ["a record length of 0xffffffff", "LC-REC-4", () => record(REC.HVM_CONTEXT, 0xffff_ffff)],
  [
    "a record length of 128 MiB that is not there",
    "LC-REC-5",
    () => record(REC.HVM_CONTEXT, MAX_BODY_BYTES),
  ],
  [
    "a count of 2^32 - 1",
    "LC-PG-3",
    () => concat(record(REC.PAGE_DATA, 16), u32le(0xffff_ffff), u32le(0), u64le(1)),
  ],
  ["a pfn of 2^52 - 1", "LC-PG-8", () => joinParts([pageData([{ pfn: 2 ** 52 - 1, type: 0xe }])])],
];

describe.each(ENGINES)("the %s engine", (engine) => {
  it.each([false, true])("bounds memory against false claims (pipe: %s)", (pipe) => {
    const sound = file("sound", begin, finish);
    const baseline = probe("verify", engine, sound, pipe);
    expect(baseline.verdict).toBe("accept");
    for (const [what, rule, lie] of LIES) {
      const told = probe("verify", engine, file("lie", begin, lie(), finish), pipe);
      expect(told.rules, what).toContain(rule);
      expect(told.peakKib - baseline.peakKib, what).toBeLessThan(ALLOWED_KIB);
    }
  });

  it.each([false, true])("takes 16.7 million holes in one record (pipe: %s)", (pipe) => {
    const sound = file("sound", begin, finish);
    const baseline = probe("verify", engine, sound, pipe);
    const long = file("long", begin, ...longRecord((i) => XTAB | BigInt(i)), finish);
    const told = probe("verify", engine, long, pipe);
    expect(told).toMatchObject({ verdict: "accept", entries: 16_777_215 });
    expect(told.peakKib - baseline.peakKib).toBeLessThan(ALLOWED_KIB);
  });

  it("refuses 16.7 million entries of which the last is wrong, and leaves no trace", () => {
    const sound = file("sound", begin, finish);
    const baseline = probe("verify", engine, sound, false);
    const last = (MAX_BODY_BYTES - 8) / 8 - 1;
    const entryOf = (i: number) => (i === last ? 5n << 60n : XALLOC) | BigInt(i % 0x10_0000);
    const long = file("long", begin, ...longRecord(entryOf), finish);
    const told = probe("verify", engine, long, false);
    expect(told).toMatchObject({ verdict: "reject", rules: ["LC-PG-5"], entries: 0 });
    // The reference engine keeps four bytes an entry until the record is accepted.
    const staged = engine === "reference" ? 32 * 1024 : 0;
    expect(told.peakKib - baseline.peakKib).toBeLessThan(ALLOWED_KIB + staged);
  });

  it("stops a guest that is spread over more banks than it may have, by a named limit", () => {
    const stride = 0x8_0000n;
    const entryOf = (i: number) => XALLOC | (BigInt(i % 0x2_0000) * stride);
    const path = file("spread", begin, ...longRecord(entryOf), finish);
    const told = probe("verify", engine, path, false);
    expect(told).toMatchObject({ verdict: null, limit: "max-banks" });
  });
});

const COMMAND = join(ROOT, "dist/xenstream.cjs");
const PEAK = join(ROOT, "scripts/lib/report-peak.cjs");
/** Pfns of one bank. */
const BANK = 0x8_0000n;

/** `restore` of a file as a user runs it; its peak with it. */
function restored(path: string, ...flags: readonly string[]) {
  const args = ["--require", PEAK, COMMAND, "restore", "--json", ...flags, path];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const peakKib = Number(/peak-kib (\d+)/.exec(stderr)?.[1]);
  const memory = stdout.startsWith("{") ? JSON.parse(stdout).files[0].memory : undefined;
  return { status, stderr, memory, peakKib };
}

describe.each(ENGINES)("restore by the %s engine", (engine) => {
  describe.each(["indexed", "resident"] as const)("with an %s guest", (model) => {
    const flags = ["--engine", engine, "--memory", model];
    const spread = (count: number, stride: bigint) =>
      joinParts([
        pageData(
          Array.from({ length: count }, (_, i) => ({ pfn: Number(BigInt(i) * stride), type: 0xe })),
        ),
      ]);

    it("holds pfns up to 2^36 without a table of that length", () => {
      const baseline = restored(file("sound", begin, finish), ...flags);
      const last = 2 ** 36 - 1;
      const far = joinParts([
        pageData([0, 2 ** 33, last].map((pfn) => ({ pfn, page: new Uint8Array(4096).fill(7) }))),
      ]);
      const told = restored(file("far", begin, far, finish), ...flags);
      expect(told.memory).toMatchObject({ populatedPages: 3, maxPfn: last });
      expect(told.peakKib - baseline.peakKib).toBeLessThan(ALLOWED_KIB);
    });

    it("stops a hostile spread with an error that names --max-memory, which raises it", () => {
      const baseline = restored(file("sound", begin, finish), ...flags);
      const path = file("spread", begin, spread(1025, BANK), finish);
      const told = restored(path, ...flags);
      expect(told.status).toBe(2);
      expect(told.stderr).toMatch(/more than 1024 banks of 2 GiB \(--max-memory raises it\)/);
      expect(told.peakKib - baseline.peakKib).toBeLessThan(ALLOWED_KIB);
      const raised = restored(path, ...flags, "--max-memory", "5GiB");
      expect(raised.memory).toMatchObject({ populatedPages: 1025 });
    });
  });
});
