import { execFileSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../../src/findings/index.js";
import { openOutput, removeParts, writeOutput } from "../../src/ops/output.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "xenstream-output-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("an output file", () => {
  it("appears under its name only once it is closed, with all that was written", () => {
    const path = join(folder, "out");
    const output = openOutput(path);
    const big = new Uint8Array(3 * 1024 * 1024).fill(7);
    output.write(Uint8Array.of(1, 2, 3));
    output.write(big);
    output.write(Uint8Array.of(9));
    expect(readdirSync(folder)).not.toContain("out");
    output.close();
    expect(readdirSync(folder)).toEqual(["out"]);
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(big.length + 4);
    expect([bytes[0], bytes[3], bytes.at(-1)]).toEqual([1, 7, 9]);
    expect(output.byteCount).toBe(bytes.length);
  });

  it("leaves nothing behind when it is given up, and the file that was there before", () => {
    const path = join(folder, "out");
    writeFileSync(path, "before");
    const stop = new Error("stop");
    expect(() =>
      writeOutput(path, (output) => {
        output.write(Uint8Array.of(1));
        throw stop;
      }),
    ).toThrow(stop);
    expect(readdirSync(folder)).toEqual(["out"]);
    expect(readFileSync(path, "utf8")).toBe("before");
  });

  it("may be given up twice, and after it was closed", () => {
    const output = openOutput(join(folder, "out"));
    output.close();
    output.abort();
    expect(readdirSync(folder)).toEqual(["out"]);
    const other = openOutput(join(folder, "other"));
    other.abort();
    other.abort();
    expect(readdirSync(folder)).toEqual(["out"]);
  });

  it("replaces the file that a link names, not the link", () => {
    writeFileSync(join(folder, "real"), "before");
    symlinkSync(join(folder, "real"), join(folder, "link"));
    writeOutput(join(folder, "link"), (output) => output.write(Uint8Array.of(65)));
    expect(readFileSync(join(folder, "real"), "utf8")).toBe("A");
  });

  it("of a killed process can be removed, and nothing else with it", () => {
    const path = join(folder, "out");
    const others = [".out.part", ".other.0123456789ab.part", "out", ".out.0123456789ab.parts"];
    for (const name of others) writeFileSync(join(folder, name), "");
    // What a process that is killed now leaves behind.
    openOutput(path);
    expect(readdirSync(folder).length).toBe(others.length + 1);
    removeParts([path, join(folder, "none/at/all")]);
    expect(readdirSync(folder).sort()).toEqual(others.sort());
  });

  it("writes to a device directly", () => {
    writeOutput("/dev/null", (output) => output.write(Uint8Array.of(65)));
    expect(execFileSync("test", ["-c", "/dev/null"]).length).toBe(0);
  });

  it("is an input error with the path if it cannot be made", () => {
    const path = join(folder, "none", "out");
    expect(() => openOutput(path)).toThrow(InputError);
    expect(() => openOutput(folder)).toThrow(InputError);
  });
});
