/**
 * Xenstore streams with watches as xenstored 4.22 writes them: the one fault that a conversion
 * mends, so that what no daemon can read becomes a stream that all can.
 */
import { execFileSync, spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import { XenstoreStream } from "../builders/xenstore.js";
import { runBytes } from "../harness.js";
import { convert, stored, unused } from "./convert-support.js";

const short = { path: "/abc", token: "t", form: 8, asWritten: true } as const;
const asDocumented = { path: "/abc", token: "t", depth: 0xffff } as const;
const written = () => new XenstoreStream().connection().extended(short).node("/").end();

describe("a watch that is 8 bytes short of its len", () => {
  it("comes out in the document's form, with all that stands behind it, XS-WEX-3", async () => {
    const mended = new XenstoreStream().connection().extended(asDocumented).node("/").end();
    const older = new XenstoreStream({ version: 1 }).connection().watch("/abc").node("/").end();
    expect(runBytes(written()).errors).toEqual(["XS-WEX-3"]);
    const notes = ["depth-unknown", "shifted-watch-mended"];
    const again = await convert(stored(written()), "xenstore-v2");
    expect([again.notes.toSorted(), again.bytes]).toEqual([notes, Buffer.from(mended)]);
    const to1 = await convert(stored(written()), "xenstore-v1");
    expect([to1.notes, to1.bytes]).toEqual([["depth-unknown"], Buffer.from(older)]);
    expect(runBytes(again.bytes, { profile: "strict" }).errors).toEqual([]);
  });

  it("does so through a pipe", async () => {
    const pipe = unused("pipe");
    execFileSync("mkfifo", [pipe]);
    spawn("sh", ["-c", 'cat "$0" > "$1"', stored(written()), pipe], { stdio: "ignore" });
    const { bytes } = await convert(pipe, "xenstore-v2");
    expect(bytes).toEqual((await convert(stored(written()), "xenstore-v2")).bytes);
  });

  it("does not come out where something else is wrong too", async () => {
    const other = new XenstoreStream().connection().extended(short).watch("/a", "t", 7).end();
    expect(runBytes(other).errors.toSorted()).toEqual(["XS-WAT-1", "XS-WEX-3"]);
    await expect(convert(stored(other), "xenstore-v2")).rejects.toThrow(/refused/);
  });
});
