/** Bodies as long as a record may be: judged like short ones, and bounded in what is told of them. */
import { describe, expect, it } from "vitest";
import {
  DEFAULT_LIMITS,
  MAX_CLEARED_LISTED,
  MAX_FAULTS_PER_BODY,
} from "../../src/findings/index.js";
import { RECORD_BODY_MAX } from "../../src/format/index.js";
import { patternPage, zeros } from "../builders/bytes.js";
import { hvmContext, hvmContextBlob, hvmStream } from "../builders/hvm.js";
import { end, type HvmParam, hvmParams, REC } from "../builders/libxc.js";
import { insertBefore, join, libxcRecord, type Part, without } from "../builders/parts.js";
import { runBytes } from "../harness.js";

const LARGE_BYTES = 33 * 1024 ** 2;
const STREAM = hvmStream({ batches: [[{ pfn: 1, page: patternPage(1) }]] });
const withContext = (context: Part) =>
  join([...without(without(STREAM, REC.HVM_CONTEXT), REC.END), context, end()]);

describe("an HVM_CONTEXT of more than 32 MiB", () => {
  it("is judged as any other, HC-1", () => {
    const bad = withContext(hvmContext(zeros(LARGE_BYTES)));
    expect(runBytes(bad).errors).toEqual(["HC-1"]);
  });

  it("is taken where its chain is whole and the rest is never read", () => {
    const blob = new Uint8Array(LARGE_BYTES);
    blob.set(hvmContextBlob());
    expect(runBytes(withContext(hvmContext(blob))).errors).toEqual([]);
  });

  it("is within what may be held by default", () => {
    expect(DEFAULT_LIMITS.maxMetadataBytes).toBeGreaterThanOrEqual(RECORD_BODY_MAX);
  });
});

describe("a body past a limit that a caller lowered", () => {
  const limits = { ...DEFAULT_LIMITS, maxMetadataBytes: 64 };

  it("gives no verdict, but an error that names the limit", () => {
    const run = () => runBytes(withContext(hvmContext(zeros(65))), { limits });
    expect(run).toThrow(expect.objectContaining({ code: "capacity", limit: "maxMetadataBytes" }));
  });

  it("is passed over where its type is unknown and optional, its padding judged: LC-REC-6", () => {
    const record = (padding: number) =>
      libxcRecord(0x8000_0001, zeros(69), { padding: new Uint8Array(3).fill(padding) });
    const judged = (padding: number) => {
      const bytes = join(insertBefore(STREAM, REC.END, record(padding)));
      const { findings } = runBytes(bytes, { limits, profile: "strict" });
      return findings.filter(({ severity }) => severity === "error").map(({ rule }) => rule);
    };
    expect(judged(0)).toEqual([]);
    expect(judged(1)).toEqual(["LC-REC-6"]);
  });
});

describe("HVM_PARAMS with more entries than anybody reads of", () => {
  const count = MAX_CLEARED_LISTED + 10;
  const many: HvmParam[] = Array.from({ length: count }, () => [17, 1]);

  it("tells a bounded number of repeats and of cleared pages", () => {
    const { image, errors, findings } = runBytes(
      join(insertBefore(STREAM, REC.END, hvmParams(many))),
    );
    expect(errors).toEqual([]);
    expect(findings.filter(({ rule }) => rule === "HP-5")).toHaveLength(MAX_FAULTS_PER_BODY);
    const steps = image.restorer.domain?.completion.filter(({ step }) => step === "LC-SIM-4") ?? [];
    expect(steps).toHaveLength(MAX_CLEARED_LISTED + 1);
    expect(steps.at(-1)?.what).toBe("pages cleared 10 more times");
  });

  it("still refuses the one that is refused behind them", () => {
    const refused = hvmParams([...many, [35, 1], [35, 1]]);
    const { errors } = runBytes(join(insertBefore(STREAM, REC.END, refused)));
    expect(errors).toEqual(["HP-3"]);
  });
});
