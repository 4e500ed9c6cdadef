/** Outcomes wait on disk: any order in, input order out, as they were, more than once. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { InputError } from "../../src/findings/index.js";
import { OutcomeSpool } from "../../src/ops/index.js";
import { GOOD } from "../report/documents.js";
import { failed, HOSTILE, judged, rotten } from "../report/files/batches.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "xenstream-spool-"));
  vi.stubEnv("TMPDIR", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe("outcomes on disk", () => {
  it("come back in input order, whatever order they were put in", () => {
    const spool = new OutcomeSpool();
    const names = ["a", "b", "c", "d"];
    for (const index of [2, 0, 3, 1]) spool.put(index, failed(names[index] ?? ""));
    expect([...spool.outcomes()].map(({ file }) => file)).toEqual(names);
    spool.close();
  });

  it("come back as they were, each time", () => {
    const spool = new OutcomeSpool();
    const outcomes = [...HOSTILE, rotten("rotten", 5_000), judged(GOOD)];
    for (const [index, outcome] of outcomes.entries()) spool.put(index, outcome);
    expect([...spool.outcomes()]).toEqual(outcomes);
    expect([...spool.outcomes()]).toEqual(outcomes);
    spool.close();
  });

  it("leave out what never came, and count the later of two", () => {
    const spool = new OutcomeSpool();
    spool.put(5, failed("first"));
    spool.put(5, judged(GOOD, "second"));
    spool.put(9, failed("last"));
    expect([...spool.outcomes()].map(({ file }) => file)).toEqual(["second", "last"]);
    spool.close();
  });

  it("are in a file without a name: nothing is left, however the process ends", () => {
    const spool = new OutcomeSpool();
    spool.put(0, failed("x"));
    expect(readdirSync(folder)).toEqual([]);
    spool.close();
  });

  it("are refused with a typed error where there is no place for them", () => {
    vi.stubEnv("TMPDIR", join(folder, "missing"));
    expect(() => new OutcomeSpool()).toThrow(InputError);
  });
});
