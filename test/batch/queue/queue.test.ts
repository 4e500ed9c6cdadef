/** A queue on a real server: each job has one outcome, and nothing of a batch stays behind. */
import { resolve } from "node:path";
import { Queue } from "bullmq";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { BatchJob, RunJob } from "../../../src/batch/index.js";
import { SETTINGS } from "../support.js";
import { describeWithRedis, type RedisServer, startRedis } from "./redis.js";
import {
  FAST,
  jobsOf,
  outcomeFor,
  SentBatch,
  startWorker,
  until,
  untilAborted,
} from "./support.js";

const atOnce: RunJob = async (job) => outcomeFor(job);
const never: RunJob = (_job, _settings, { signal }) => untilAborted(signal);

let redis: RedisServer;
const workers: { stop(): Promise<void> }[] = [];

function work(runJob: RunJob, options: Parameters<typeof startWorker>[2] = {}) {
  const worker = startWorker(redis.url, runJob, options);
  workers.push(worker);
  return worker;
}

describeWithRedis("on a server", () => {
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    expect(await redis.keys()).toEqual([]);
  });
  afterAll(() => redis.stop());

  describe("a queue", () => {
    it("gives each job one outcome, told after its start, and leaves no key", async () => {
      work(atOnce, { jobs: 4 });
      const batch = new SentBatch();
      const jobs = jobsOf(50);
      await batch.send(redis.url, jobs);
      expect(batch.doubled).toEqual([]);
      expect(jobs.map((job) => batch.outcomes.get(job.index))).toEqual(
        jobs.map((job) => outcomeFor(job)),
      );
      for (const { file } of jobs) {
        const start = batch.events.indexOf(`start ${file}`);
        expect(start).toBeGreaterThanOrEqual(0);
        expect(start).toBeLessThan(batch.events.indexOf(`outcome ${file}`));
      }
      expect(await redis.keys()).toEqual([]);
    });

    it("tells that a job is given out before any worker can have it", async () => {
      const batch = new SentBatch();
      const told: string[][] = [];
      work(async (job) => {
        told.push(batch.events.filter((text) => text === `give ${job.file}`));
        return outcomeFor(job);
      });
      const jobs = jobsOf(3);
      await batch.send(redis.url, jobs);
      expect(told).toEqual(jobs.map(({ file }) => [`give ${file}`]));
    });

    it("gives jobs out in the order that they were sent in", async () => {
      const seen: number[] = [];
      work(async (job) => {
        seen.push(job.index);
        return outcomeFor(job);
      });
      await new SentBatch().send(redis.url, jobsOf(30).reverse());
      expect(seen).toEqual(Array.from({ length: 30 }, (_, index) => 29 - index));
    });

    it("tells of starts and progress while a job is at work", async () => {
      const batch = new SentBatch();
      work(async (job, _settings, { onProgress }) => {
        onProgress(17, 4096);
        onProgress(18, 4096); // at once: left out
        await until(() => batch.events.length === 3);
        return outcomeFor(job);
      });
      await batch.send(redis.url, jobsOf(1, "/a"));
      const told = ["give", "start", "progress", "outcome"].map((word) => `${word} /a0.save`);
      expect(batch.events).toEqual(told.with(2, `${told[2]} 17`));
    });

    it("sends where an image is from anywhere, and hands back the name that was given", async () => {
      const seen: BatchJob[] = [];
      const folders: (string | null)[] = [];
      work(async (job, { manifestDir }) => {
        seen.push(job);
        folders.push(manifestDir);
        return outcomeFor(job);
      });
      const files = ["a/b.save", "/c.save", "https://host/d.save"];
      const jobs = files.map((file, index) => ({ index, file, bytes: null }));
      const batch = new SentBatch();
      await batch.send(redis.url, jobs, FAST, { ...SETTINGS, manifestDir: "manifests" });
      expect(seen.map(({ at }) => at)).toEqual([resolve("a/b.save"), ...files.slice(1)]);
      expect(batch.outcomes.get(0)).toMatchObject({ file: "a/b.save" });
      expect(folders[0]).toBe(resolve("manifests"));
    });

    it("bounds a job's memory by the worker's own limit too", async () => {
      const limits: number[] = [];
      work(async (job, { maxMemoryBytes }) => {
        limits.push(maxMemoryBytes);
        return outcomeFor(job);
      });
      for (const maxMemoryBytes of [2 ** 20, 2 ** 40]) {
        const settings = { ...SETTINGS, maxMemoryBytes };
        await new SentBatch().send(redis.url, jobsOf(1), FAST, settings);
      }
      expect(limits).toEqual([2 ** 20, 2 ** 28]);
    });

    it("does batches that are sent at once without mixing them", async () => {
      const runJob: RunJob = async (job, { operation }) => outcomeFor(job, operation);
      work(runJob, { jobs: 2 });
      work(runJob, { jobs: 2 });
      const batches = (["verify", "restore"] as const).map((operation) => ({
        operation,
        batch: new SentBatch(),
      }));
      await Promise.all(
        batches.map(({ operation, batch }) =>
          batch.send(redis.url, jobsOf(60, `/${operation}/`), FAST, { ...SETTINGS, operation }),
        ),
      );
      for (const { operation, batch } of batches) {
        expect(batch.doubled).toEqual([]);
        expect(batch.outcomes.size).toBe(60);
        for (const [index, outcome] of batch.outcomes) {
          expect(outcome).toMatchObject({
            file: `/${operation}/${index}.save`,
            error: { message: operation },
          });
        }
      }
    });

    it("leaves nothing at work and no key when the sender is interrupted", async () => {
      let atWork = 0;
      const busy: RunJob = async (job, settings, hooks) => {
        atWork += 1;
        return never(job, settings, hooks).finally(() => {
          atWork -= 1;
        });
      };
      work(busy, { jobs: 2 });
      const batch = new SentBatch();
      const sent = batch.send(redis.url, jobsOf(20));
      await until(() => atWork === 2);
      batch.stop.abort();
      await sent;
      expect(atWork).toBe(0);
      expect(batch.outcomes.size).toBe(0);
      expect(await redis.keys()).toEqual([]);
    });

    it("says that no worker is there, and gives up after a while", async () => {
      const batch = new SentBatch();
      const sent = batch.send(redis.url, jobsOf(3), { ...FAST, idleNoticeMs: 1, idleMs: 4000 });
      await expect(sent).rejects.toMatchObject({ code: "queue-idle", exitCode: 2 });
      const start = `xenstream worker --queue ${redis.url}`;
      expect(batch.notices).toEqual([`no worker is there; start one: ${start}`]);
    });

    it("lets keys expire that nobody removes", async () => {
      const batch = new SentBatch();
      const sent = batch.send(redis.url, jobsOf(5));
      await until(async () => (await redis.keys()).length >= 10);
      await until(async () => {
        const lives = await Promise.all((await redis.keys()).map((key) => redis.client.pttl(key)));
        return lives.every((ms) => ms > 0);
      });
      batch.stop.abort();
      await sent;
    });

    it("has workers remove a batch whose sender died", async () => {
      const queue = new Queue("babandoned", { connection: redis.client, prefix: "xenstream" });
      await queue.addBulk(jobsOf(5).map((data) => ({ name: "image", data })));
      await queue.close();
      await redis.client.zadd("xenstream:batches", 1, "babandoned");
      const seen: string[] = [];
      work(async (job) => {
        seen.push(job.file);
        return outcomeFor(job);
      });
      await until(async () => (await redis.keys()).length === 0);
      expect(seen).toEqual([]);
    });

    it("goes on after its connections were cut", async () => {
      work(async (job) => {
        await new Promise((done) => setTimeout(done, 30));
        return outcomeFor(job);
      });
      const batch = new SentBatch();
      const sent = batch.send(redis.url, jobsOf(60));
      for (const some of [10, 30]) {
        await until(() => batch.outcomes.size >= some);
        await redis.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      }
      await sent;
      expect(batch.doubled).toEqual([]);
      expect(batch.outcomes.size).toBe(60);
      expect(batch.notices).toContain(`lost the connection to ${redis.url}; trying again`);
      expect(batch.notices).toContain(`connected to ${redis.url} again`);
    });
  });

  describe("a job", () => {
    /** How often each job was begun, and the outcome of the first. */
    async function attempts(runJob: RunJob) {
      const begun = new Map<number, number>();
      work((job, settings, hooks) => {
        begun.set(job.index, (begun.get(job.index) ?? 0) + 1);
        return runJob(job, settings, hooks);
      });
      const batch = new SentBatch();
      await batch.send(redis.url, jobsOf(2));
      expect(batch.doubled).toEqual([]);
      return { begun: [begun.get(0), begun.get(1)], outcome: batch.outcomes.get(0) };
    }

    it("is done once if the image is at fault", async () => {
      const { begun } = await attempts(atOnce);
      expect(begun).toEqual([1, 1]);
    });

    it("is done again after a crash", async () => {
      let crashes = 1;
      const { begun, outcome } = await attempts(async (job) => {
        if (job.index === 0 && crashes-- > 0) throw new Error("the thread went away");
        return outcomeFor(job);
      });
      expect(begun).toEqual([2, 1]);
      expect(outcome).toEqual(outcomeFor({ index: 0, file: "/images/0.save", bytes: 0 }));
    });

    it("is reported as a bug after the third crash", async () => {
      const { begun, outcome } = await attempts(async (job) => {
        if (job.index === 0) throw new Error("the thread went away");
        return outcomeFor(job);
      });
      expect(begun).toEqual([3, 1]);
      expect(outcome).toEqual({
        v: 1,
        type: "file",
        file: "/images/0.save",
        error: { code: "worker-crashed", message: "the thread went away", exitCode: 3 },
      });
    });

    it("that a stopped worker had goes to another one", async () => {
      const begun: string[] = [];
      const first = work(async (job, settings, hooks) => {
        begun.push(job.file);
        return never(job, settings, hooks);
      });
      const batch = new SentBatch();
      const sent = batch.send(redis.url, jobsOf(3));
      await until(() => begun.length === 1);
      await first.stop();
      work(atOnce);
      await sent;
      expect(batch.doubled).toEqual([]);
      expect(batch.outcomes.size).toBe(3);
    });

    it("of another version is refused, and the sender hears why", async () => {
      const batch = new SentBatch();
      const sent = batch.send(redis.url, jobsOf(2));
      await until(async () => (await redis.keys()).some((key) => key.endsWith("job-1")));
      const key = (await redis.keys()).find((name) => name.endsWith(":head")) ?? "";
      const good = (await redis.client.get(key)) ?? "";
      const strange = JSON.stringify({ ...JSON.parse(good), v: 2, tool: "9.9.9" });
      await redis.client.set(key, strange, "KEEPTTL");
      const seen: string[] = [];
      const worker = work(async (job) => {
        seen.push(job.file);
        return outcomeFor(job);
      });
      await until(() => batch.notices.length > 0);
      const why =
        "it was sent by xenstream 9.9.9, payload 2; this is xenstream 0.0.0, payload 1: " +
        "use one version on all hosts";
      expect(worker.notices[0]).toMatch(/^takes no jobs of batch b/);
      expect(worker.notices[0]).toContain(why);
      expect(batch.notices[0]).toContain(why);
      expect(seen).toEqual([]);
      await redis.client.set(key, good, "KEEPTTL");
      work(atOnce); // one that understands it
      await sent;
      expect(batch.outcomes.size).toBe(2);
    });
  });
});
