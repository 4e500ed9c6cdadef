/** A queue on a real server: each job has one outcome, whatever becomes of workers and server. */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { BatchJob, JobOutcome, RunJob } from "../../../src/batch/index.js";
import { describeWithRedis, type RedisServer, startRedis } from "./redis.js";
import {
  FAST,
  jobsOf,
  outcomeFor,
  SETTINGS,
  SentBatch,
  startWorker,
  until,
  untilAborted,
} from "./support.js";

const atOnce: RunJob = async (job) => outcomeFor(job);
const never: RunJob = (_job, _settings, { signal }) => untilAborted(signal);

describeWithRedis("jobs on a queue", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  beforeEach(async () => {
    await redis.client.flushall();
  });
  afterAll(() => redis.stop());

  it("have one outcome each, told after their start, and leave no key", async () => {
    const worker = startWorker(redis.url, async (job, _settings, { onProgress }) => {
      onProgress(job.index, 100);
      return outcomeFor(job);
    });
    const batch = new SentBatch();
    const jobs = jobsOf(50);
    await batch.send(redis.url, jobs);
    expect(batch.doubled).toEqual([]);
    expect(jobs.map((job) => batch.outcomes.get(job.index))).toEqual(
      jobs.map((j) => outcomeFor(j)),
    );
    for (const { file } of jobs) {
      const start = batch.events.indexOf(`start ${file}`);
      expect(start).toBeGreaterThanOrEqual(0);
      expect(start).toBeLessThan(batch.events.indexOf(`outcome ${file}`));
    }
    expect(batch.events).toContain("progress /images/7.save 7");
    expect(await redis.keys()).toEqual([]);
    await worker.stop();
    expect(await redis.keys()).toEqual([]);
  });
});
