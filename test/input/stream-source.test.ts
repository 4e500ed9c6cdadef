/** Node streams, generators and blobs as sources: failures, aborts, closing. */
import { createReadStream, writeFileSync } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { BlobSource, StreamSource } from "../../src/input/index.js";
import { knownBytes, ROOMY, scratch } from "./support.js";

const disk = scratch();
afterAll(() => disk.remove());

describe("a stream source", () => {
  it("reads a Node stream and destroys it when closed", async () => {
    const path = disk.path("streamed");
    const bytes = knownBytes(500_000);
    writeFileSync(path, bytes);
    const stream = createReadStream(path);
    const source = new StreamSource(path, stream, ROOMY);
    const into = new Uint8Array(300_000);
    expect(await source.read(into, 1000)).toBe(300_000);
    expect(Buffer.compare(into, bytes.subarray(1000, 301_000))).toBe(0);
    source.close();
    expect(stream.destroyed).toBe(true);
  });

  it("answers at once what has come already", async () => {
    const source = new StreamSource("s", Readable.from([knownBytes(100)]), ROOMY);
    await source.read(new Uint8Array(1), 0);
    expect(source.read(new Uint8Array(99), 1)).toBe(99);
  });

  it("names source, offset and cause when the stream fails", async () => {
    async function* failing() {
      yield knownBytes(100);
      throw new Error("wire cut");
    }
    const source = new StreamSource("wire", failing(), ROOMY);
    await expect(async () => source.read(new Uint8Array(200), 0)).rejects.toMatchObject({
      code: "read-failed",
      source: "wire",
      byteOffset: 100,
      message: expect.stringContaining("wire cut"),
      cause: expect.objectContaining({ message: "wire cut" }),
    });
  });

  it("refuses chunks of text", async () => {
    const text = Readable.from(["abc"]) as AsyncIterable<Uint8Array>;
    const source = new StreamSource("s", text, ROOMY);
    await expect(async () => source.read(new Uint8Array(2), 0)).rejects.toMatchObject({
      code: "read-failed",
    });
  });

  it.each(["read", "skip"] as const)("gives up a %s that waits when aborted", async (call) => {
    const silent = new PassThrough();
    const source = new StreamSource("silent", silent, ROOMY);
    const control = new AbortController();
    const pending =
      call === "read"
        ? source.read(new Uint8Array(4), 0, control.signal)
        : source.skip(0, 4, control.signal);
    setTimeout(() => control.abort(new Error("enough")), 5);
    await expect(pending).rejects.toThrow("enough");
    source.close();
    expect(silent.destroyed).toBe(true);
  });

  it("does not start to wait when aborted before", async () => {
    const source = new StreamSource("silent", new PassThrough(), ROOMY);
    const signal = AbortSignal.abort(new Error("before"));
    await expect(async () => source.read(new Uint8Array(4), 0, signal)).rejects.toThrow("before");
    source.close();
  });

  it("closes though a chunk that is under way never comes", () => {
    const source = new StreamSource("silent", new PassThrough(), ROOMY);
    void Promise.resolve(source.read(new Uint8Array(4), 0)).catch(() => {});
    expect(() => source.close()).not.toThrow();
  });
});

describe("a blob source", () => {
  it("fetches ahead for small reads", () => {
    let slices = 0;
    const inner = new Blob([knownBytes(200_000)]);
    const source = new BlobSource({
      size: inner.size,
      slice(start, end) {
        slices++;
        return inner.slice(start, end);
      },
    });
    const walk = async () => {
      for (let at = 0; at < 60_000; at += 1000) await source.read(new Uint8Array(24), at);
    };
    return walk().then(() => expect(slices).toBe(1));
  });

  it("names source, offset and cause when a slice cannot be had", async () => {
    const gone = {
      size: 100,
      slice: () => ({ arrayBuffer: () => Promise.reject(new Error("x")) }),
    };
    const source = new BlobSource(gone, "picked.save");
    await expect(async () => source.read(new Uint8Array(4), 50)).rejects.toMatchObject({
      code: "read-failed",
      source: "picked.save",
      byteOffset: 50,
    });
  });

  it("ends where a slice comes back empty, against what its size said", async () => {
    const empty = { arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)) };
    const source = new BlobSource({ size: 1_000_000, slice: () => empty });
    expect(await source.read(new Uint8Array(4), 0)).toBe(0);
    expect(await source.read(new Uint8Array(500_000), 0)).toBe(0);
  });

  it("gives up a slice that waits when aborted", async () => {
    const slow = { size: 100, slice: () => ({ arrayBuffer: () => new Promise<never>(() => {}) }) };
    const control = new AbortController();
    const pending = new BlobSource(slow).read(new Uint8Array(4), 0, control.signal);
    control.abort(new Error("enough"));
    await expect(pending).rejects.toThrow("enough");
  });
});
