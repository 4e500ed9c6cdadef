/** What report files say of a finding: each of its values once, wherever the message has them. */
import { describe, expect, it } from "vitest";
import {
  githubAnnotations,
  htmlReport,
  junitReport,
  sarifReport,
} from "../../../src/report/files/index.js";
import { bad, finding } from "../documents.js";
import { judged, textOf } from "./batches.js";

const VALUES = { expected: "EXPECTED", actual: "ACTUAL" };

describe("a finding in a report file", () => {
  it.each([
    ["junit", junitReport],
    ["sarif", sarifReport],
    ["html", htmlReport],
    ["github", githubAnnotations],
  ] as const)("tells its values once, as the message has them at its end (%s)", (_, format) => {
    const said = finding({ ...VALUES, message: "It is wrong: found ACTUAL, expected EXPECTED." });
    const unsaid = finding({ ...VALUES, message: "It is wrong." });
    const [one, other] = [said, unsaid].map((fault) => textOf(format, [judged(bad(fault))]));
    expect(one).toContain("EXPECTED");
    expect(one).toBe(other);
  });
});
