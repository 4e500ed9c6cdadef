/** URLs of queues: which are taken, and that no password is ever shown. */
import { describe, expect, it } from "vitest";
import { parseQueueAddress, redact } from "../../../src/batch/queue/address.js";

describe("the URL of a queue", () => {
  it.each([
    ["redis://host", "redis://host"],
    ["redis://host:6380/3", "redis://host:6380/3"],
    ["rediss://[::1]:6379", "rediss://[::1]:6379"],
    ["redis://user:secret@host/1", "redis://***@host/1"],
    ["redis://:secret@host", "redis://***@host"],
    ["rediss://user@host", "rediss://***@host"],
  ])("%s is shown as %s", (url, shown) => {
    expect(parseQueueAddress(url)).toMatchObject({ url, shown });
  });

  it.each([
    "host:6379",
    "http://host",
    "redis://",
    "redis://host/name",
    "redis://host?password=secret",
    "redis://user:sec/ret@host",
    "redis://user:sec#ret@host",
    "",
  ])("%j is refused, and not repeated", (url) => {
    const parse = () => parseQueueAddress(url);
    expect(parse).toThrow(
      expect.objectContaining({
        exitCode: 2,
        option: "--queue",
        message: "--queue is not the URL of a Redis server",
      }),
    );
  });

  it("is completed by a password from elsewhere, unless it has one", () => {
    expect(parseQueueAddress("redis://host", "a b/c").url).toBe("redis://:a%20b%2Fc@host");
    expect(parseQueueAddress("redis://user@host", "x").url).toBe("redis://user:x@host");
    expect(parseQueueAddress("redis://:own@host", "x").url).toBe("redis://:own@host");
    expect(parseQueueAddress("redis://host", "").url).toBe("redis://host");
  });

  it("has its password taken out of messages, as typed and as meant", () => {
    const address = parseQueueAddress("redis://user:a%20b@host");
    expect(redact("AUTH user a b (a%20b) refused", address)).toBe("AUTH user *** (***) refused");
    expect(redact("nothing secret", parseQueueAddress("redis://user@host"))).toBe("nothing secret");
  });
});
