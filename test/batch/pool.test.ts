/** The embedded pool: each job has one outcome, whatever becomes of the workers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import {
  type BatchJob,
  type JobOutcome,
  type PoolOptions,
  WorkerPool,
} from "../../src/batch/index.js";
import { WORKER_ARGUMENT } from "../../src/cli/worker-argument.js";
import { fixture } from "../fixtures/load.js";
import { folderOf, jobsOf, SETTINGS } from "./support.js";

const folder = folderOf("pool");
const pools: WorkerPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});
afterAll(() => folder.remove());

const good = fixture("hvm-tiny.xcs");
const files = (...names: readonly string[]) =>
  names.map((name) => folder.write(`${name}.xcs`, good));

function poolOf(workerCount: number, options: Partial<PoolOptions> = {}): WorkerPool {
  const entry = join(import.meta.dirname, "hooked-worker.cjs");
  const pool = new WorkerPool({ entry, argv: [WORKER_ARGUMENT], workerCount, ...options });
  pools.push(pool);
  return pool;
}

/** A worker at a job of this size has the next one at hand. */
const SMALL = 4096;

async function run(
  pool: WorkerPool,
  names: readonly string[],
  signal = new AbortController(),
  bytes: number | null = null,
) {
  const outcomes = new Map<string, JobOutcome>();
  const started: BatchJob[] = [];
  const onOutcome = (job: BatchJob, outcome: JobOutcome) => {
    expect(outcomes.has(job.file)).toBe(false);
    outcomes.set(job.file, outcome);
  };
  const events = { onStart: (job: BatchJob) => void started.push(job), onOutcome };
  await pool.run(jobsOf(names, bytes), SETTINGS, events, signal.signal);
  return { outcomes, started };
}

