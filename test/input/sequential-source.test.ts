/** Pipes: waiting for non-blocking ones, errors, read-ahead, and what a hold may keep. */
import { describe, expect, it } from "vitest";
import { CapacityError } from "../../src/findings/index.js";
import { pipeSource, SequentialSource, StreamSource } from "../../src/input/index.js";
import { fakeIo, knownBytes, pullerOf, slowChunks } from "./support.js";

const unowned = { ownsFd: false };

describe("a pipe source", () => {
  it("waits for a non-blocking descriptor, longer each time, and starts over after bytes", () => {
    const io = fakeIo(knownBytes(4), [
      ...Array.from({ length: 10 }, () => "EAGAIN"),
      2,
      "EWOULDBLOCK",
      2,
      0,
    ]);
    const source = pipeSource(-1, "pipe", 100, { ...unowned, io });
    expect(source.read(new Uint8Array(4), 0)).toBe(4);
    expect(io.waitedMs.slice(0, 3)).toEqual([0.125, 0.25, 0.5]);
    expect(Math.max(...io.waitedMs)).toBe(16);
    expect(io.waitedMs[10]).toBe(0.125);
  });

  it("takes the error EOF of a closed pipe for its end", () => {
    const source = pipeSource(-1, "pipe", 100, { ...unowned, io: fakeIo(knownBytes(4), ["EOF"]) });
    expect(source.read(new Uint8Array(4), 0)).toBe(0);
    expect(source.size).toBe(0);
  });

  it.each([8, 50_000])("names source, offset and cause when a read of %i fails", (bytes) => {
    const io = fakeIo(knownBytes(100), [100, "EIO"]);
    const source = pipeSource(-1, "wire", 100, { ...unowned, io });
    source.skip(0, 100);
    expect(() => source.read(new Uint8Array(bytes), 100)).toThrow(
      expect.objectContaining({
        code: "read-failed",
        source: "wire",
        byteOffset: 100,
        cause: expect.objectContaining({ code: "EIO" }),
      }),
    );
  });

  it("asks for no more once it has what was wanted", () => {
    const io = fakeIo(knownBytes(100), [10]);
    const source = pipeSource(-1, "pipe", 100, { ...unowned, io });
    expect(source.read(new Uint8Array(10), 0)).toBe(10);
    expect(io.calls).toBe(1);
  });

  it("does not ask an ended input again", () => {
    const io = fakeIo(knownBytes(10), [10]);
    const source = pipeSource(-1, "pipe", 100, { ...unowned, io });
    expect(source.read(new Uint8Array(20), 0)).toBe(10);
    const { calls } = io;
    expect(source.read(new Uint8Array(20), 10)).toBe(0);
    expect(source.skip(10, 5)).toBe(0);
    expect(io.calls).toBe(calls);
  });

  it("puts a large read straight into the reader's memory", () => {
    const targets: number[] = [];
    const into = new Uint8Array(1_000_000);
    const bytes = knownBytes(1_000_000);
    const puller = {
      ...pullerOf(bytes),
      pull(memory: Uint8Array, byteOffset: number) {
        if (memory.buffer === into.buffer) targets.push(memory.length);
        return pullerOf(bytes).pull(memory, byteOffset);
      },
    };
    const source = new SequentialSource("puller", puller, 100);
    source.read(new Uint8Array(8), 0);
    expect(source.read(into.subarray(8), 8)).toBe(999_992);
    expect(targets).toEqual([1_000_000 - 65_536]);
    expect(Buffer.compare(into.subarray(8), bytes.subarray(8))).toBe(0);
  });
});

describe("a hold", () => {
  const LIMIT = 300_000;
  const failing = expect.objectContaining({
    code: "capacity",
    limit: "held-input",
    option: "--max-memory",
    exitCode: 2,
  });

  it("may keep as much as the memory limit says, and no more", () => {
    const source = new SequentialSource("puller", pullerOf(knownBytes(LIMIT)), LIMIT);
    source.hold(0);
    expect(source.skip(0, LIMIT)).toBe(LIMIT);
    expect(source.read(new Uint8Array(LIMIT), 0)).toBe(LIMIT);
    const longer = new SequentialSource("puller", pullerOf(knownBytes(LIMIT + 1)), LIMIT);
    longer.hold(0);
    expect(() => longer.skip(0, LIMIT + 1)).toThrow(CapacityError);
  });

  it("is bounded whether bytes are read or passed over", () => {
    for (const pass of [
      (source: SequentialSource) => source.skip(0, 1_000_000),
      (source: SequentialSource) => source.read(new Uint8Array(1_000_000), 0),
    ]) {
      const source = new SequentialSource("puller", pullerOf(knownBytes(1_000_000)), LIMIT);
      source.hold(0);
      expect(() => pass(source)).toThrow(failing);
    }
  });

  it("of a stream is bounded too", async () => {
    const source = new StreamSource("s", slowChunks(knownBytes(1_000_000), [50_000]), LIMIT);
    source.hold(0);
    await expect(async () => source.skip(0, 1_000_000)).rejects.toEqual(failing);
  });

  it("costs nothing after its release, so that hold may follow hold without end", () => {
    const source = new SequentialSource("puller", pullerOf(knownBytes(5_000_000)), LIMIT);
    const into = new Uint8Array(200_000);
    for (let at = 0; at < 5_000_000; at += 200_000) {
      source.hold(at);
      expect(source.read(into, at)).toBe(200_000);
      expect(source.read(into, at)).toBe(200_000);
      source.release(at + 200_000);
    }
    expect(source.read(into, 5_000_000)).toBe(0);
  });
});
