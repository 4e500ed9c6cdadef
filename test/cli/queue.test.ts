/**
 * `batch --queue` and `worker` as users run them, on a real server: killed, frozen and stopped
 * workers, TLS, missing packages. XENSTREAM_QUEUE_JOBS=1000 is the long form.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { BatchJob, JobSettings } from "../../src/batch/index.js";
import {
  describeWithRedis,
  ended,
  freePort,
  type RedisServer,
  startRedis,
} from "../batch/queue/redis.js";
import { SentBatch, until } from "../batch/queue/support.js";
import { SETTINGS, timeless } from "../batch/support.js";
import { imageFolder } from "./batch-images.js";
import { writeSparseImage } from "./image.js";
import { COMMAND, PARTS, plainEnvironment, ROOT, xenstream } from "./run.js";

const JOBS = Number(process.env.XENSTREAM_QUEUE_JOBS ?? 200);
/** Time for these tests, in the long form and on a busy machine. */
const LONG_MS = 600_000;
/** So that a killed worker's jobs are given out again soon. */
const TIMING = { lockMs: 1500 };

const folder = imageFolder();
const workers: ChildProcess[] = [];
let redis: RedisServer;

/** A worker process, and what it said. */
function startWorker(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const argv = [COMMAND, "worker", "--queue", redis.url, ...args];
  const child = spawn(process.execPath, argv, {
    cwd: folder.root,
    env: plainEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  workers.push(child);
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    said.stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    said.stderr += chunk;
  });
  return { child, said };
}

/** As `batch restore --digest sha256` has it; memory is bounded by the worker. */
const RESTORE: JobSettings = {
  ...SETTINGS,
  operation: "restore",
  digest: "sha256",
  maxMemoryBytes: 2 ** 40,
};

/** Mixed images, and in their midst one that takes a while. */
function imagesFor(count: number): { readonly jobs: BatchJob[]; readonly long: string } {
  const long = folder.path("copies/long.xcs");
  mkdirSync(folder.path("copies"), { recursive: true });
  const jobs = Array.from({ length: count }, (_, index) => {
    const from = folder.paths[index % folder.paths.length] ?? "";
    const file = folder.path("copies", `${index}-${basename(from)}`);
    copyFileSync(from, file);
    return { index, file, bytes: null };
  });
  const middle = Math.floor(count / 4);
  rmSync(jobs[middle]?.file ?? "");
  writeSparseImage(long, 256);
  jobs[middle] = { index: middle, file: long, bytes: null };
  return { jobs, long };
}

/** Jobs that workers hold, over all batches. */
async function jobsHeld(): Promise<number> {
  const lists = (await redis.keys()).filter((key) => key.endsWith(":active"));
  const lengths = await Promise.all(lists.map((key) => redis.client.llen(key)));
  return lengths.reduce((sum, length) => sum + length, 0);
}

interface Line {
  readonly type: string;
  readonly file: string;
}

/** What the embedded pool says of each image, by name. */
function embedded(...args: readonly string[]): Map<string, object> {
  return new Map(fileLines(xenstream(["batch", ...args, "--json"]).stdout));
}

function fileLines(stdout: string): [string, object][] {
  const lines = stdout.trimEnd().split("\n");
  return lines
    .map((line) => JSON.parse(line) as Line)
    .filter(({ type }) => type === "file")
    .map((line) => [line.file, timeless(line)]);
}

function resultsOf(batch: SentBatch): Map<string, object> {
  return new Map([...batch.outcomes.values()].map((outcome) => [outcome.file, timeless(outcome)]));
}

afterAll(() => folder.remove());

