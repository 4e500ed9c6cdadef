/** Images at http URLs, from a real server that misbehaves: whole bytes of one object, or an error. */
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { knownBytes } from "../support.js";
import { contentRange, type Misbehave, ObjectServer, type ServeOptions } from "./server.js";
import { failureOf, IMPATIENT, opened, readAll, readBytes } from "./support.js";

const BYTES = knownBytes(3_000_001);
const servers: ObjectServer[] = [];

async function serve(options: ServeOptions = {}, bytes = BYTES): Promise<ObjectServer> {
  const server = await new ObjectServer(bytes, options).start();
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** Misbehaves on the requests of these indices alone. */
const on =
  (indices: readonly number[], misbehave: Misbehave): Misbehave =>
  (asked, response) =>
    indices.includes(asked.index) ? misbehave(asked, response) : undefined;

const status =
  (code: number, headers: Record<string, string> = {}): Misbehave =>
  (_, response) => {
    response.writeHead(code, headers).end("no");
    return "answered";
  };

describe("an http URL", () => {
  it("is a seekable source of the object's bytes", async () => {
    const server = await serve();
    await using input = await opened(server.url());
    expect([input.source.seekable, input.source.size]).toEqual([true, BYTES.length]);
    expect(await readBytes(input.source, 2_000_000, 70_000)).toEqual(
      BYTES.subarray(2_000_000, 2_070_000),
    );
    expect(await readBytes(input.source, 5, 10)).toEqual(BYTES.subarray(5, 15));
    expect(await readBytes(input.source, BYTES.length - 3, 10)).toEqual(BYTES.subarray(-3));
    expect(await readBytes(input.source, BYTES.length, 10)).toEqual(new Uint8Array(0));
    expect(Buffer.compare(await readAll(input.source), BYTES)).toBe(0);
  });

  it("is asked for each byte once when it is read from start to end", async () => {
    const server = await serve();
    await using input = await opened(server.url());
    expect(Buffer.compare(await readAll(input.source, 4096), BYTES)).toBe(0);
    expect(server.bytesGiven).toBe(BYTES.length);
    expect(server.asked.length).toBeLessThan(12);
    expect(server.connections).toBeLessThan(5);
  });

  it("is asked with the ETag of its first answer ever after", async () => {
    const server = await serve();
    await using input = await opened(server.url());
    await readAll(input.source);
    const [first, ...others] = server.asked.map(({ message }) => message.headers["if-match"]);
    expect(first).toBeUndefined();
    expect(new Set(others).size).toBe(1);
    expect(others[0]).toMatch(/^"[0-9a-f]{40}"$/);
  });

  it("may be empty", async () => {
    const server = await serve({}, new Uint8Array(0));
    await using input = await opened(server.url());
    expect([input.source.size, (await readAll(input.source)).length]).toEqual([0, 0]);
  });

  it("is read as a pipe where the server gives no ranges, and a note says so", async () => {
    const server = await serve({ ranges: false });
    await using input = await opened(server.url());
    expect(input.source.seekable).toBe(false);
    expect(input.notes).toEqual([
      `${server.url()}: the server gives no ranges: it is read as a pipe is, to its end`,
    ]);
    expect(Buffer.compare(await readAll(input.source), BYTES)).toBe(0);
    expect(server.asked.length).toBe(1);
  });

  it("is decompressed on the way", async () => {
    const packed = gzipSync(BYTES, { level: 1 });
    for (const ranges of [true, false]) {
      const server = await serve({ ranges }, packed);
      await using input = await opened(server.url());
      expect([input.compression, input.source.seekable]).toEqual(["gzip", false]);
      expect(Buffer.compare(await readAll(input.source), BYTES)).toBe(0);
    }
  });

  it("is taken by its stored bytes, whatever Content-Encoding says of them", async () => {
    const lying = await serve({ headers: { "content-encoding": "gzip" } });
    await using plain = await opened(lying.url());
    expect(plain.compression).toBe(null);
    expect(Buffer.compare(await readAll(plain.source), BYTES)).toBe(0);

    const telling = await serve({ headers: { "content-encoding": "gzip" } }, gzipSync(BYTES));
    await using packed = await opened(telling.url());
    expect(packed.compression).toBe("gzip");
    expect(Buffer.compare(await readAll(packed.source), BYTES)).toBe(0);
    expect(telling.asked[0]?.message.headers["accept-encoding"]).toBe("identity");
  });
});

describe("a passing failure", () => {
  const short: Misbehave = ({ range }, response) => {
    if (range === null) return undefined;
    const part = BYTES.subarray(range.first, range.last + 1);
    response.writeHead(206, {
      ...contentRange(range.first, part.length, BYTES.length),
      etag: servers[0]?.etag ?? "",
    });
    response.write(part.subarray(0, part.length >> 1), () => response.destroy());
    return "answered";
  };
  const lessThanSaid: Misbehave = ({ range }, response) => {
    const part = BYTES.subarray(range?.first, (range?.last ?? 0) + 1);
    const headers = contentRange(range?.first ?? 0, part.length, BYTES.length);
    const etag = servers[0]?.etag ?? "";
    response.writeHead(206, { ...headers, "content-length": 100, etag }).end(part.subarray(0, 100));
    return "answered";
  };
  const reset: Misbehave = (_, response) => {
    response.socket?.resetAndDestroy();
    return "answered";
  };
  const hang: Misbehave = () => "answered";
  const elsewhere: Misbehave = ({ range }, response) => {
    response.writeHead(206, {
      ...contentRange((range?.first ?? 0) + 1, 10, BYTES.length),
      etag: servers[0]?.etag ?? "",
    });
    response.end(BYTES.subarray(1, 11));
    return "answered";
  };

  it.each([
    ["a short body", short],
    ["a body that is shorter than its range", lessThanSaid],
    ["a connection that is reset", reset],
    ["no answer at all", hang],
    ["another range than asked for", elsewhere],
    ["HTTP 500", status(500)],
    ["HTTP 503 with Retry-After", status(503, { "retry-after": "1" })],
    ["HTTP 429", status(429)],
    ["a part that does not say which it is", status(206)],
  ])("is gone over: %s", async (_, misbehave) => {
    const server = await serve({ misbehave: on([0, 2], misbehave) });
    await using input = await opened(server.url());
    expect(Buffer.compare(await readAll(input.source), BYTES)).toBe(0);
    expect(server.asked.length).toBeGreaterThan(4);
  });

  it("is waited for as long as Retry-After says", async () => {
    const server = await serve({ misbehave: on([0], status(503, { "retry-after": "1" })) });
    const beginMs = performance.now();
    await using input = await opened(server.url());
    expect(performance.now() - beginMs).toBeGreaterThan(990);
    expect(input.source.size).toBe(BYTES.length);
  });

  it("asks after a short body only for what is missing", async () => {
    const server = await serve({ misbehave: on([1], short) });
    await using input = await opened(server.url());
    await readBytes(input.source, 1_000_000, 10_000);
    const [, first, second] = server.asked.map(({ range }) => range);
    expect(second?.first).toBe((first?.first ?? 0) + 8192);
    expect(second?.last).toBe(first?.last);
  });

  it.each([
    ["short bodies", short, /the connection failed: closed within an answer; tried 3 times/],
    ["less than was said", lessThanSaid, /the answer ended 65436 of 65536 bytes too soon; tried 3/],
    ["resets", reset, /the connection failed: .*; tried 3 times/],
    ["no answer", hang, /nothing came for 0.3 s; tried 3 times/],
    ["wrong ranges", elsewhere, /the server gave bytes 1-10 instead of 0-65535; tried 3 times/],
    ["HTTP 500", status(500), /the server answered HTTP 500 Internal Server Error; tried 3 times/],
    [
      "a far Retry-After",
      status(503, { "retry-after": "3600" }),
      /tried once \(it asks for 3600 s/,
    ],
  ])("is the end if it does not pass: %s", async (_, misbehave, message) => {
    const server = await serve({ misbehave });
    const error = await failureOf(opened(server.url()));
    expect(error).toMatchObject({ name: "InputError", code: "remote-failed", byteOffset: 0 });
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(`${server.url()}: cannot read at byte 0: `)).toBe(true);
  });

  it("is the end at once where the server gives no ranges", async () => {
    const cut: Misbehave = (_, response) => {
      response.writeHead(200, { "content-length": BYTES.length });
      response.write(BYTES.subarray(0, 100_000), () => response.destroy());
      return "answered";
    };
    const server = await serve({ misbehave: cut });
    await using input = await opened(server.url());
    const error = await failureOf(readAll(input.source));
    expect(error).toMatchObject({ code: "remote-failed" });
    expect(error.message).toMatch(/the server gives no ranges, so that it has to be read anew$/);
  });
});

describe("an object that is replaced while it is read", () => {
  const OTHER = knownBytes(BYTES.length).map((byte) => byte ^ 1);
  const SHORTER = BYTES.subarray(0, 1_000_000);
  const date = (second: number) => new Date(1.7e12 + second * 1000).toUTCString();

  it.each([
    ["a server that honours If-Match", {}, OTHER, /HTTP 412/],
    ["the same, shorter", {}, SHORTER, /HTTP 412/],
    [
      "one that gives no ETag, by the size",
      { etag: null },
      SHORTER,
      /HTTP 416|3000001 bytes, then/,
    ],
  ] as const)("is an error: %s", async (_, options, replaced, message) => {
    const server = await serve(options);
    await using input = await opened(server.url());
    server.bytes = replaced;
    const error = await failureOf(readBytes(input.source, 2_000_000, 1000));
    expect(error).toMatchObject({ name: "InputError", code: "remote-changed" });
    expect(error.message).toMatch(message);
    expect(error.message).toContain("read it again");
  });

  it("is an error where the server heeds no condition but tells a new ETag", async () => {
    const misbehave: Misbehave = ({ message }) => {
      delete message.headers["if-match"];
      return undefined;
    };
    const server = await serve({ misbehave });
    await using input = await opened(server.url());
    server.bytes = OTHER;
    const error = await failureOf(readBytes(input.source, 2_000_000, 1000));
    expect(error).toMatchObject({ code: "remote-changed" });
    expect(error.message).toMatch(/ETag "[0-9a-f]{40}", then "[0-9a-f]{40}"/);
  });

  it("is an error where only a date tells", async () => {
    const dates = { lastModified: date(0) };
    const misbehave: Misbehave = ({ index }, response) => {
      if (index > 0) response.setHeader("last-modified", date(5));
      return undefined;
    };
    const server = await serve({ etag: null, misbehave });
    await using input = await opened(server.url());
    expect(input.notes).toEqual([expect.stringContaining("no ETag")]);
    const dated = await serve({ etag: null, ...dates });
    await using second = await opened(dated.url());
    expect(second.notes).toEqual([]);
    await readBytes(second.source, 2_000_000, 10);
    expect(dated.asked[1]?.message.headers["if-unmodified-since"]).toBe(date(0));
  });

  it("is an error where it is gone", async () => {
    const server = await serve({ misbehave: on([1], status(404)) });
    await using input = await opened(server.url());
    const error = await failureOf(readBytes(input.source, 2_000_000, 1000));
    expect(error).toMatchObject({ code: "remote-changed" });
  });

  it("is an error where the bytes of an answer are coded otherwise than before", async () => {
    const misbehave: Misbehave = ({ index }, response) => {
      if (index > 0) response.setHeader("content-encoding", "gzip");
      return undefined;
    };
    const server = await serve({ misbehave });
    await using input = await opened(server.url());
    const error = await failureOf(readBytes(input.source, 2_000_000, 1000));
    expect(error.message).toContain("content coding plain, then gzip");
  });
});

describe("a refusal", () => {
  it.each([
    [404, "not-found", "no such object (HTTP 404 Not Found)"],
    [410, "not-found", "no such object any more (HTTP 410 Gone)"],
    [401, "permission-denied", "the server wants credentials, or others (HTTP 401 Unauthorized)"],
    [403, "permission-denied", "may have expired) (HTTP 403 Forbidden)"],
    [400, "open-failed", "the server refuses (HTTP 400 Bad Request)"],
    [416, "open-failed", "the server refuses (HTTP 416 Range Not Satisfiable)"],
    [501, "open-failed", "the server refuses (HTTP 501 Not Implemented)"],
  ])("is told at once: %i", async (code, expected, message) => {
    const server = await serve({ misbehave: status(code) });
    const error = await failureOf(opened(server.url()));
    expect(error).toMatchObject({ name: "InputError", code: expected });
    expect(error.message).toContain(message);
    expect(server.asked.length).toBe(1);
  });

  it("of a port where nobody listens is told at once", async () => {
    const server = await serve();
    const url = server.url();
    await server.stop();
    servers.length = 0;
    expect(await failureOf(opened(url))).toMatchObject({ code: "open-failed" });
  });
});

describe("redirects", () => {
  it("are followed, and their end is asked directly from then on", async () => {
    const misbehave: Misbehave = ({ message }, response) => {
      const next = { "/vm.save": "/a", "/a": "/b" }[message.url ?? ""];
      if (next === undefined) return undefined;
      return status(302, { location: next })({ index: 0, message, range: null }, response);
    };
    const server = await serve({ misbehave });
    await using input = await opened(server.url());
    await readAll(input.source);
    expect(server.asked.slice(0, 3).map(({ message }) => message.url)).toEqual([
      "/vm.save",
      "/a",
      "/b",
    ]);
    expect(new Set(server.asked.slice(2).map(({ message }) => message.url))).toEqual(
      new Set(["/b"]),
    );
  });

  it("are asked for anew once their end has expired", async () => {
    let expired = "/signed-0";
    let signed = 0;
    const misbehave: Misbehave = ({ message, range, index }, response) => {
      if (message.url === "/vm.save") {
        signed += 1;
        return status(307, { location: `/signed-${signed}` })({ message, range, index }, response);
      }
      if (message.url === expired) return status(403)({ message, range, index }, response);
      return undefined;
    };
    const server = await serve({ misbehave });
    await using input = await opened(server.url());
    expired = "/signed-1";
    expect(await readBytes(input.source, 2_000_000, 9)).toEqual(
      BYTES.subarray(2_000_000, 2_000_009),
    );
    expect(signed).toBe(2);
  });

  it("are counted: a loop ends", async () => {
    const server = await serve({ misbehave: status(301, { location: "/vm.save" }) });
    const error = await failureOf(opened(server.url()));
    expect(error).toMatchObject({ code: "open-failed" });
    expect(error.message).toContain("more than 3 redirects");
    expect(server.asked.length).toBe(4);
  });

  it.each([
    ["nowhere", {}, "to nowhere"],
    ["a file", { location: "file:///etc/passwd" }, "to file:, which is not followed"],
  ])("to %s are refused", async (_, headers: Record<string, string>, message) => {
    const server = await serve({ misbehave: status(302, headers) });
    const error = await failureOf(opened(server.url()));
    expect(error.message).toContain(`the server redirects ${message}`);
  });

  it("take credentials along to the same server, and to no other", async () => {
    const elsewhere = await serve();
    const redirect: Misbehave = ({ message, range, index }, response) =>
      message.url === "/vm.save"
        ? status(302, { location: "/same" })({ message, range, index }, response)
        : status(302, { location: elsewhere.url("/other") })({ message, range, index }, response);
    const server = await serve({ misbehave: redirect });
    const url = server.url().replace("//", "//ann:secret@");
    await using input = await opened(url);
    const authorization = (of: ObjectServer) =>
      of.asked.map(({ message }) => message.headers.authorization);
    const basic = `Basic ${Buffer.from("ann:secret").toString("base64")}`;
    expect(authorization(server)).toEqual([basic, basic]);
    expect(authorization(elsewhere)).toEqual([undefined]);
    expect(input.file).toBe(server.url().replace("//", "//***@"));
  });
});

describe("an abort", () => {
  it("ends the opening at once", async () => {
    const server = await serve({ misbehave: () => "answered" });
    const stop = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => stop.abort(reason), 50);
    const beginMs = performance.now();
    const patient = { ...IMPATIENT, remoteTimeoutMs: 20_000 };
    expect(await failureOf(opened(server.url(), patient, stop.signal))).toBe(reason);
    expect(performance.now() - beginMs).toBeLessThan(2000);
  });

  it("ends a read at once, while the server is silent and while it is waited for", async () => {
    for (const misbehave of [
      on([1], () => "answered"),
      on([1], status(503, { "retry-after": "4" })),
    ]) {
      const server = await serve({ misbehave });
      await using input = await opened(server.url(), { ...IMPATIENT, remoteTimeoutMs: 20_000 });
      const stop = new AbortController();
      const reason = new Error("enough");
      setTimeout(() => stop.abort(reason), 50);
      const beginMs = performance.now();
      const read = Promise.resolve(input.source.read(new Uint8Array(9), 2_000_000, stop.signal));
      expect(await failureOf(read)).toBe(reason);
      expect(performance.now() - beginMs).toBeLessThan(2000);
    }
  });
});
