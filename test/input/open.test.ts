/** What a path or "-" turns into: files, FIFOs, devices, standard input of a child process. */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, fstatSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/findings/index.js";
import { driveSync, FileSource, openSource } from "../../src/input/index.js";
import { knownBytes, readAll, scratch } from "./support.js";

const disk = scratch();
const bytes = knownBytes(700_001);
const linux = process.platform === "linux";

/** Reads "-" or its argument in the given steps; prints size, digest and what went wrong. */
const CHILD = `
import { createHash } from "node:crypto";
import { openSource } from "./input.mjs";
const [path, step] = process.argv.slice(2);
try {
  const source = openSource(path);
  const into = new Uint8Array(Number(step));
  const hash = createHash("sha256");
  let byteOffset = 0;
  for (let got = -1; got !== 0; byteOffset += got) {
    got = source.read(into, byteOffset);
    hash.update(into.subarray(0, got));
  }
  console.log([byteOffset, source.seekable, hash.digest("hex")].join(" "));
} catch (error) {
  console.log(error.code);
}
`;

beforeAll(async () => {
  const outfile = disk.path("input.mjs");
  const entryPoints = ["src/input/index.ts"];
  await build({ entryPoints, outfile, bundle: true, platform: "node", format: "esm" });
  writeFileSync(disk.path("child.mjs"), CHILD);
  writeFileSync(disk.path("whole"), bytes);
});
afterAll(() => disk.remove());

/** Run the child on `-` with shell text around it, "$CHILD" standing for it. */
function shell(script: string): string {
  const env = { CHILD: `${process.execPath} ${disk.path("child.mjs")}`, FILE: disk.path("whole") };
  const options = { env: { ...process.env, ...env }, encoding: "utf8" } as const;
  return execFileSync("/bin/sh", ["-c", script], options).trim();
}

function answer(content: Uint8Array, seekable: boolean): string {
  return `${content.length} ${seekable} ${createHash("sha256").update(content).digest("hex")}`;
}

describe("openSource", () => {
  it("reads a regular file by position and tells its size", () => {
    const source = openSource(disk.path("whole"));
    expect(source).toBeInstanceOf(FileSource);
    expect([source.size, source.seekable, source.name]).toEqual([
      bytes.length,
      true,
      disk.path("whole"),
    ]);
    expect(Buffer.compare(driveSync(readAll(65_536), source), bytes)).toBe(0);
    source.close();
  });

  it("opens an empty file and says that it has no bytes", () => {
    writeFileSync(disk.path("empty"), "");
    const source = openSource(disk.path("empty"));
    expect([source.size, source.read(new Uint8Array(8), 0)]).toEqual([0, 0]);
    source.close();
  });

  it.runIf(linux)("reads a file that claims to be empty and is not", () => {
    const source = openSource("/proc/self/status");
    const into = new Uint8Array(5);
    expect(source.read(into, 0)).toBe(5);
    expect(Buffer.from(into).toString()).toBe("Name:");
    source.close();
  });

  it.each([
    ["missing", "not-found", "ENOENT"],
    ["whole/below", "not-found", "ENOTDIR"],
    ["", "is-directory", undefined],
  ])("names the fault of %j", (name, code, errno) => {
    const path = disk.path(name);
    try {
      openSource(path);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      expect(error).toMatchObject({ code, source: path, exitCode: 2 });
      const { cause } = error as InputError;
      expect((cause as NodeJS.ErrnoException | undefined)?.code).toBe(errno);
    }
  });

  it.each(["a\0b", "x".repeat(5000)])("names a path that no system takes", (path) => {
    expect(() => openSource(path)).toThrow(expect.objectContaining({ code: "open-failed" }));
  });

  it.runIf(process.getuid !== undefined)("names a file that may not be read", () => {
    const path = disk.path("secret");
    writeFileSync(path, "x");
    chmodSync(path, 0);
    chmodSync(disk.path("."), 0o755);
    const asOther = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const options = { ...asOther, encoding: "utf8" } as const;
    const said = execFileSync(process.execPath, [disk.path("child.mjs"), path, "8"], options);
    expect(said.trim()).toBe("permission-denied");
  });

  it("reads a FIFO whose writer writes in odd sizes", async () => {
    const path = disk.path("fifo");
    execFileSync("mkfifo", [path]);
    const write = `
      const { openSync, writeSync, readFileSync } = require("node:fs");
      const bytes = readFileSync(process.argv[1]), fd = openSync(process.argv[2], "w");
      for (let at = 0, size = 1; at < bytes.length; size = (size * 7) % 65521) {
        at += writeSync(fd, bytes, at, Math.min(size, bytes.length - at));
      }`;
    const writer = spawn(process.execPath, ["-e", write, disk.path("whole"), path]);
    const closed = new Promise((resolve) => writer.on("close", resolve));
    const source = openSource(path);
    expect([source.size, source.seekable]).toEqual([null, false]);
    expect(Buffer.compare(driveSync(readAll(30_000), source), bytes)).toBe(0);
    source.close();
    await closed;
  });

  it.runIf(linux)("reads a device until it is read no more", () => {
    const source = openSource("/dev/zero");
    const into = new Uint8Array(100_000).fill(1);
    expect(source.read(into, 1_000_000)).toBe(100_000);
    expect(into.every((byte) => byte === 0)).toBe(true);
    source.close();
  });
});

describe("standard input", () => {
  it.each([1000, 65_536, 1_000_000])("is read from a pipe, %i bytes at a time", (step) => {
    expect(shell(`cat "$FILE" | $CHILD - ${step}`)).toBe(answer(bytes, false));
  });

  it.runIf(linux)("is read by position where it is a file", () => {
    expect(shell(`$CHILD - 65536 < "$FILE"`)).toBe(answer(bytes, true));
  });

  it.runIf(linux)("begins where somebody before us stopped reading the file", () => {
    const script = `{ dd bs=1000 count=3 of=/dev/null 2>/dev/null; $CHILD - 65536; } < "$FILE"`;
    expect(shell(script)).toBe(answer(bytes.subarray(3000), true));
  });

  it("has no bytes when it is closed or empty", () => {
    expect(shell("$CHILD - 8 </dev/null")).toBe(answer(new Uint8Array(0), false));
    expect(shell("$CHILD - 8 <&-")).toBe(answer(new Uint8Array(0), false));
  });

  it("may be a directory, which is an error", () => {
    expect(shell("$CHILD - 8 </")).toBe("is-directory");
  });

  it.runIf(linux)("is read by the names the system has for it", () => {
    expect(shell(`cat "$FILE" | $CHILD /dev/stdin 5000`)).toBe(answer(bytes, false));
    expect(shell(`cat "$FILE" | $CHILD /dev/fd/0 5000`)).toBe(answer(bytes, false));
  });

  it("may come slowly: it is waited for", async () => {
    // Node gives its children a socket pair, written to from a loop that takes its time.
    const child = spawn(process.execPath, [disk.path("child.mjs"), "-", "4096"]);
    let said = "";
    child.stdout.on("data", (text) => (said += text));
    const closed = new Promise((resolve) => child.on("close", resolve));
    for (let at = 0; at < bytes.length; at += 250_000) {
      child.stdin.write(bytes.subarray(at, at + 250_000));
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    child.stdin.end();
    await closed;
    expect(said.trim()).toBe(answer(bytes, false));
  });

  it("stays open when its source is closed", () => {
    const source = openSource("-");
    source.close();
    expect(() => fstatSync(0)).not.toThrow();
  });
});