describeWithRedis("workers on a queue", () => {
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((child) => ended(child, "SIGKILL")));
    await redis.client.flushall();
  });
  afterAll(() => redis.stop());

  it(
    `do ${JOBS} jobs once each, though one is killed in the middle`,
    async () => {
      const { jobs, long } = imagesFor(JOBS);
      const expected = embedded("restore", "--digest", "sha256", folder.path("copies"));
      const batch = new SentBatch();
      const first = startWorker(["--jobs", "2"]);
      const sent = batch.send(redis.url, jobs, TIMING, RESTORE);
      await until(() => batch.events.includes(`start ${long}`));
      const second = startWorker(["--jobs", "2"]);
      await ended(first.child, "SIGKILL");
      expect(batch.outcomes.size).toBeLessThan(JOBS);
      expect(await jobsHeld()).toBeGreaterThan(0);
      await sent;
      expect(batch.doubled).toEqual([]);
      expect(batch.outcomes.size).toBe(JOBS);
      for (const [file, result] of resultsOf(batch)) expect(result).toEqual(expected.get(file));
      expect(expected.size).toBe(JOBS);
      second.child.kill("SIGTERM");
      const [code] = await once(second.child, "exit");
      expect(code).toBe(143);
      expect(await redis.keys()).toEqual([]);
    },
    LONG_MS,
  );

  it(
    "that come back after their jobs were done by others change nothing",
    async () => {
      const { jobs, long } = imagesFor(40);
      const batch = new SentBatch();
      const first = startWorker(["--jobs", "2"]);
      const sent = batch.send(redis.url, jobs, TIMING, RESTORE);
      await until(() => batch.events.includes(`start ${long}`));
      first.child.kill("SIGSTOP");
      const second = startWorker(["--jobs", "1"]);
      await sent;
      expect([batch.outcomes.size, batch.doubled]).toEqual([40, []]);
      await ended(second.child, "SIGTERM");
      first.child.kill("SIGCONT");
      const again = new SentBatch();
      await again.send(redis.url, jobs, TIMING, RESTORE);
      expect([again.outcomes.size, again.doubled]).toEqual([40, []]);
      expect(resultsOf(again)).toEqual(resultsOf(batch));
      await ended(first.child, "SIGTERM");
      expect(first.said.stderr).not.toContain("bug");
      expect(await redis.keys()).toEqual([]);
    },
    LONG_MS,
  );

  it("give batch the lines and the exit code that its own threads give it", () => {
    startWorker(["--jobs", "2"]);
    const images = folder.path("images");
    const run = xenstream(["batch", "verify", "--json", "--queue", redis.url, images]);
    expect(run.stderr).toBe("");
    expect(run.code).toBe(1);
    expect(new Map(fileLines(run.stdout))).toEqual(embedded("verify", images));
  });

  it("say what a path that is not there on their host comes to", async () => {
    startWorker();
    const run = xenstream(["batch", "verify", "--queue", redis.url, "nowhere/vm.save"]);
    expect(run.code).toBe(2);
    expect(run.stdout).toContain("FAILED  nowhere/vm.save\n");
    expect(run.stdout).toContain("nowhere/vm.save: no such file (ENOENT)");
    expect(await redis.keys()).toEqual([]);
  });

  it("give their job back when they are stopped; an interrupted batch leaves nothing", async () => {
    const image = folder.path("large.save");
    writeSparseImage(image, 512);
    const args = ["batch", "restore", "--digest", "sha256", "--queue", redis.url, image];
    const sender = spawn(process.execPath, [COMMAND, ...args], {
      env: plainEnvironment(),
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    sender.stderr.on("data", (chunk) => {
      said += chunk;
    });
    const first = startWorker();
    await until(async () => (await jobsHeld()) === 1);
    first.child.kill("SIGTERM");
    const [code] = await once(first.child, "exit");
    expect(code).toBe(143);
    expect(first.said.stdout).toBe("0 images done: 0 accepted, 0 rejected, 0 failed\n");
    const waiting = (await redis.keys()).find((key) => key.endsWith(":wait"));
    expect(await redis.client.lrange(waiting ?? "", 0, -1)).toEqual(["job-0"]);
    const second = startWorker();
    await until(async () => (await jobsHeld()) === 1);
    sender.kill("SIGINT");
    const [senderCode] = await once(sender, "exit");
    expect(senderCode).toBe(130);
    expect(said).toContain("stopped, 0 of 1 images done");
    expect(await redis.keys()).toEqual([]);
    second.child.kill("SIGINT");
    const [secondCode] = await once(second.child, "exit");
    expect(secondCode).toBe(130);
  });

  it("end by themselves once there is nothing to do", async () => {
    const { child, said } = startWorker(["--idle-exit", "1", "--json"]);
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
    const counts = { images: 0, accepted: 0, rejected: 0, failed: 0 };
    expect(JSON.parse(said.stdout)).toMatchObject({ v: 1, command: "worker", ...counts });
  });
});

