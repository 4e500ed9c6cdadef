/** Servers that cannot be used, or go away: a typed error that says what to do, no credentials. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openQueueRunner, type RunJob } from "../../../src/batch/index.js";
import { InputError } from "../../../src/findings/index.js";
import { describeWithRedis, freePort, type RedisServer, startRedis } from "./redis.js";
import { FAST, jobsOf, outcomeFor, packages, SentBatch, startWorker, until } from "./support.js";

const slowly: RunJob = async (job) => {
  await new Promise((done) => setTimeout(done, 20));
  return outcomeFor(job);
};

/** What a promise is rejected with; it must be an InputError. */
async function errorOf(work: Promise<unknown>): Promise<InputError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof InputError)) throw new Error(`no InputError but ${error}`);
  return error;
}

describe("where no server is", () => {
  it("says so at once, to sender and worker", async () => {
    const url = `redis://somebody:hush-hush@127.0.0.1:${await freePort()}`;
    const shown = url.replace("somebody:hush-hush", "***");
    const sender = errorOf(new SentBatch().send(url, jobsOf(1)));
    const worker = errorOf(startWorker(url, slowly).ended);
    for (const error of [await sender, await worker]) {
      expect(error).toMatchObject({ code: "queue-unreachable", exitCode: 2, source: shown });
      expect(error.message).toContain(`cannot use the queue at ${shown}: connect ECONNREFUSED`);
      expect(error.message).toContain("Is a Redis server running there");
      expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain("hush");
    }
  });
});

describe("packages of another version", () => {
  it("are named before anything is tried", async () => {
    const url = "redis://127.0.0.1:1";
    const old = { ...packages, bullmq: { Queue: class {} } };
    const options = { packages: old, url, tool: "0.0.0", onNotice: () => undefined };
    const error = await errorOf(openQueueRunner(options));
    expect(error).toMatchObject({ code: "package-broken", source: "bullmq" });
    expect(error.message).toContain("npm install bullmq@6 ioredis@5");
  });
});

describeWithRedis("a server with a password", () => {
  let redis: RedisServer;
  const password = "p@ss/word:1";
  beforeAll(async () => {
    redis = await startRedis({ args: ["--requirepass", password], client: { password } });
  });
  afterAll(() => redis.stop());

  const urlWith = (secret: string) =>
    redis.url.replace("//", `//default:${encodeURIComponent(secret)}@`);

  it("takes the one in the URL", async () => {
    const worker = startWorker(urlWith(password), slowly);
    const batch = new SentBatch();
    await batch.send(urlWith(password), jobsOf(2));
    expect(batch.outcomes.size).toBe(2);
    await worker.stop();
  });

  it("refuses another one, and none, which are not repeated", async () => {
    const wrong = await errorOf(new SentBatch().send(urlWith("hush/hush"), jobsOf(1)));
    expect(wrong.message).toMatch(/WRONGPASS.*REDISCLI_AUTH/);
    const none = await errorOf(new SentBatch().send(redis.url, jobsOf(1)));
    expect(none.message).toMatch(/NOAUTH.*[^.]\. Give.*REDISCLI_AUTH/);
    for (const { message, stack, cause } of [wrong, none]) {
      expect(`${message} ${stack} ${(cause as Error).stack}`).not.toMatch(/hush|p@ss/);
    }
  });
});

describeWithRedis("a server that dies midway", () => {
  it("is waited for, and then given up by sender and worker", async () => {
    const redis = await startRedis();
    const worker = startWorker(redis.url, slowly);
    const batch = new SentBatch();
    const sent = errorOf(batch.send(redis.url, jobsOf(200)));
    await until(() => batch.outcomes.size > 5);
    await redis.kill();
    const error = await sent;
    expect(error).toMatchObject({ code: "queue-lost", exitCode: 2, source: redis.url });
    expect(error.message).toMatch(
      /^the queue at redis:\S+ went away \(.*ECONNREFUSED.*\) and was not back in 2 s\. Start the/,
    );
    expect(await errorOf(worker.ended)).toMatchObject({ code: "queue-lost" });
    expect(batch.doubled).toEqual([]);
    expect(batch.outcomes.size).toBeLessThan(200);
    expect(batch.notices[0]).toBe(`lost the connection to ${redis.url}; trying again`);
  });

  it("or falls silent with its connections open is one and the same", async () => {
    const redis = await startRedis();
    const timing = { ...FAST, silenceMs: 1000 };
    const worker = startWorker(redis.url, slowly, { timing });
    const batch = new SentBatch();
    const sent = errorOf(batch.send(redis.url, jobsOf(200), timing));
    await until(() => batch.outcomes.size > 5);
    redis.freeze();
    const error = await sent;
    expect(error).toMatchObject({ code: "queue-lost" });
    expect(error.message).toContain("went away (no answer in 1 s) and was not back in 2 s");
    expect(await errorOf(worker.ended)).toMatchObject({ code: "queue-lost" });
    await redis.kill();
  });

  it("and comes back empty is told from one that is away", async () => {
    const redis = await startRedis();
    const worker = startWorker(redis.url, slowly, { timing: { ...FAST, reconnectMs: 10_000 } });
    const batch = new SentBatch();
    const timing = { ...FAST, reconnectMs: 10_000 };
    const sent = errorOf(batch.send(redis.url, jobsOf(200), timing));
    await until(() => batch.outcomes.size > 5);
    await redis.kill();
    const again = await startRedis({ port: redis.port });
    const error = await sent;
    expect(error).toMatchObject({ code: "queue-lost" });
    expect(error.message).toContain("has no trace of the batch any more");
    await worker.stop();
    expect(await again.keys()).toEqual([]);
    await again.stop();
  });
});
