/** A batch that is killed or interrupted: the next run does the rest, and nothing is left over. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { leftovers, timeless } from "../batch/support.js";
import { Prng } from "../builders/prng.js";
import { imageFolder } from "./batch-images.js";
import { writeSparseImage } from "./image.js";
import { COMMAND, plainEnvironment, xenstream } from "./run.js";

/** Runs that are killed. */
const KILLS = Number(process.env.XENSTREAM_KILLS ?? 10);
const MAX_RUNS = 4 * KILLS;

const folder = imageFolder();
afterAll(() => folder.remove());
const prng = new Prng(Number(process.env.XENSTREAM_SEED ?? 1));
const journal = folder.path("journal");
const manifests = folder.path("manifests");
const args = [
  ...["batch", "verify", folder.images, "--json"],
  ...["--resume", journal, "--manifest-dir", manifests],
];

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Run the command; `after` is called with the process once it is there. */
function run(argv: readonly string[], after: (child: ChildProcess) => void): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...argv], { env: plainEnvironment() });
    const text = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      text.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      text.stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...text }));
    after(child);
  });
}

interface FileLine {
  readonly type: string;
  readonly file: string;
  readonly manifest?: object;
  readonly check?: { readonly matches: boolean };
}

/** Lines of files, without what may differ between the run that made a manifest and one after. */
function filesOf(stdout: string): object[] {
  const lines = stdout.trimEnd().split("\n");
  return lines
    .map((line) => JSON.parse(line) as FileLine)
    .filter(({ type }) => type === "file")
    .sort((a, b) => (a.file < b.file ? -1 : 1))
    .map(({ manifest: _made, check, ...line }) => {
      expect(check?.matches ?? true).toBe(true);
      return timeless(line);
    });
}

function manifestFiles(): Map<string, Buffer> {
  const names = existsSync(manifests)
    ? readdirSync(manifests, { recursive: true, encoding: "utf8" })
    : [];
  const files = names.filter((name) => name.endsWith(".manifest"));
  return new Map(files.sort().map((name) => [name, readFileSync(join(manifests, name))]));
}

function forget(): void {
  rmSync(journal, { force: true });
  rmSync(manifests, { recursive: true, force: true });
}

describe("a batch that is killed", () => {
  it(`is gone on with, ${KILLS} times at random moments, without a result lost or doubled`, async () => {
    const startMs = performance.now();
    const whole = await run(args, () => {});
    const wholeMs = performance.now() - startMs;
    const expected = filesOf(whole.stdout);
    const expectedManifests = manifestFiles();
    expect(expectedManifests.size).toBeGreaterThan(10);
    let kills = 0;
    let earlier = 0;
    for (let runs = 0; kills < KILLS && runs < MAX_RUNS; runs += 1) {
      forget();
      // Killed again and again with the same journal, then gone on with to the end.
      for (let left = 1 + prng.below(3); left > 0; left -= 1) {
        const delayMs = wholeMs * (0.1 + 0.8 * (prng.below(1000) / 1000));
        const { signal } = await run(args, (child) => {
          setTimeout(() => child.kill("SIGKILL"), delayMs);
        });
        if (signal === "SIGKILL") kills += 1;
      }
      const last = await run(args, () => {});
      expect(filesOf(last.stdout)).toEqual(expected);
      earlier += Number(/"earlier":(\d+)/.exec(last.stdout)?.[1] ?? 0);
      expect(leftovers(folder.root)).toEqual([]);
      expect(manifestFiles()).toEqual(expectedManifests);
      const entries = readFileSync(journal, "utf8").trimEnd().split("\n").slice(1);
      const named = entries.map((line) => (JSON.parse(line) as FileLine).file);
      expect(named.length).toBe(expected.length);
      expect(new Set(named).size).toBe(expected.length);
    }
    expect(kills).toBeGreaterThanOrEqual(KILLS);
    expect(earlier).toBeGreaterThan(0);
  }, 3_600_000);
});

describe("a batch that is interrupted", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "by %s ends with %i, says how to go on, and leaves nothing half made",
    async (signal, code) => {
      forget();
      const large = folder.path("large.xcs");
      writeSparseImage(large, 512);
      const some = [large, folder.path("images/good")];
      const options = ["--resume", journal, "--manifest-dir", manifests];
      const ended = await run(["batch", "restore", "--jobs", "2", ...some, ...options], (child) => {
        // Once an image is in the journal, while the large one is at work: however slow all is.
        const waiting = setInterval(() => {
          if (!existsSync(journal) || readFileSync(journal, "utf8").split("\n").length < 3) return;
          clearInterval(waiting);
          child.kill(signal);
        }, 5);
        child.once("exit", () => clearInterval(waiting));
      });
      expect(ended.code).toBe(code);
      expect(ended.stderr).toMatch(
        /stopped, \d+ of \d+ images done; the same command goes on from/,
      );
      expect(leftovers(folder.root)).toEqual([]);
      rmSync(large);
      const next = xenstream([
        "batch",
        "restore",
        folder.path("images/good"),
        ...options,
        "--json",
      ]);
      expect(next.stdout).toMatch(/"earlier":\d+/);
    },
  );

  it("without a journal says that nothing is kept", async () => {
    const large = folder.path("large.xcs");
    writeSparseImage(large, 512);
    const ended = await run(["batch", "restore", "--digest", "sha256", large], (child) => {
      setTimeout(() => child.kill("SIGINT"), 900);
    });
    expect(ended.code).toBe(130);
    expect(ended.stderr).toMatch(/0 of 1 images done; nothing is kept of it: --resume JOURNAL/);
    expect(ended.stdout).toBe("");
  });
});
