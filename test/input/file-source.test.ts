/** Regular files: how often the platform is asked, files that change, disks that fail. */
import { appendFileSync, openSync, truncateSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/findings/index.js";
import { FileSource } from "../../src/input/index.js";
import { fakeIo, knownBytes, scratch } from "./support.js";

const disk = scratch();
afterAll(() => disk.remove());

const WHOLE = [Number.MAX_SAFE_INTEGER];

function counted(bytes: Uint8Array, options: { baseOffset?: number } = {}) {
  const io = fakeIo(bytes, WHOLE);
  return {
    io,
    source: new FileSource(-1, "file", bytes.length, { ...options, ownsFd: false, io }),
  };
}

describe("a file source", () => {
  it("asks the platform once for a record's headers and its 1024 entries", () => {
    const { io, source } = counted(knownBytes(100_000));
    source.read(new Uint8Array(8), 5000);
    source.read(new Uint8Array(8), 5008);
    source.read(new Uint8Array(8192), 5016);
    expect(io.calls).toBe(1);
  });

  it("asks nothing for a skip", () => {
    const { io, source } = counted(knownBytes(100_000));
    expect(source.skip(0, 99_999)).toBe(99_999);
    expect(io.calls).toBe(0);
  });

  it("fills a large view in one call, past the window", () => {
    const bytes = knownBytes(300_000);
    const { io, source } = counted(bytes);
    source.read(new Uint8Array(8), 0);
    const into = new Uint8Array(200_000);
    expect(source.read(into, 4)).toBe(200_000);
    expect(Buffer.compare(into, bytes.subarray(4, 200_004))).toBe(0);
    expect(io.calls).toBe(2);
  });

  it("counts offsets from where the image begins", () => {
    const bytes = knownBytes(50_000);
    const { source } = counted(bytes, { baseOffset: 1000 });
    const into = new Uint8Array(20_000);
    expect(source.size).toBe(49_000);
    expect(source.read(into.subarray(0, 4), 0)).toBe(4);
    expect(into.subarray(0, 4)).toEqual(bytes.subarray(1000, 1004));
    expect(source.read(into, 40_000)).toBe(9000);
    expect(Buffer.compare(into.subarray(0, 9000), bytes.subarray(41_000))).toBe(0);
  });

  it("is empty when the image would begin behind the end", () => {
    const { source } = counted(knownBytes(10), { baseOffset: 11 });
    expect(source.size).toBe(0);
    expect(source.read(new Uint8Array(4), 0)).toBe(0);
  });

  it("ends where the file ended at opening, though it has grown", () => {
    const path = disk.path("grows");
    writeFileSync(path, knownBytes(1000));
    const source = new FileSource(openSync(path, "r"), path, 1000);
    appendFileSync(path, knownBytes(50_000));
    expect(source.read(new Uint8Array(2000), 0)).toBe(1000);
    expect(source.read(new Uint8Array(40_000), 500)).toBe(500);
    expect(source.skip(0, 5000)).toBe(1000);
    source.close();
  });

  it.each([100, 30_000])("gives %i bytes at a time of a file that has shrunk", (stepBytes) => {
    const path = disk.path("shrinks");
    writeFileSync(path, knownBytes(100_000));
    const source = new FileSource(openSync(path, "r"), path, 100_000);
    truncateSync(path, 50_010);
    expect(source.read(new Uint8Array(stepBytes), 50_000)).toBe(10);
    expect(source.read(new Uint8Array(stepBytes), 50_010)).toBe(0);
    expect(source.read(new Uint8Array(stepBytes), 80_000)).toBe(0);
    source.close();
  });

  it.each([8, 100_000])("names source, offset and cause when a read of %i fails", (bytes) => {
    const io = fakeIo(new Uint8Array(0), ["EIO"]);
    const source = new FileSource(-1, "bad.save", 1_000_000, { ownsFd: false, io });
    const failing = () => source.read(new Uint8Array(bytes), 4096);
    expect(failing).toThrow(InputError);
    expect(failing).toThrow(
      expect.objectContaining({
        code: "read-failed",
        source: "bad.save",
        byteOffset: 4096,
        cause: expect.objectContaining({ code: "EIO" }),
      }),
    );
  });

  it("reads again after a failure as if nothing had been read ahead", () => {
    const bytes = knownBytes(40_000);
    const io = fakeIo(bytes, [40_000, "EIO", 40_000]);
    const source = new FileSource(-1, "file", bytes.length, { ownsFd: false, io });
    const into = new Uint8Array(4);
    source.read(into, 0);
    expect(() => source.read(into, 30_000)).toThrow(InputError);
    expect(source.read(into, 30_000)).toBe(4);
    expect(into).toEqual(bytes.subarray(30_000, 30_004));
  });
});