describeWithRedis("a queue over TLS, with a password", () => {
  const password = "hush/hush";
  const certificate = folder.path("server.crt");
  const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

  it.skipIf(!hasOpenssl)("is used if its certificate is known, and said why if not", async () => {
    const key = folder.path("server.key");
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    spawnSync("openssl", ["req", ...kind, ...subject, "-keyout", key, "-out", certificate]);
    const port = await freePort();
    const tls = ["--tls-port", String(port), "--tls-cert-file", certificate];
    const files = ["--tls-key-file", key, "--tls-auth-clients", "no", "--requirepass", password];
    const ca = readFileSync(certificate, "utf8");
    const server = await startRedis({
      port,
      args: [...tls, ...files],
      scheme: "rediss://",
      client: { password, tls: { ca } },
    });
    const worker = ["worker", "--queue", server.url, "--idle-exit", "1"];
    const secret = { REDISCLI_AUTH: password };
    const known = xenstream(worker, { env: { ...secret, NODE_EXTRA_CA_CERTS: certificate } });
    expect([known.code, known.stderr]).toEqual([0, ""]);
    const unknown = xenstream(worker, { env: secret });
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/self.signed certificate.*NODE_EXTRA_CA_CERTS/);
    const wrong = server.url.replace("//", "//user:quiet@");
    const refused = xenstream(["batch", "verify", "--queue", wrong, certificate], {
      env: { NODE_EXTRA_CA_CERTS: certificate },
    });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("cannot use the queue at rediss://***@127.0.0.1");
    expect(refused.stderr).toContain("WRONGPASS");
    expect(refused.stderr + unknown.stderr + known.stdout).not.toMatch(/quiet|hush/);
    await server.stop();
  });
});

describe("--queue", () => {
  it("without its packages says how to install them", () => {
    const alone = folder.path("alone");
    mkdirSync(alone);
    copyFileSync(COMMAND, `${alone}/xenstream.cjs`);
    copyFileSync(PARTS, `${alone}/xenstream.parts.cjs`);
    const run = (cwd: string) =>
      spawnSync(
        process.execPath,
        [`${alone}/xenstream.cjs`, "worker", "--queue", "redis://127.0.0.1:1"],
        { cwd, encoding: "utf8", env: plainEnvironment() },
      );
    const missing = run(alone);
    expect(missing.status).toBe(2);
    expect(missing.stderr).toBe(
      "xenstream: --queue needs the packages bullmq and ioredis, which are not installed. " +
        "Install: npm install bullmq ioredis (with -g if xenstream was installed so)\n",
    );
    const found = run(ROOT);
    expect(found.status).toBe(2);
    expect(found.stderr).toContain("cannot use the queue at redis://127.0.0.1:1: connect ECONN");
  });

  it("takes the URL of a Redis server alone, and repeats no other", () => {
    for (const args of [["worker"], ["batch", "verify", folder.images]]) {
      const run = xenstream([...args, "--queue", "http://me:hush@host"]);
      expect(run.code).toBe(2);
      expect(run.stderr).toContain("--queue is not the URL of a Redis server (--queue: redis://");
      expect(run.stderr).not.toContain("hush");
    }
  });

  it("leaves how many images at a time to the workers", () => {
    const queue = ["--queue", "redis://127.0.0.1:1", "--jobs", "2"];
    const run = xenstream(["batch", "verify", folder.images, ...queue]);
    expect(run.code).toBe(2);
    expect(run.stderr).toBe(
      "xenstream: --jobs means nothing with --queue (--jobs: with worker --queue)\n",
    );
  });
});
