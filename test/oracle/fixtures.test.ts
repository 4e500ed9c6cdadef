/**
 * The oracle against what Xen did: each stored image and each mutation of one that it can walk,
 * with verdict, records, parameters and memory. The files and mutations themselves are checked too.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FIXTURE_VCPUS, fixture, GOOD, MUTATED, mutated } from "../fixtures/load.js";
import { walk } from "./walker.js";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Formats the oracle walks, by the kind of a fixture. */
const isWalked = (kind: string, inner = ""): boolean =>
  ["libxc", "libxl", "xl"].includes(kind) && !inner.endsWith(".legacy");
const walkable = [...GOOD].filter(([, facts]) => isWalked(facts.kind, facts.inner));

describe("the fixtures", () => {
  it.each([...GOOD])("%s is the file of the manifest", (name, facts) => {
    const bytes = fixture(name);
    expect(bytes.length).toBe(facts.bytes);
    expect(sha256(bytes)).toBe(facts.sha256);
  });

  it.each(MUTATED.map((mutation) => [mutation.name, mutation] as const))(
    "mutation %s gives the bytes of the manifest",
    (_, mutation) => {
      const bytes = mutated(mutation);
      expect(bytes.length).toBe(mutation.bytes);
      expect(sha256(bytes)).toBe(mutation.sha256);
    },
  );

  it("no mutation has the name of another", () => {
    expect(new Set(MUTATED.map(({ name }) => name)).size).toBe(MUTATED.length);
  });
});

describe("the oracle on sound images", () => {
  it.each(walkable)("%s is accepted, with the records and page types it has", (name, facts) => {
    const checkpointed = facts.checkpointed !== undefined;
    const judgement = walk(fixture(name), { vcpus: FIXTURE_VCPUS, checkpointed });
    expect(judgement.firstFault).toBeNull();
    expect(judgement.consumedBytes).toBe(facts.bytes);
    if (facts.records) expect(judgement.records).toEqual(facts.records.map(([record]) => record));
    if (facts.pfnTypeCounts) expect(judgement.typeCounts).toEqual(facts.pfnTypeCounts);
    if (facts.oracle) {
      const params = [...judgement.params].map(([index, value]) => [String(index), Number(value)]);
      expect(Object.fromEntries(params)).toEqual(facts.oracle.hvmParams);
    }
  });

  it.each(walkable)("%s leaves the memory that Xen's restorer made of it", (name, facts) => {
    const checkpointed = facts.checkpointed !== undefined;
    const judgement = walk(fixture(name), { vcpus: FIXTURE_VCPUS, checkpointed });
    expect(judgement.streamPages.size).toBe(facts.streamMemory?.nrPages);
    expect(judgement.streamSha256).toBe(facts.streamMemory?.sha256);
    expect(judgement.populated.size).toBe(facts.restoredMemory?.nrPages);
    expect(judgement.restoredSha256).toBe(facts.restoredMemory?.sha256);
  });

  it("a checkpointed libxl stream needs no option, a bare one does", () => {
    const libxl = fixture("libxl-hvm-remus.libxl");
    const bare = fixture("hvm-remus-1.xcs");
    expect(walk(libxl).verdict).toBe("accept");
    expect(walk(libxl).restore?.checkpoints).toBe(4);
    expect(walk(bare).firstFault).toEqual({ rule: "LC-CP-1", byteOffset: 246_504 });
  });
});

describe("the oracle on mutations", () => {
  const cases = MUTATED.filter(({ base }) => {
    const facts = base === null ? undefined : GOOD.get(base);
    return facts !== undefined && isWalked(facts.kind, facts.inner);
  });

  it.each(cases.map((mutation) => [mutation.name, mutation] as const))(
    "%s gets the verdict of Xen's restorer",
    (_, mutation) => {
      const { checkpointed } = mutation;
      const judgement = walk(mutated(mutation), { vcpus: FIXTURE_VCPUS, checkpointed });
      expect(judgement.verdict).toBe(mutation.restore);
      if (mutation.restore === "reject") {
        const { rule, byteOffset } = mutation;
        expect(judgement.firstFault).toEqual({ rule, byteOffset });
      }
      if (mutation.streamMemory) {
        expect(judgement.streamSha256).toBe(mutation.streamMemory.sha256);
        expect(judgement.restoredSha256).toBe(mutation.restoredMemory?.sha256);
      }
    },
  );
});

/** All files that a file reaches through relative imports, itself included. */
function reached(start: string): string[] {
  const seen = new Set([new URL(start, import.meta.url).pathname]);
  // A set hands out what is added to it while it is walked.
  for (const path of seen) {
    const imports = readFileSync(path, "utf8").matchAll(
      /^(?:import|export|\}).* from "(\.[^"]+)";$/gm,
    );
    for (const [, target = ""] of imports) {
      seen.add(new URL(target.replace(/\.js$/, ".ts"), `file://${path}`).pathname);
    }
  }
  return [...seen];
}

describe("the oracle's independence", () => {
  it.each([
    "./walker.ts",
    "../builders/mutate.ts",
    "../fixtures/load.ts",
    "../fixtures/by-hand.ts",
  ])("%s reaches nothing in src", (start) => {
    const files = reached(start);
    const tests = new URL("../", import.meta.url).pathname;
    expect(files.length).toBeGreaterThan(1);
    expect(files.filter((path) => !path.startsWith(tests))).toEqual([]);
  });
});
