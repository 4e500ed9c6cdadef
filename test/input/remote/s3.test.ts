/**
 * Images at s3 URLs: the real SDK against a server of GetObject and HeadObject, with the subset of
 * S3 that is used: ranges, If-Match, versions, its errors as XML, signatures that are there.
 */
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { objectIdentity } from "../../../src/input/index.js";
import { knownBytes, scratch } from "../support.js";
import { type Misbehave, ObjectServer, type ServeOptions } from "./server.js";
import { failureOf, IMPATIENT, opened as openedBy, readAll, readBytes } from "./support.js";

const BYTES = knownBytes(3_000_001);
const CODES: Readonly<Record<number, string>> = {
  403: "AccessDenied",
  404: "NoSuchKey",
  412: "PreconditionFailed",
  416: "InvalidRange",
  500: "InternalError",
  503: "SlowDown",
};
const errorBody = (status: number) =>
  `<?xml version="1.0"?><Error><Code>${CODES[status]}</Code><Message>It is so.</Message></Error>`;

/** The SDK takes its time to load. */
const opened = (url: string) => openedBy(url, { ...IMPATIENT, remoteTimeoutMs: 10_000 });

const servers: ObjectServer[] = [];
const disk = scratch();

/** A bucket of one object, `s3://bucket/a/vm.save`, at the endpoint that the environment names. */
async function serve(options: ServeOptions = {}, bytes = BYTES): Promise<ObjectServer> {
  const misbehave: Misbehave = (asked, response) => {
    const { authorization = "" } = asked.message.headers;
    const path = asked.message.url?.split("?")[0];
    const refusal = /^AWS4-HMAC-SHA256 Credential=test-id\//.test(authorization) ? 404 : 403;
    if (refusal === 403 || path !== "/bucket/a/vm.save") {
      response.writeHead(refusal).end(errorBody(refusal));
      return "answered";
    }
    return options.misbehave?.(asked, response);
  };
  const server = await new ObjectServer(bytes, { ...options, misbehave, errorBody }).start();
  servers.push(server);
  vi.stubEnv("AWS_ENDPOINT_URL", server.url(""));
  return server;
}

const URL = "s3://bucket/a/vm.save";
const status =
  (code: number, indices: readonly number[]): Misbehave =>
  ({ index }, response) => {
    if (!indices.includes(index)) return undefined;
    response.writeHead(code).end(errorBody(code));
    return "answered";
  };

beforeEach(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "test-id");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test-secret");
  vi.stubEnv("AWS_REGION", "eu-test-1");
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  for (const name of ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]) {
    vi.stubEnv(name, disk.path("none"));
  }
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(() => disk.remove());

describe("an s3 URL", () => {
  it("tells which object it gave, and by one byte which it gives now", async () => {
    const server = await serve();
    await using input = await opened(URL);
    server.reset();
    expect(await objectIdentity(URL)).toBe(input.identity);
    expect(server.asked.map(({ range }) => range)).toEqual([{ first: 0, last: 0 }]);
    server.bytes = Buffer.from("another");
    expect(await objectIdentity(URL)).not.toBe(input.identity);
  });

  it("is a seekable source of the object's bytes, each asked for once", async () => {
    const server = await serve();
    await using input = await opened(URL);
    expect([input.source.seekable, input.source.size]).toEqual([true, BYTES.length]);
    expect(Buffer.compare(await readAll(input.source, 4096), BYTES)).toBe(0);
    expect(server.bytesGiven).toBe(BYTES.length);
    expect(server.connections).toBeLessThan(5);
  });

  it("is asked with the ETag of its first answer ever after", async () => {
    const server = await serve();
    await using input = await opened(URL);
    await readBytes(input.source, 2_000_000, 10);
    const conditions = server.asked.map(({ message }) => message.headers["if-match"]);
    expect(conditions).toEqual([undefined, server.etag]);
  });

  it("names a version and a region if it wants to", async () => {
    const server = await serve();
    await using input = await opened(`${URL}?versionId=v7&region=us-other-2`);
    expect(input.file).toBe(`${URL}?versionId=v7&region=us-other-2`);
    const message = server.asked[0]?.message;
    expect(message?.url).toContain("versionId=v7");
    expect(message?.headers.authorization).toContain("/us-other-2/s3/aws4_request");
  });

  it("takes AWS_DEFAULT_REGION where AWS_REGION is not set", async () => {
    const server = await serve();
    vi.stubEnv("AWS_REGION", undefined);
    vi.stubEnv("AWS_DEFAULT_REGION", "eu-default-1");
    await using input = await opened(URL);
    expect(input.source.size).toBe(BYTES.length);
    expect(server.asked[0]?.message.headers.authorization).toContain("/eu-default-1/s3/");
  });

  it("puts the bucket into the host name if it is told so", async () => {
    const server = await serve();
    vi.stubEnv("AWS_ENDPOINT_URL", server.url("").replace("127.0.0.1", "localhost"));
    vi.stubEnv("XENSTREAM_S3_PATH_STYLE", "false");
    // No name server knows the host, or it leads to a server that has no such path.
    expect((await failureOf(opened(URL))).code).toMatch(/^(open-failed|remote-failed|not-found)$/);
    await using input = await opened(`${URL}?pathStyle=true`);
    expect(input.source.size).toBe(BYTES.length);
  });

  it("may be empty", async () => {
    const server = await serve({}, new Uint8Array(0));
    await using input = await opened(URL);
    expect([input.source.size, (await readAll(input.source)).length]).toEqual([0, 0]);
    expect(server.asked.map(({ message }) => message.method)).toEqual(["GET", "HEAD"]);
  });

  it("is decompressed on the way", async () => {
    await serve({}, gzipSync(BYTES, { level: 1 }));
    await using input = await opened(URL);
    expect(input.compression).toBe("gzip");
    expect(Buffer.compare(await readAll(input.source), BYTES)).toBe(0);
  });

  it("is read as a pipe where the server gives no ranges", async () => {
    await serve({ ranges: false });
    await using input = await opened(URL);
    expect([input.source.seekable, input.notes.length]).toEqual([false, 1]);
    expect(Buffer.compare(await readAll(input.source), BYTES)).toBe(0);
  });
});

