/** A PAGE_DATA record that its sink does not want is passed over whole, of a pipe as of a file. */
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/findings/index.js";
import { readLibxc } from "../../../src/stream/libxc/reader.js";
import { patternPage } from "../../builders/bytes.js";
import { hvmStream } from "../../builders/hvm.js";
import { join } from "../../builders/parts.js";
import { drive, rulesOf } from "../drive.js";

const BATCHES = [[{ pfn: 1, page: patternPage(1) }], [{ pfn: 2, page: patternPage(2) }]];
const STREAM = join(hvmStream({ batches: BATCHES }));

const read = (bytes: Uint8Array, mode: "file" | "pipe") => {
  const reader = readLibxc(0, { checkpointed: false, limits: DEFAULT_LIMITS });
  return drive(reader, bytes, { mode, refuse: true });
};

describe("a batch that is refused at its head", () => {
  it.each(["file", "pipe"] as const)("is passed over, and the next record is read (%s)", (mode) => {
    const driven = read(STREAM, mode);
    expect(driven.error).toBeNull();
    expect(rulesOf(driven)).toEqual([]);
    expect(driven.result?.byteOffset).toBe(STREAM.length);
    expect(driven.batches.map(({ wholePages, entries }) => [wholePages, entries])).toEqual([
      [0, []],
      [0, []],
    ]);
  });

  it.each(["file", "pipe"] as const)("is cut where its last byte is missing (%s)", (mode) => {
    const [headers, ...records] = hvmStream({ batches: BATCHES.slice(0, 1) });
    const upTo = records.findIndex(({ type }) => type === 1);
    if (headers === undefined) throw new Error("a stream has headers");
    const cut = join([headers, ...records.slice(0, upTo + 1)]).subarray(0, -1);
    expect(rulesOf(read(cut, mode))).toEqual(["LC-REC-5"]);
  });
});
