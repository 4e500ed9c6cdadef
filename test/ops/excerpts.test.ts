/** Excerpts: the bytes around a fault, put into the first findings of each rule. */
import { describe, expect, it } from "vitest";
import { type FileResult, type Finding, InputError } from "../../src/findings/index.js";
import { BufferSource, type Source } from "../../src/input/index.js";
import { withExcerpts } from "../../src/ops/excerpts.js";

const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);
const source = new BufferSource(bytes, "test");
const finding = (byteOffset: number, rule = "LC-PG-5"): Finding => ({
  rule,
  severity: "error",
  layer: "libxc",
  byteOffset,
  message: "m",
});
const result = (...findings: Finding[]) => ({ findings }) as unknown as FileResult;
const excerpts = async (from: Source, ...findings: Finding[]) =>
  (await withExcerpts(result(...findings), from)).findings.map(({ excerpt }) => excerpt);

describe("an excerpt", () => {
  it("is the line of 16 bytes that the fault is in, and the next", async () => {
    const [excerpt] = await excerpts(source, finding(37));
    expect(excerpt?.byteOffset).toBe(32);
    expect(excerpt?.hex).toBe(Buffer.from(bytes.subarray(32, 64)).toString("hex"));
  });

  it("goes on to the last byte of the field, four lines at most", async () => {
    const field = (byteOffset: number, count: number) => ({
      ...finding(5),
      field: { byteOffset, bytes: count },
    });
    const given = await excerpts(source, field(36, 4), field(6, 60), field(0, 100));
    expect(given.map((excerpt) => (excerpt?.hex.length ?? 0) / 2)).toEqual([48, 64, 64]);
  });

  it("ends where the input ends", async () => {
    const [excerpt] = await excerpts(source, finding(99));
    expect(excerpt).toEqual({ byteOffset: 96, hex: "60616263" });
  });

  it("is the last line of the input for a fault behind its end", async () => {
    expect(await excerpts(source, finding(100), finding(2 ** 50))).toEqual([
      { byteOffset: 96, hex: "60616263" },
      { byteOffset: 96, hex: "60616263" },
    ]);
    expect(await excerpts(new BufferSource(new Uint8Array(0), "empty"), finding(0))).toEqual([
      undefined,
    ]);
  });

  it("comes with the first three findings of each rule", async () => {
    const many = Array.from({ length: 5 }, () => finding(0));
    const given = await excerpts(source, ...many, finding(0, "LC-PG-6"));
    expect(given.map((excerpt) => excerpt !== undefined)).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  it("is left out where the input cannot be read again, and where it can no longer be read", async () => {
    const pipe = { ...source, seekable: false } as unknown as Source;
    const failing = {
      seekable: true,
      size: 100,
      read() {
        throw new InputError("gone", { code: "read-failed", source: "test" });
      },
    } as unknown as Source;
    expect(await excerpts(pipe, finding(0))).toEqual([undefined]);
    expect(await excerpts(failing, finding(0))).toEqual([undefined]);
  });
});
