/** `convert` and `extract` as a shell sees them: streams, exit codes, interrupts, documents. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { type ConvertFlags, convertCommand } from "../../src/cli/convert.js";
import { fixture, MUTATED, mutated } from "../fixtures/load.js";
import { ROOT } from "../harness.js";

const COMMAND = join(ROOT, "dist/xenstream.cjs");
const FIXTURES = join(ROOT, "test/fixtures");
const folder = mkdtempSync(join(tmpdir(), "xenstream-cli-convert-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(args: readonly string[], input?: Uint8Array) {
  const options = input === undefined ? {} : { input };
  return spawnSync(process.execPath, [COMMAND, ...args], { ...options, maxBuffer: 2 ** 26 });
}

describe("convert", () => {
  it("goes from standard input to standard output, and says the rest on standard error", () => {
    const { status, stdout, stderr } = run(
      ["convert", "-", "-o", "-", "--to", "libxl"],
      fixture("c45-hvm-tiny.legacy"),
    );
    expect(status).toBe(0);
    expect(Buffer.compare(stdout, fixture("c45-hvm-tiny.converted.libxl"))).toBe(0);
    expect(stderr.toString()).toMatch(/standard output: libxl/);
  });

  it("prints one document, with what could not be kept", () => {
    const output = join(folder, "vm.libvirt");
    const source = join(FIXTURES, "xl-hvm-tiny.xlsave");
    const { status, stdout } = run(["convert", source, "-o", output, "--to", "libvirt", "--json"]);
    expect(status).toBe(0);
    const document = JSON.parse(stdout.toString());
    const bytes = readFileSync(output).length;
    expect(document).toMatchObject({ v: 1, command: "convert" });
    expect(document.files[0]).toMatchObject({
      verdict: "accept",
      to: "libvirt",
      output: { file: output, bytes },
    });
    expect(document.files[0].notes.map(({ note }: { note: string }) => note).sort()).toEqual([
      "config-dropped",
      "config-made",
    ]);
  });

  it("exits 1 with the findings and without a file for a source that is rejected", () => {
    const mutation = MUTATED.find(({ name }) => name === "p-type-7");
    if (mutation === undefined) throw new Error("no such mutation");
    const source = join(folder, "broken.xcs");
    writeFileSync(source, mutated(mutation));
    const { status, stdout } = run(["convert", source, "-o", join(folder, "none"), "--to", "xl"]);
    expect(status).toBe(1);
    expect(stdout.toString()).toMatch(/LC-PG-5/);
    expect(stdout.toString()).toMatch(/not converted/);
    expect(readdirSync(folder)).not.toContain("none");
  });

  it("exits 2 for options that do not go together", () => {
    const source = join(FIXTURES, "hvm-tiny.xcs");
    const to = (...more: string[]) => run(["convert", source, "-o", "-", ...more]).status;
    expect(to("--to", "xl", "--keep-checkpoints")).toBe(2);
    expect(to("--to", "libxl", "--config", source)).toBe(2);
    expect(to("--to", "libxl", "--json")).toBe(2);
    expect(to("--to", "xenstore-v1")).toBe(2);
    expect(to("--to", "nothing")).toBe(2);
    expect(to()).toBe(2);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("leaves nothing behind at %s and exits with %i", async (signal, code) => {
    const source = join(folder, "long.xcs");
    writeFileSync(source, longStream(fixture("hvm-tiny.xcs"), 1000));
    const output = join(folder, "interrupted");
    const flags = {
      ...{ output, to: "libxl", compact: false, keepCheckpoints: false },
      ...{ profile: "restore", checkpointed: false, engine: "wasm", maxFindings: 100 },
      ...{ json: false, quiet: true, verbose: false, progress: false, color: "never" },
    } as const;
    const written = () => readdirSync(folder).filter((name) => name.includes("interrupted"));
    const work = convertCommand(source, flags as unknown as ConvertFlags);
    while (written().length === 0) await setTimeout(1);
    process.emit(signal);
    expect(await work).toBe(code);
    expect(written()).toEqual([]);
  });
});

/** The stream with its first PAGE_DATA record sent `times` times. */
function longStream(bytes: Uint8Array, times: number): Uint8Array {
  const buffer = Buffer.from(bytes);
  const HEADERS_BYTES = 40;
  const PAGE_DATA = 1;
  let at = HEADERS_BYTES;
  const next = () => at + 8 + Math.ceil(buffer.readUInt32LE(at + 4) / 8) * 8;
  while (buffer.readUInt32LE(at) !== PAGE_DATA) at = next();
  const record = buffer.subarray(at, next());
  const again = Array.from({ length: times }, () => record);
  return Buffer.concat([buffer.subarray(0, at), ...again, buffer.subarray(next())]);
}

describe("extract --section", () => {
  const sections = (name: string, section: string) =>
    run(["extract", join(FIXTURES, name), "-o", "-", "--section", section]);

  it("gives what a restorer hands on", () => {
    const emulator = sections("libxl-hvm-tiny.libxl", "emulator");
    expect(emulator.stdout.subarray(0, 4).toString()).toBe("QEVM");
    expect(Buffer.compare(sections("libxl-hvm-tiny.libxl", "qemu").stdout, emulator.stdout)).toBe(
      0,
    );
    const context = sections("hvm-tiny.xcs", "hvm-context").stdout;
    expect(context.length).toBeGreaterThan(0);
    expect(Buffer.from(fixture("hvm-tiny.xcs")).includes(context)).toBe(true);
    const config = JSON.parse(sections("xl-hvm-tiny.xlsave", "config").stdout.toString());
    expect(config.c_info.name).toBe("heldout");
    expect(sections("libvirt-hvm-tiny.save", "config").stdout.toString()).toMatch(/^<domain/);
    expect(sections("libxl-hvm-tiny.libxl", "xenstore").stdout.toString()).toMatch(/^physmap\//);
  });

  it("exits 2 for a section that the image has not, and 1 for an image that is rejected", () => {
    expect(sections("hvm-tiny.xcs", "config").status).toBe(2);
    const cut = join(folder, "cut.xcs");
    writeFileSync(cut, fixture("hvm-tiny.xcs").subarray(0, 50_000));
    const output = join(folder, "context");
    expect(run(["extract", cut, "-o", output, "--section", "hvm-context"]).status).toBe(1);
    expect(readdirSync(folder)).not.toContain("context");
  });
});
