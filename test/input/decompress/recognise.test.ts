/** Opening a path whatever it holds: plain, compressed, misnamed, through a FIFO, or not there. */
import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { drive, FileSource, openInput } from "../../../src/input/index.js";
import { readAll, scratch } from "../support.js";
import { TEXT, TEXT_GZIP, TEXT_LZ4, TEXT_XZ, TEXT_ZSTD } from "./support.js";

const disk = scratch();
afterAll(() => disk.remove());

describe("openInput", () => {
  it.each([
    ["gzip", TEXT_GZIP],
    ["zstd", TEXT_ZSTD],
    ["xz", TEXT_XZ],
    ["lz4", TEXT_LZ4],
  ] as const)("takes %s off a file of any name", async (format, packed) => {
    const path = disk.path("vm.save.bz2");
    writeFileSync(path, packed);
    const { source, compression, storedBytes } = await openInput(path);
    expect([compression, storedBytes, source.name]).toEqual([format, packed.length, path]);
    expect(Buffer.compare(await drive(readAll(50), source), TEXT)).toBe(0);
    source.close();
  });

  it("leaves a plain file what it is: seekable, of known size", async () => {
    const path = disk.path("plain.gz");
    writeFileSync(path, TEXT);
    const { source, compression } = await openInput(path);
    expect(source).toBeInstanceOf(FileSource);
    expect([compression, source.size]).toEqual([null, TEXT.length]);
    source.close();
  });

  it("opens an empty file", async () => {
    const path = disk.path("empty.zst");
    writeFileSync(path, "");
    const { source, compression } = await openInput(path);
    expect([compression, source.read(new Uint8Array(1), 0)]).toEqual([null, 0]);
    source.close();
  });

  it("takes compression off a FIFO", async () => {
    const path = disk.path("fifo");
    execFileSync("mkfifo", [path]);
    writeFileSync(disk.path("packed"), TEXT_ZSTD);
    const writer = spawn("/bin/sh", ["-c", `cat "$0" > "$1"`, disk.path("packed"), path]);
    const closed = new Promise((resolve) => writer.on("close", resolve));
    const { source, compression, storedBytes } = await openInput(path);
    expect([compression, storedBytes]).toEqual(["zstd", null]);
    expect(Buffer.compare(await drive(readAll(50), source), TEXT)).toBe(0);
    source.close();
    await closed;
  });

  it("rejects with what openSource throws", async () => {
    await expect(openInput(disk.path("missing"))).rejects.toMatchObject({ code: "not-found" });
  });
});
