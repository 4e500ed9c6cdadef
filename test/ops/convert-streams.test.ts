/**
 * Conversions of random sound streams, and of what comes through a pipe: strict accepts what was
 * written, memory is what it was, and a pipe gives what a file gives.
 */
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { randomStream } from "../builders/random-stream.js";
import { runBytes } from "../harness.js";
import { convert, FIXTURES, GUEST_TARGETS, stored, unused } from "./convert-support.js";

describe("random sound streams", () => {
  it("come out strict, with the memory they were meant to leave", async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const stream = randomStream(seed);
      const { checkpointed } = stream;
      const vcpus = stream.vcpus ?? null;
      const before = runBytes(stream.bytes, { checkpointed, vcpus });
      if (before.verdict === "reject") continue;
      const digests = before.digests();
      const { streamSha256 } = digests;
      const source = stored(stream.bytes);
      for (const compact of [false, true]) {
        const to = GUEST_TARGETS[seed % GUEST_TARGETS.length] ?? "libxc";
        const { bytes } = await convert(source, to, { checkpointed, vcpus, compact });
        const ran = runBytes(bytes, { profile: "strict", vcpus });
        expect([seed, compact, ran.errors]).toEqual([seed, compact, []]);
        const after = ran.digests();
        expect([seed, compact, after.streamSha256]).toEqual([seed, compact, streamSha256]);
        // Registers stay behind the pages that they were sent behind.
        if (!compact) expect([seed, after.restoredSha256]).toEqual([seed, digests.restoredSha256]);
      }
      if (!checkpointed) continue;
      const more = { checkpointed, vcpus, keepCheckpoints: true };
      const { bytes } = await convert(source, "libxc", more);
      const ran = runBytes(bytes, { profile: "strict", vcpus, checkpointed });
      expect([seed, ran.errors]).toEqual([seed, []]);
      expect(ran.digests()).toEqual(digests);
    }
  });
});

describe("a pipe", () => {
  for (const name of [
    "hvm-tiny.xcs",
    "pv64-tiny.xcs",
    "c45-hvm-tiny.legacy",
    "libxl-hvm-remus.libxl",
  ]) {
    it(`gives what the file ${name} gives`, async () => {
      const pipe = unused("pipe");
      execFileSync("mkfifo", [pipe]);
      for (const compact of [false, true]) {
        const file = await convert(join(FIXTURES, name), "libxl", { compact });
        spawn("sh", ["-c", 'cat "$0" > "$1"', join(FIXTURES, name), pipe], { stdio: "ignore" });
        const piped = await convert(pipe, "libxl", { compact });
        expect(Buffer.compare(piped.bytes, file.bytes)).toBe(0);
      }
    });
  }
});

it("leaves VERIFY and what is behind it out of what comes from a pipe", async () => {
  const pipe = unused("pipe");
  execFileSync("mkfifo", [pipe]);
  let seen = 0;
  for (let seed = 1; seen < 3 && seed < 200; seed += 1) {
    const { bytes, guest, vcpus = null } = randomStream(seed);
    if (guest !== "hvm") continue;
    const before = runBytes(bytes, { vcpus });
    if (before.verdict === "reject" || !before.image.restorer.domain?.recordTypes.has("VERIFY"))
      continue;
    seen += 1;
    const { streamSha256 } = before.digests();
    spawn("sh", ["-c", 'cat "$0" > "$1"', stored(bytes), pipe], { stdio: "ignore" });
    const { bytes: piped, notes } = await convert(pipe, "libxc", { vcpus });
    expect(notes).toContain("verify-dropped");
    const ran = runBytes(piped, { profile: "strict", vcpus });
    expect(ran.errors).toEqual([]);
    expect(ran.digests().streamSha256).toBe(streamSha256);
  }
  expect(seen).toBe(3);
});
