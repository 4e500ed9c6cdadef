/**
 * Every sound fixture is what its manifest says: accepted, with these records, page types,
 * parameters and memory, by both engines and memory models, from a file and from a pipe.
 */
import { describe, expect, it } from "vitest";
import type { StreamEvent } from "../../src/stream/index.js";
import { FIXTURE_VCPUS, fixture, GOOD, type GoodFixture } from "../fixtures/load.js";
import type { Ran } from "../harness.js";
import { runSide, SIDES, type Side } from "./sides.js";

/** What is read of an image besides its findings. */
interface Read {
  readonly ran: Ran;
  /** Name and body length of each libxc record, in order. */
  readonly records: readonly (readonly [string, number])[];
  /** Entries of each PAGE_DATA record. */
  readonly batches: readonly number[];
}

function read(side: Side, name: string, facts: GoodFixture, profile: "restore" | "strict"): Read {
  const records: [string, number][] = [];
  const batches: number[] = [];
  const observe = (event: StreamEvent) => {
    if (event.event !== "record" && event.event !== "batch") return;
    const { layer, name: recordName, bodyBytes } = event.head;
    if (layer === "libxc") records.push([recordName, bodyBytes]);
  };
  const ran = runSide(
    side,
    fixture(name),
    {
      profile,
      vcpus: FIXTURE_VCPUS,
      checkpointed: facts.checkpointed !== undefined,
      onBatch: ({ entryCount }) => batches.push(entryCount),
    },
    observe,
  );
  return { ran, records, batches };
}

/** Entries by type as the manifest counts them: types that occur, by number. */
function typeCounts({ image }: Ran): Record<string, number> {
  const counts = image.restorer.guest?.counts.entriesByType ?? [];
  return Object.fromEntries(
    [...counts].flatMap((count, type) => (count === 0 ? [] : [[`0x${type.toString(16)}`, count]])),
  );
}

function hvmParams({ image }: Ran): Record<string, number> {
  const params = [...(image.restorer.domain?.hvmParams ?? [])];
  return Object.fromEntries(params.map(([index, value]) => [String(index), Number(value)]));
}

/** Everything the manifest says of an image, and the same of what was read. */
function account({ ran, records, batches }: Read, facts: GoodFixture) {
  const { domain, guest } = ran.image.restorer;
  const digests = guest === null ? null : ran.digests();
  const { header, oracle } = facts;
  return [
    [ran.verdict, facts.restore],
    [facts.records && records, facts.records],
    [facts.pageDataBatches && batches, facts.pageDataBatches],
    [facts.pfnTypeCounts && typeCounts(ran), facts.pfnTypeCounts],
    [header && { version: domain?.version, xen: domain?.xen }, header && pick(header)],
    [oracle && hvmParams(ran), oracle?.hvmParams],
    [facts.streamMemory && digests?.streamSha256, facts.streamMemory?.sha256],
    [facts.restoredMemory && digests?.restoredSha256, facts.restoredMemory?.sha256],
    [facts.restoredMemory && guest?.engine.stats().populatedPages, facts.restoredMemory?.nrPages],
  ];
}

const pick = ({ version, xen }: { version: number; xen: string }) => ({ version, xen });

describe.each(SIDES)("$name", (side) => {
  it.each([...GOOD])("reads %s as the manifest has it", (name, facts) => {
    for (const [read_, said] of account(read(side, name, facts, "restore"), facts)) {
      expect(read_).toEqual(said);
    }
  });
});

describe("profile strict", () => {
  it.each([...GOOD])("judges %s as the manifest says", (name, facts) => {
    for (const side of SIDES.slice(0, 1)) {
      expect(read(side, name, facts, "strict").ran.verdict).toBe(facts.strict);
    }
  });
});

describe("the manifest", () => {
  it("has records, page types, parameters and memory to hold images to", () => {
    const facts = [...GOOD.values()];
    const having = (key: keyof GoodFixture) => facts.filter((good) => key in good).length;
    expect(having("records")).toBeGreaterThanOrEqual(11);
    expect(having("pfnTypeCounts")).toBeGreaterThanOrEqual(8);
    expect(having("oracle")).toBeGreaterThanOrEqual(12);
    expect(having("restoredMemory")).toBeGreaterThanOrEqual(20);
  });
});