describe("a pool", () => {
  it("gives each job one outcome, and begins them in the order given", async () => {
    const names = files("a", "b", "c", "d", "e", "f", "g");
    const { outcomes, started } = await run(poolOf(2), names);
    expect(started.map(({ file }) => file)).toEqual(names);
    expect([...outcomes.keys()].sort()).toEqual([...names].sort());
    for (const outcome of outcomes.values()) expect(outcome).toMatchObject({ verdict: "accept" });
  });

  it("keeps its workers for the next run", async () => {
    const pool = poolOf(1);
    await run(pool, files("a"));
    const { outcomes } = await run(pool, files("b", "c"));
    expect(outcomes.size).toBe(2);
  });

  it.each([
    ["exit", /ended with 7/],
    ["throw", /died of: thrown on purpose/],
    ["reject", /died of: rejected on purpose/],
    ["memory", /died of: .*memory/],
  ])("loses but the image at which a worker dies (%s)", async (death, message) => {
    const names = files("a", death, "b", "c", "d");
    const resourceLimits = { maxOldGenerationSizeMb: 48 };
    const pools = [1, 2].flatMap((workers) => [null, SMALL].map((bytes) => ({ workers, bytes })));
    for (const { workers, bytes } of pools) {
      const pool = poolOf(workers, { resourceLimits });
      const { outcomes } = await run(pool, names, undefined, bytes);
      expect(outcomes.size).toBe(names.length);
      for (const [file, outcome] of outcomes) {
        if (file !== folder.path(`${death}.xcs`)) {
          expect(outcome).toMatchObject({ verdict: "accept" });
          continue;
        }
        expect(outcome).toMatchObject({ error: { code: "worker-crashed", exitCode: 3 } });
        expect("error" in outcome && outcome.error.message).toMatch(message);
      }
    }
  });

  it("says so if no worker can be started", async () => {
    const pool = poolOf(2, { entry: folder.write("broken.cjs", "process.exit(9)") });
    await expect(run(pool, files("a", "b", "c"))).rejects.toMatchObject({
      code: "worker-start",
      exitCode: 3,
    });
  });

  it("does nothing once it was stopped, and ends by force what does not give up", async () => {
    const stopped = new AbortController();
    stopped.abort();
    expect((await run(poolOf(2), files("a", "b"), stopped)).started).toEqual([]);
    const stop = new AbortController();
    const outcomes: string[] = [];
    const onOutcome = ({ file }: BatchJob) => {
      if (outcomes.push(file) === 2) stop.abort();
    };
    const [hang = "", ...others] = files("hang", "a", "b", "c");
    const pool = poolOf(2, { stopGraceMs: 100 });
    await pool.run(jobsOf([hang, ...others]), SETTINGS, { onOutcome }, stop.signal);
    expect(outcomes).toEqual(others.slice(0, 2));
  });

  it("passes on what a callback throws, with no worker at work", async () => {
    const stop = new Error("the journal is full");
    const onOutcome = () => {
      throw stop;
    };
    const jobs = jobsOf(files("a", "b", "c", "d"));
    const { signal } = new AbortController();
    await expect(poolOf(2).run(jobs, SETTINGS, { onOutcome }, signal)).rejects.toBe(stop);
  });

  it("gives out a small job behind a small one alone, before it begins", async () => {
    const order = async (bytes: number | null) => {
      const told: string[] = [];
      const tell = (word: string) => (job: BatchJob) => void told.push(`${word} ${job.index}`);
      const events = {
        onGiveOut: tell("give"),
        onStart: tell("start"),
        onOutcome: tell("end"),
      };
      const { signal } = new AbortController();
      await poolOf(1).run(jobsOf(files("a", "b"), bytes), SETTINGS, events, signal);
      return told;
    };
    const ahead = ["give 0", "start 0", "give 1", "end 0", "start 1", "end 1"];
    const oneByOne = ["give 0", "start 0", "end 0", "give 1", "start 1", "end 1"];
    expect(await order(SMALL)).toEqual(ahead);
    expect(await order(2 ** 30)).toEqual(oneByOne);
    expect(await order(null)).toEqual(oneByOne);
  });

  it("begins a job anew whose worker died before it came to it", async () => {
    const names = files("exit", "a", "b");
    const given: string[] = [];
    const ended: string[] = [];
    const events = {
      onGiveOut: ({ file }: BatchJob) => void given.push(file),
      onOutcome: ({ file }: BatchJob) => void ended.push(file),
    };
    const { signal } = new AbortController();
    await poolOf(1).run(jobsOf(names, SMALL), SETTINGS, events, signal);
    const [exit, a, b] = names;
    expect(given).toEqual([exit, a, a, b]);
    expect(ended).toEqual(names);
  });

  it("leaves the last jobs to whoever is free", async () => {
    const stop = new AbortController();
    const ended: string[] = [];
    const onOutcome = ({ file }: BatchJob) => {
      ended.push(file);
      stop.abort();
    };
    const names = files("hang", "a");
    const pool = poolOf(2, { stopGraceMs: 100 });
    await pool.run(jobsOf(names, SMALL), SETTINGS, { onOutcome }, stop.signal);
    expect(ended).toEqual(names.slice(1));
  });

  it("starts no worker for a job that is given back when all is ended by force", async () => {
    const stop = new AbortController();
    const log = folder.write("started", "");
    const hooked = JSON.stringify(join(import.meta.dirname, "hooked-worker.cjs"));
    const count = `require("node:fs").appendFileSync(${JSON.stringify(log)}, "x")`;
    const entry = folder.write("counted.cjs", `${count};require(${hooked})`);
    const events = {
      onGiveOut: ({ index }: BatchJob) => void (index === 1 && stop.abort()),
      onOutcome: () => {},
    };
    const jobs = jobsOf(files("hang", "a"), SMALL);
    await poolOf(1, { entry, stopGraceMs: 100 }).run(jobs, SETTINGS, events, stop.signal);
    expect(readFileSync(log, "utf8")).toBe("x");
  });

  it("tells of no job that was given out ahead when it was stopped", async () => {
    const stop = new AbortController();
    const ended: string[] = [];
    const events = {
      onOutcome: ({ file }: BatchJob) => {
        ended.push(file);
        stop.abort();
      },
    };
    const names = files("a", "b", "c");
    await poolOf(1).run(jobsOf(names, SMALL), SETTINGS, events, stop.signal);
    expect(ended).toEqual(names.slice(0, 1));
  });

  it("waits for the job ahead when a callback throws", async () => {
    const full = new Error("the journal is full");
    const onOutcome = () => {
      throw full;
    };
    const pool = poolOf(1);
    const { signal } = new AbortController();
    const jobs = jobsOf(files("a", "b", "c"), SMALL);
    await expect(pool.run(jobs, SETTINGS, { onOutcome }, signal)).rejects.toBe(full);
    expect((await run(pool, files("d", "e"))).outcomes.size).toBe(2);
  });
});
