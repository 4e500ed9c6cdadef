/**
 * Every mutation of a fixture gets the verdict its table names, in both profiles and by both
 * engines; a rejection names the rule, and the memory of those that restore is as the manifest says.
 */
import { describe, expect, it } from "vitest";
import type { Profile } from "../../src/findings/index.js";
import { FIXTURE_VCPUS, MUTATED, type MutatedFixture, mutated } from "../fixtures/load.js";
import type { Mutation } from "../fixtures/mutations.js";
import type { Ran } from "../harness.js";
import { runSide, type Side, VERDICT_SIDES } from "./sides.js";

type Case = Mutation & MutatedFixture;

function judge(side: Side, mutation: Case, profile: Profile): Ran {
  const { checkpointed } = mutation;
  return runSide(side, mutated(mutation), { profile, vcpus: FIXTURE_VCPUS, checkpointed });
}

/**
 * Rules that say the same of a case as the one in its table: a domain header that is cut is not of
 * a type, and is not whole either.
 */
const ALSO: Readonly<Record<string, readonly string[]>> = { "LC-DOM-1": ["LC-REC-5"] };

describe.each(VERDICT_SIDES)("$name", (side) => {
  it.each(MUTATED)("$name: $what", (mutation) => {
    const restore = judge(side, mutation, "restore");
    expect(restore.verdict).toBe(mutation.restore);
    const { guest } = restore.image.restorer;
    const { streamMemory, restoredMemory } = mutation;
    if (restore.verdict === "accept" && restoredMemory !== undefined) {
      expect(guest?.engine.stats().populatedPages).toBe(restoredMemory.nrPages);
      expect(restore.digests()).toEqual({
        streamSha256: streamMemory?.sha256,
        restoredSha256: restoredMemory.sha256,
      });
    }
    const strict = judge(side, mutation, "strict");
    if (mutation.strict !== null) expect(strict.verdict).toBe(mutation.strict);
    const { rule } = mutation;
    if (rule === null) return;
    const sayers = [rule, ...(ALSO[rule] ?? [])];
    if (mutation.restore === "reject") expect(sayers).toContain(restore.errors[0]);
    const named = strict.findings.map((finding) => finding.rule);
    expect(sayers.some((sayer) => named.includes(sayer))).toBe(true);
  });
});

describe("findings", () => {
  it("are equal by both engines, byte for byte", () => {
    const [one, other] = VERDICT_SIDES as [Side, Side];
    for (const mutation of MUTATED) {
      for (const profile of ["restore", "strict"] as const) {
        const text = (side: Side) => JSON.stringify(judge(side, mutation, profile).findings);
        expect(text(other)).toBe(text(one));
      }
    }
  });
});
