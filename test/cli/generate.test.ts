import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../../src/cli/index.js";
import type { UsageError } from "../../src/findings/index.js";

const caught = vi.hoisted((): { error: unknown } => ({ error: null }));
vi.mock(import("../../src/cli/output.js"), async (original) => ({
  ...(await original()),
  printError: (error: unknown) => {
    caught.error = error;
  },
}));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "xenstream-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const generate = (...args: readonly string[]) =>
  run(["node", "xenstream", "generate", "--quiet", "-o", join(folder, "vm.save"), ...args]);
const description = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));

describe("xenstream generate", () => {
  it("makes image and description, with every flag in it", async () => {
    const genid = "01020304-0506-0708-090a-0b0c0d0e0f10";
    const flags = "--size 1MiB --seed 7 --guest pvh --container xl --vcpus 3 --live 1 --verify";
    const more = `--zero 50 --repeat 20 --genid ${genid} --stream-version 2`;
    expect(await generate(...`${flags} ${more}`.split(" "))).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(["vm.save", "vm.save.json"]);
    expect(description("vm.save.json").options).toEqual({
      size: 1024 * 1024,
      seed: 7,
      guest: "pvh",
      container: "xl",
      vcpus: 3,
      streamVersion: 2,
      live: 1,
      checkpoints: 0,
      verify: true,
      zero: 50,
      repeat: 20,
      genid: "0102030405060708090a0b0c0d0e0f10",
    });
  });

  it("puts the description where it is told to, or nowhere", async () => {
    const elsewhere = join(folder, "told.json");
    expect(await generate("--size", "1MiB", "--describe", elsewhere)).toBe(0);
    expect(description("told.json").bytes).toBe(readFileSync(join(folder, "vm.save")).length);
    expect(await generate("--size", "1MiB", "--no-describe")).toBe(0);
    expect(readdirSync(folder)).not.toContain("vm.save.json");
  });

  it.each([
    ["--fault LC-NO-1", "LC-PG-5"],
    ["--genid 123", "32 hex digits"],
    ["--size 1", "--size"],
    ["--guest pv64 --fault HP-1", "--guest hvm or pvh"],
  ])("exits with 2 and says what would do: %s", async (flags, advice) => {
    expect(await generate(...flags.split(" "))).toBe(2);
    const { option, allowed } = caught.error as UsageError;
    expect(`${option}: ${allowed}`).toContain(advice);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("leaves nothing behind at %s and exits with %i", async (signal, code) => {
    const work = generate("--size", "512MiB", "--zero", "100", "--digest", "none");
    while (readdirSync(folder).length === 0) await setTimeout(1);
    process.emit(signal);
    expect(await work).toBe(code);
    expect(readdirSync(folder)).toEqual([]);
  });
});
