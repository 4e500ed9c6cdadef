/** What comes out of a queue is a claim: only what is understood whole is taken. */
import { describe, expect, it } from "vitest";
import { parseHead, parseJob, parseOutcome } from "../../../src/batch/queue/payload.js";
import { SETTINGS } from "../support.js";
import { outcomeFor } from "./support.js";

const HEAD = { v: 1, tool: "0.1.0", settings: SETTINGS, lockMs: 1000, lostWorkers: 2 };
const JOB = { index: 0, file: "a.save", bytes: 7, at: "/images/a.save" };

describe("the head of a batch", () => {
  it("is taken as it was sent", () => {
    expect(parseHead(JSON.stringify(HEAD), "0.1.0").head).toEqual(HEAD);
  });

  it("of another version is refused with both versions", () => {
    for (const [v, tool, said] of [
      [2, "1.0.0", "xenstream 1.0.0, payload 2"],
      [undefined, undefined, "xenstream unknown, payload ?"],
    ]) {
      const { refusal } = parseHead(JSON.stringify({ ...HEAD, v, tool }), "0.1.0");
      expect(refusal).toContain(said);
      expect(refusal).toContain("this is xenstream 0.1.0, payload 1");
    }
    expect(parseHead("no JSON", "0.1.0").refusal).toContain("payload ?");
    expect(parseHead("null", "0.1.0").refusal).toContain("payload ?");
  });

  it.each([
    ["a setting that is not known", { ...SETTINGS, salvage: true }],
    ["a setting that is missing", { ...SETTINGS, readData: undefined }],
    ["a setting of another kind", { ...SETTINGS, vcpus: "2" }],
    ["a name that is not known", { ...SETTINGS, operation: "extract" }],
    ["no settings", null],
  ])("with %s is refused", (_what, settings) => {
    const { head, refusal } = parseHead(JSON.stringify({ ...HEAD, settings }), "0.1.0");
    expect(head).toBeUndefined();
    expect(refusal).toContain("its settings are not understood");
  });
});

describe("a job from a queue", () => {
  it("is taken as it was sent", () => {
    expect(parseJob(JOB)).toEqual(JOB);
    const { at: _at, ...plain } = JOB;
    expect(parseJob({ ...plain, bytes: null })).toEqual({ ...plain, bytes: null });
  });

  it.each([null, [], "job", { ...JOB, file: 1 }, { ...JOB, index: -1 }, { ...JOB, more: 1 }, {}])(
    "is none: %j",
    (data) => {
      expect(parseJob(data)).toBeNull();
    },
  );
});

describe("an outcome from a queue", () => {
  it("is taken if it is of that image", () => {
    expect(parseOutcome(outcomeFor(JOB), JOB)).toEqual(outcomeFor(JOB));
    const judged = { v: 1, type: "file", file: "a.save", verdict: "accept" };
    expect(parseOutcome(judged, JOB)).toEqual(judged);
  });

  it.each([
    null,
    "done",
    outcomeFor({ ...JOB, file: "b.save" }),
    { v: 1, type: "file", file: "a.save" },
    { v: 1, type: "file", file: "a.save", verdict: "maybe" },
    { v: 2, type: "file", file: "a.save", verdict: "accept" },
  ])("is none: %j", (value) => {
    expect(parseOutcome(value, JOB)).toBeNull();
  });
});
