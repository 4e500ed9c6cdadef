/** What all compressions do alike: whole, cut, damaged, joined, padded; synchronous and not. */
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/findings/index.js";
import {
  BlobSource,
  BufferSource,
  decompressed,
  decompressedAsync,
  driveAsync,
  driveSync,
  recogniseCompression,
  SequentialSource,
  StreamSource,
} from "../../../src/input/index.js";
import { pullerOf, ROOMY, readAll, slowChunks } from "../support.js";
import {
  decode,
  flipped,
  join,
  TEXT,
  TEXT_GZIP,
  TEXT_LZ4,
  TEXT_XZ,
  TEXT_ZSTD,
  tool,
} from "./support.js";

/** Codes that damage may have; any other error would be a crash. */
const DAMAGE = [
  "compressed-truncated",
  "compressed-checksum",
  "compressed-invalid",
  "compressed-unsupported",
  "capacity",
];

const ALL_BITS = [0, 1, 2, 3, 4, 5, 6, 7];

describe.each([
  { format: "gzip", packed: TEXT_GZIP, decoder: ["gzip", "-dc"] },
  { format: "zstd", packed: TEXT_ZSTD, decoder: ["zstd", "-dqc"] },
  { format: "xz", packed: TEXT_XZ, decoder: ["xz", "-dc"] },
  { format: "lz4", packed: TEXT_LZ4, decoder: ["lz4", "-dqc"] },
] as const)("$format", ({ format, packed, decoder }) => {
  it("is recognised by its first bytes", () => {
    expect(recogniseCompression(packed)).toBe(format);
    expect(recogniseCompression(packed.subarray(0, 2))).toBeNull();
  });

  it.each([1, 7, 100, 943, 944, 945, 100_000])("decodes, %i bytes at a time", async (stepBytes) => {
    const { decoded, error } = await decode(packed, { stepBytes });
    expect(error).toBeNull();
    expect(Buffer.compare(decoded, TEXT)).toBe(0);
  });

  it("decodes what its own tool decodes from the same bytes", (context) => {
    const said = tool(decoder[0], decoder.slice(1), packed);
    if (said === null) return context.skip(`${decoder[0]} is not installed`);
    expect(said.equals(TEXT)).toBe(true);
  });

  it("says what it took off and how large the input is as stored", async () => {
    const { source, compression, storedBytes } = await decompressed(new BufferSource(packed));
    expect([compression, storedBytes]).toEqual([format, packed.length]);
    expect([source.seekable, source.size]).toEqual([false, null]);
    driveSync(readAll(100), source);
    expect(source.size).toBe(TEXT.length);
  });

  it("cut anywhere is an error that says so, after bytes that are right", async () => {
    for (let length = 6; length < packed.length; length++) {
      const { decoded, error } = await decode(packed.subarray(0, length), { stepBytes: 16 });
      expect(error, `cut at ${length}`).toMatchObject({
        code: "compressed-truncated",
        source: "packed",
        exitCode: 2,
      });
      expect(error!.byteOffset).toBeLessThanOrEqual(length);
      expect(Buffer.compare(decoded, TEXT.subarray(0, decoded.length)), `${length}`).toBe(0);
    }
  });

  it("with any bit turned is an error, or decodes to the same", async () => {
    let errors = 0;
    for (let at = 0; at < packed.length; at++) {
      for (const bit of at < 32 || at >= packed.length - 16 ? ALL_BITS : [at % 8]) {
        const damaged = flipped(packed, at, bit);
        if (recogniseCompression(damaged) === null) continue;
        const { decoded, error } = await decode(damaged);
        const place = `bit ${bit} of byte ${at}`;
        if (error === null) expect(Buffer.compare(decoded, TEXT), place).toBe(0);
        else expect(DAMAGE, `${place}: ${error.stack}`).toContain(error.code);
        if (error !== null) errors++;
      }
    }
    expect(errors).toBeGreaterThan(packed.length);
  });

  it("fails again in the same way when it is asked again", async () => {
    const { source } = await decompressed(new BufferSource(packed.subarray(0, -1)));
    const into = new Uint8Array(2000);
    expect(() => source.read(into, 0)).toThrow(/ends within/);
    expect(() => source.read(into, 0)).toThrow(/ends within/);
  });

  it("joined to itself decodes to twice the text", async () => {
    const { decoded, error } = await decode(join(packed, packed));
    expect(error).toBeNull();
    expect(Buffer.compare(decoded, Buffer.concat([TEXT, TEXT]))).toBe(0);
  });

  it("may be followed by zeros, a few or many", async () => {
    for (const zeros of [1, 4, 511, 300_000]) {
      const { decoded, error } = await decode(join(packed, new Uint8Array(zeros)));
      expect(error, `${zeros}`).toBeNull();
      expect(Buffer.compare(decoded, TEXT)).toBe(0);
    }
  });

  it("may not be followed by anything else", async () => {
    const { decoded, error } = await decode(join(packed, Buffer.from("trailing garbage")));
    expect(error).toMatchObject({ code: "compressed-invalid" });
    expect(Buffer.compare(decoded, TEXT.subarray(0, decoded.length))).toBe(0);
  });

  it("keeps what a hold asks for, in decoded bytes", async () => {
    const { source } = await decompressed(new BufferSource(packed));
    const into = new Uint8Array(500);
    source.hold(100);
    expect(source.skip(0, 900)).toBe(900);
    expect(source.read(into, 100)).toBe(500);
    expect(Buffer.compare(into, TEXT.subarray(100, 600))).toBe(0);
    source.release(300);
    expect(source.read(into, 300)).toBe(500);
    expect(() => source.read(into, 100)).toThrow(expect.objectContaining({ exitCode: 3 }));
    source.close();
  });

  it("is decoded from a pipe, a slow stream and a blob too", async () => {
    const pipe = new SequentialSource("pipe", pullerOf(packed), ROOMY);
    const { source, storedBytes } = await decompressed(pipe);
    expect(storedBytes).toBeNull();
    expect(Buffer.compare(driveSync(readAll(100), source), TEXT)).toBe(0);
    for (const slow of [
      new StreamSource("slow", slowChunks(packed, [1, 3, 50]), ROOMY),
      new BlobSource(new Blob([Uint8Array.from(packed)])),
    ]) {
      const recognised = await decompressedAsync(slow);
      expect(recognised.compression).toBe(format);
      const all = await driveAsync(readAll(100), recognised.source);
      expect(Buffer.compare(all, TEXT)).toBe(0);
      await recognised.source.close();
    }
  });

  it("fails alike on a slow stream", async () => {
    const chunks = slowChunks(packed.subarray(0, -3), [40]);
    const { source } = await decompressedAsync(new StreamSource("slow", chunks, ROOMY));
    await expect(driveAsync(readAll(100), source)).rejects.toMatchObject({
      code: "compressed-truncated",
      source: "slow",
    });
    await source.close();
  });

  it("can be closed before its end, and closes what it reads from", async () => {
    const lower = new BufferSource(packed);
    let closed = 0;
    const counting = Object.assign(lower, { close: () => void closed++ });
    const { source } = await decompressed(counting);
    source.read(new Uint8Array(10), 0);
    source.close();
    source.close();
    expect(closed).toBe(1);
  });

  it("may not want more of a window or a ratio than the limits say", async () => {
    const limits = { ...DEFAULT_LIMITS, maxWindowBytes: 100 };
    const { error } = await decode(packed, { limits });
    if (format === "zstd" || format === "xz") {
      expect(error).toMatchObject({ limit: "decompress-window", option: "--max-window" });
    } else {
      expect(error).toBeNull(); // 32 and 64 KiB, by their definition
    }
  });
});

describe("an input that is not compressed", () => {
  it.each([0, 1, 5, 6, 1000])(
    "of %i bytes is given back as it is, from its start",
    async (count) => {
      const lower = new BufferSource(TEXT.subarray(0, count));
      const { source, compression, storedBytes } = await decompressed(lower);
      expect(source).toBe(lower);
      expect([compression, storedBytes]).toEqual([null, Math.min(count, TEXT.length)]);
      const pipe = new SequentialSource("pipe", pullerOf(TEXT), ROOMY);
      const piped = await decompressed(pipe);
      expect(Buffer.compare(driveSync(readAll(100), piped.source), TEXT)).toBe(0);
    },
  );
});
