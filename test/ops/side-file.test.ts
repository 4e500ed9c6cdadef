/** Files beside an image that are read whole: bounded, and told of when they cannot be read. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { InputError, UsageError } from "../../src/findings/index.js";
import { namesInList } from "../../src/ops/index.js";
import { sideFile } from "../../src/ops/side-file.js";

const folder = mkdtempSync(join(tmpdir(), "xenstream-side-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe("a file beside an image", () => {
  it.each([0, 1, 65_535, 65_536, 65_537, 300_000])("is read whole: %i bytes", (count) => {
    const bytes = randomBytes(count);
    const read = sideFile(file(`whole-${count}`, bytes), "--config", count);
    expect(Buffer.compare(read, bytes)).toBe(0);
  });

  it("may not be longer than its limit", () => {
    const path = file("long", randomBytes(70_001));
    expect(() => sideFile(path, "--config", 70_000)).toThrow(UsageError);
    expect(sideFile(path, "--config", 70_001)).toHaveLength(70_001);
  });

  it("does not go on for ever where it does not end", () => {
    expect(() => sideFile("/dev/zero", "--config", 100_000)).toThrow(
      expect.objectContaining({ option: "--config", allowed: "at most 100000 bytes" }),
    );
  });

  it("that cannot be read is an error with a reason", () => {
    expect(() => namesInList(join(folder, "no-list"))).toThrow(InputError);
    expect(() => namesInList(join(folder, "no-list"))).toThrow(/cannot read .*no-list: ENOENT/);
    expect(() => sideFile(folder, "--config", 10)).toThrow(
      expect.objectContaining({ code: "config", source: folder }),
    );
  });

  it("may be a list of names", () => {
    expect(namesInList(file("list", "one\ntwo\n"))).toEqual(["one", "two"]);
  });
});
