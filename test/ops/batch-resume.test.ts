/** What a journal takes over of images at URLs: those whose server tells that they are the same. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { BatchJob, JobOutcome, JobRunner } from "../../src/batch/index.js";
import { JobWorker, Platform, runBatch, wasmBytes } from "../../src/ops/index.js";
import { folderOf, jobsOf, SETTINGS, timeless } from "../batch/support.js";
import { smallImage } from "../cli/image.js";
import { type Misbehave, ObjectServer, type ServeOptions } from "../input/remote/server.js";

const GOOD = smallImage();
const BAD = smallImage({ entries: { 3: 0x7000_0000_0000_0003n } });
const LONG_AGO = "Mon, 05 Feb 2024 10:00:00 GMT";

const folder = folderOf("resume");
const servers: ObjectServer[] = [];
const worker = new JobWorker(() => new Platform({ wasmBytes }));
let journals = 0;

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(() => folder.remove());

async function serve(options: ServeOptions = {}): Promise<ObjectServer> {
  const server = await new ObjectServer(GOOD, options).start();
  servers.push(server);
  return server;
}

function newJournal(): string {
  journals += 1;
  return folder.path(`journal-${journals}`);
}

/** One image after the other, in this thread. */
const runner: JobRunner = {
  async run(jobs, settings, events) {
    for (const job of jobs) {
      events.onGiveOut?.(job);
      events.onStart?.(job);
      events.onOutcome(job, await worker.run(job, settings));
    }
  },
  async close() {},
};

/** Outcomes of a run by their jobs, and which of them were taken over. */
async function batch(urls: readonly string[], journalPath: string) {
  const outcomes: JobOutcome[] = [];
  const earlier: number[] = [];
  const { signal } = new AbortController();
  const options = { settings: SETTINGS, journalPath, failFast: false, outputPaths: [], signal };
  const onOutcome = (job: BatchJob, outcome: JobOutcome, wasEarlier: boolean) => {
    outcomes[job.index] = outcome;
    if (wasEarlier) earlier.push(job.index);
  };
  await runBatch(runner, jobsOf(urls), options, { onOutcome });
  return { outcomes: outcomes.map(timeless), earlier };
}

const verdicts = (outcomes: readonly object[]) =>
  outcomes.map((outcome) => ("verdict" in outcome ? outcome.verdict : "none"));

describe("an image at a URL in a journal", () => {
  it.each([
    ["a strong ETag", {}],
    ["a strong ETag, and no ranges", { ranges: false }],
    ["a date that is old enough", { etag: null, lastModified: LONG_AGO }],
    ["a weak ETag and a date", { etag: 'W/"1"', lastModified: LONG_AGO }],
  ] as const)("is taken over by %s, with one small request", async (_, options) => {
    const server = await serve(options);
    const journal = newJournal();
    const first = await batch([server.url()], journal);
    expect(first.earlier).toEqual([]);
    server.reset();
    const second = await batch([server.url()], journal);
    expect(second).toEqual({ outcomes: first.outcomes, earlier: [0] });
    expect(server.asked.map(({ range }) => range)).toEqual([{ first: 0, last: 0 }]);
  });

  it.each([
    ["its ETag", {}, BAD],
    [
      "its size, where it has a date",
      { etag: null, lastModified: LONG_AGO },
      Buffer.concat([BAD, Buffer.alloc(1)]),
    ],
  ] as const)(
    "is done again when it is another by %s, and kept then",
    async (_, options, other) => {
      const server = await serve(options);
      const journal = newJournal();
      await batch([server.url()], journal);
      server.bytes = other;
      const second = await batch([server.url()], journal);
      expect(verdicts(second.outcomes)).toEqual(["reject"]);
      expect(second.earlier).toEqual([]);
      expect((await batch([server.url()], journal)).earlier).toEqual([0]);
      server.bytes = GOOD;
      expect(verdicts((await batch([server.url()], journal)).outcomes)).toEqual(["accept"]);
    },
  );

  it.each([
    ["nothing", { etag: null }],
    ["a weak ETag alone", { etag: 'W/"1"' }],
    ["a date of just now", { etag: null, lastModified: new Date(Date.now() + 1e7).toUTCString() }],
  ] as const)("is done again where the server tells %s", async (_, options) => {
    const server = await serve(options);
    const journal = newJournal();
    const first = await batch([server.url()], journal);
    expect(await batch([server.url()], journal)).toEqual(first);
    expect(readFileSync(journal, "utf8").trimEnd().split("\n")).toHaveLength(1);
  });

  it("is done again when its server does not answer, whose job says why", async () => {
    let gone = false;
    const misbehave: Misbehave = (_, response) => {
      if (!gone) return undefined;
      response.writeHead(404).end();
      return "answered";
    };
    const server = await serve({ misbehave });
    const journal = newJournal();
    await batch([server.url()], journal);
    gone = true;
    const { outcomes, earlier } = await batch([server.url()], journal);
    expect(earlier).toEqual([]);
    expect(outcomes).toMatchObject([{ error: { code: "not-found" } }]);
  });

  it("is told from others by what its query hides, of which the journal shows nothing", async () => {
    const server = await serve();
    const journal = newJournal();
    const urls = ["first", "second"].map((secret) =>
      server.url(`/vm.save?id=${secret}`).replace("//", `//ann:${secret}@`),
    );
    const first = await batch(urls, journal);
    expect(await batch(urls, journal)).toEqual({ outcomes: first.outcomes, earlier: [0, 1] });
    const other = server.url("/vm.save?id=third");
    expect((await batch([other, urls[1] ?? ""], journal)).earlier).toEqual([1]);
    expect(readFileSync(journal, "utf8")).not.toMatch(/ann|first|second/);
  });
});
