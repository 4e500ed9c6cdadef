/** What extract writes to a pipe is what it writes to a file, whose holes nobody writes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { patternPage } from "../builders/bytes.js";
import { hvmStream } from "../builders/hvm.js";
import { join as joinParts } from "../builders/parts.js";
import { ROOT } from "../harness.js";

const folder = mkdtempSync(join(tmpdir(), "xenstream-pipe-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("memory that is extracted to a pipe", () => {
  it.each(["raw", "elf", "lime"])("is that of a file, holes as zeros, %s", (format) => {
    const path = join(folder, "holes");
    const out = join(folder, `holes.${format}`);
    const page = (pfn: number) => ({ pfn, page: patternPage(pfn) });
    writeFileSync(path, joinParts(hvmStream({ batches: [[page(1), page(5), page(40)]] })));
    const run = (output: string) => {
      const args = ["extract", path, "--format", format, "-o", output];
      return spawnSync(process.execPath, [join(ROOT, "dist/xenstream.cjs"), ...args]);
    };
    expect(run(out).status).toBe(0);
    const piped = run("-");
    expect(piped.status).toBe(0);
    expect(Buffer.compare(piped.stdout, readFileSync(out))).toBe(0);
  });
});