describe("a failure of S3", () => {
  it.each([500, 503])("is gone over if it passes: %i", async (code) => {
    const server = await serve({ misbehave: status(code, [0, 2]) });
    await using input = await opened(URL);
    expect(Buffer.compare(await readAll(input.source), BYTES)).toBe(0);
    expect(server.asked.length).toBeGreaterThan(4);
  });

  it("is gone over: a body that breaks off", async () => {
    const misbehave: Misbehave = ({ index, range }, response) => {
      if (index !== 1 || range === null) return undefined;
      const [server] = servers as [ObjectServer];
      const last = Math.min(range.last, BYTES.length - 1);
      response.writeHead(206, {
        etag: server.etag ?? "",
        "content-range": `bytes ${range.first}-${last}/${BYTES.length}`,
        "content-length": last - range.first + 1,
      });
      response.write(BYTES.subarray(range.first, range.first + 5000), () => response.destroy());
      return "answered";
    };
    const server = await serve({ misbehave });
    await using input = await opened(URL);
    expect(await readBytes(input.source, 2_000_000, 9000)).toEqual(
      BYTES.subarray(2_000_000, 2_009_000),
    );
    expect(server.asked[2]?.range?.first).toBe(2_005_000);
  });

  it("is the end if it does not pass", async () => {
    await serve({ misbehave: status(503, [0, 1, 2, 3]) });
    const error = await failureOf(opened(URL));
    expect(error).toMatchObject({ code: "remote-failed" });
    expect(error.message).toContain("HTTP 503 SlowDown: It is so.; tried 3 times");
  });

  it.each([
    ["s3://bucket/a/other", "not-found", "no such object (HTTP 404 NoSuchKey: It is so.)"],
    ["s3://nobody/a/vm.save", "not-found", "no such object"],
  ])("is told at once: %s", async (url, code, message) => {
    const server = await serve();
    const error = await failureOf(opened(url));
    expect(error).toMatchObject({ name: "InputError", code });
    expect(error.message).toContain(message);
    expect(server.asked.length).toBe(1);
  });

  it("is told at once: credentials that are refused", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "nobody");
    await serve();
    const error = await failureOf(opened(URL));
    expect(error).toMatchObject({ code: "permission-denied" });
    expect(error.message).toContain("AccessDenied");
  });

  it("says what to set where there are no credentials, or no region", async () => {
    await serve();
    vi.stubEnv("AWS_REGION", undefined);
    expect((await failureOf(opened(URL))).message).toContain("no region: set AWS_REGION");
    vi.stubEnv("AWS_REGION", "eu-test-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    const error = await failureOf(opened(URL));
    expect(error).toMatchObject({ code: "permission-denied" });
    expect(error.message).toContain("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  });

  it("is an error where the object was replaced midway", async () => {
    const server = await serve();
    await using input = await opened(URL);
    server.bytes = BYTES.subarray(0, 2_500_000);
    const error = await failureOf(readBytes(input.source, 2_000_000, 10));
    expect(error).toMatchObject({ code: "remote-changed" });
    expect(error.message).toContain("HTTP 412 PreconditionFailed");
  });
});
