/** The exit code of an error: its own if it was thrown on purpose, else a bug's. */
import { describe, expect, it } from "vitest";
import { EXIT_BUG, exitCodeOf, isTypedError } from "../../src/cli/exit-codes.js";
import { CapacityError, InputError, InternalError, UsageError } from "../../src/findings/index.js";

describe("the exit code of an error", () => {
  it("is 2 where the input or the user is at fault", () => {
    const capacity = { limit: "max-memory", asked: 1, option: "--max-memory" };
    expect(exitCodeOf(new UsageError("no", { option: "--x" }))).toBe(2);
    expect(exitCodeOf(new InputError("no", { code: "open", source: "x" }))).toBe(2);
    expect(exitCodeOf(new CapacityError("no", capacity))).toBe(2);
  });

  it("is a bug's for what nobody threw on purpose", () => {
    const system = Object.assign(new Error("EIO"), { code: "EIO", errno: -5 });
    for (const error of [new TypeError("x"), system, "text", null, { exitCode: 2, code: "x" }]) {
      expect(exitCodeOf(error)).toBe(EXIT_BUG);
      expect(isTypedError(error)).toBe(false);
    }
    expect(exitCodeOf(new InternalError("x"))).toBe(EXIT_BUG);
  });
});
