/** Addresses of remote inputs: what is one, how it is read, and that no credential is ever shown. */
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/findings/index.js";
import { isRemote, openInput, shownName } from "../../../src/input/index.js";
import { parseS3Url } from "../../../src/input/remote/address.js";
import { failureOf } from "./support.js";

describe("isRemote", () => {
  it.each(["https://h/x", "http://h/x", "HTTPS://h/x", "s3://bucket/key"])("is true of %s", (url) =>
    expect(isRemote(url)).toBe(true),
  );
  it.each(["vm.save", "-", "./https://h/x", "C:\\vm.save", "file:///x", "https:/h/x", "ftp://h/x"])(
    "is false of %s",
    (path) => expect(isRemote(path)).toBe(false),
  );
});

describe("shownName", () => {
  it.each([
    ["vm.save?x=1", "vm.save?x=1"],
    ["https://h/a/b", "https://h/a/b"],
    ["https://h:8443/a?X-Amz-Signature=abc&x=", "https://h:8443/a?X-Amz-Signature=***&x=***"],
    ["https://h/a?s3cret", "https://h/a?***"],
    ["https://h/a?a=1&s3cret#frag", "https://h/a?a=***&***"],
    ["https://ann:pw@h/a", "https://***@h/a"],
    ["https://token@h/a", "https://***@h/a"],
    ["https://:pw@h/a", "https://***@h/a"],
    ["https://ann:p/w@h:x/a", "https://***"],
    ["https://", "https://***"],
    ["s3://bucket/key?versionId=v1", "s3://bucket/key?versionId=v1"],
    ["s3://id:secret@bucket/key", "s3://***@bucket/key"],
  ])("of %s is %s", (url, shown) => {
    expect(shownName(url)).toBe(shown);
  });
});

describe("an s3 URL", () => {
  const plain = { versionId: null, region: null, pathStyle: null };

  it.each([
    ["s3://bucket/vm.save", { ...plain, bucket: "bucket", key: "vm.save" }],
    ["s3://bucket/a b/c%20d+e", { ...plain, bucket: "bucket", key: "a b/c%20d+e" }],
    ["s3://bucket//a/", { ...plain, bucket: "bucket", key: "/a/" }],
    ["s3://bucket/what?", { ...plain, bucket: "bucket", key: "what?" }],
    ["s3://bucket/a?x=1", { ...plain, bucket: "bucket", key: "a?x=1" }],
    [
      "s3://bucket/a?versionId=v%201&region=eu-west-1&pathStyle=true",
      { bucket: "bucket", key: "a", versionId: "v 1", region: "eu-west-1", pathStyle: true },
    ],
    ["s3://bucket/a?pathStyle=false", { ...plain, bucket: "bucket", key: "a", pathStyle: false }],
  ])("is read as it stands: %s", (url, address) => {
    expect(parseS3Url(url)).toEqual(address);
  });

  it.each(["s3://", "s3://bucket", "s3://bucket/", "s3:///key", "s3://a:b@bucket/key", "s3://b/k"])(
    "is a UsageError if it names no object: %s",
    (url) => {
      expect(() => parseS3Url(url)).toThrow(UsageError);
    },
  );

  it("is a UsageError for another pathStyle than true and false", () => {
    expect(() => parseS3Url("s3://bucket/key?pathStyle=1")).toThrow(UsageError);
  });
});

describe("a URL that is none", () => {
  it("is a UsageError that shows nothing of it", async () => {
    const error = await failureOf(openInput("https://ann:secret@h:port/a"));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe("https://*** is no URL");
  });
});
