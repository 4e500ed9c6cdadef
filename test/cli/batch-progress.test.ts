/** How far a batch is: counted, said in plain lines, drawn on a terminal. */
import { afterAll, describe, expect, it } from "vitest";
import type { JobOutcome } from "../../src/batch/index.js";
import { BatchCount } from "../../src/cli/batch-count.js";
import { batchProgress, PlainProgress } from "../../src/cli/batch-progress.js";
import { folderOf, jobsOf } from "../batch/support.js";
import { writeSparseImage } from "./image.js";
import { hasScript, onTerminal } from "./run.js";

const folder = folderOf("batch-progress");
afterAll(() => folder.remove());
const jobs = jobsOf(["a", "b", "c", "d"]).map((job) => ({ ...job, bytes: 1024 ** 2 }));
const [a, b, c] = jobs as [(typeof jobs)[0], (typeof jobs)[0], (typeof jobs)[0]];
const failed: JobOutcome = {
  v: 1,
  type: "file",
  file: "a",
  error: { code: "not-found", message: "no such file", exitCode: 2 },
};

describe("the progress of a batch", () => {
  it("counts images, the bad ones, bytes, the rate and the time left", () => {
    const count = new BatchCount(jobs);
    const startMs = performance.now();
    count.start(a);
    count.done(a, failed, false);
    count.start(b);
    count.tell(b, 10, 20);
    const text = count.text(startMs + 3000);
    expect(text).toMatch(/^1 of 4 images, 1 bad, 1\.5 MiB of 4\.0 MiB, 512\.\d KiB\/s, 5 s left$/);
  });

  it("never goes back when a second pass begins", () => {
    const count = new BatchCount(jobs, 2);
    count.start(b);
    count.tell(b, 20, 20);
    count.tell(b, 1, 40);
    expect(count.text()).toContain("524.8 KiB of 4.0 MiB");
    count.tell(b, 40, 40);
    count.tell(b, 1, 40);
    expect(count.text()).toContain("1.0 MiB of 4.0 MiB");
  });

  it("does not take for speed what a journal had", () => {
    const count = new BatchCount(jobs);
    count.done(a, failed, true);
    count.done(b, failed, true);
    expect(count.text()).toBe("2 of 4 images, 2 bad, 2.0 MiB of 4.0 MiB");
    count.start(c);
    count.tell(c, 1, null);
    expect(count.text()).toBe("2 of 4 images, 2 bad, 2.0 MiB of 4.0 MiB");
  });

  it("is a plain line at intervals where there is no terminal", async () => {
    const lines: string[] = [];
    const progress = new PlainProgress(new BatchCount(jobs), 20, (text) => lines.push(text));
    await new Promise((resolve) => setTimeout(resolve, 200));
    progress.end();
    const said = lines.length;
    expect(said).toBeGreaterThan(0);
    expect(lines[0]).toBe("xenstream: 0 of 4 images, 0 B of 4.0 MiB\n");
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(lines.length).toBe(said);
  });

  it("is silent if it is not wanted", async () => {
    for (const flags of [
      { progress: false, quiet: false, verbose: false },
      { progress: true, quiet: true, verbose: false },
    ]) {
      expect(
        await batchProgress(jobs, 1, { digest: null, manifestDir: null }, flags),
      ).toBeInstanceOf(BatchCount);
    }
  });
});

describe.runIf(hasScript)("the progress of a batch on a terminal", () => {
  it("is a line for each image at work and one for all, and is cleared", () => {
    for (const name of ["one", "two"]) writeSparseImage(folder.path(`${name}.xcs`), 400);
    const { code, stdout } = onTerminal(
      `$X batch restore --jobs 2 --memory indexed --digest sha256 ${folder.root}`,
    );
    expect(code).toBe(0);
    for (const name of ["one", "two"]) {
      const drawn = [
        ...stdout.matchAll(new RegExp(`${name}\\.xcs {2}(\\d+) % {2}1\\.\\d GiB`, "g")),
      ];
      expect(drawn.length).toBeGreaterThan(0);
      const percents = drawn.map(([, percent]) => Number(percent));
      expect(percents).toEqual(percents.toSorted((one, other) => one - other));
    }
    expect(stdout).toMatch(/[01] of 2 images, \d.* of 3\.\d GiB, .*\/s, .* left/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what clears the rest of the screen
    const after = stdout.split(/\u001b\[0?J/).at(-1) ?? "";
    expect(after).toMatch(/^2 images: 2 accepted\r?\n3\.\d GiB in .*\r?\n$/);
  });
});
