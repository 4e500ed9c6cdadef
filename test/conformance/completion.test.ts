/**
 * What the simulated restore says it did to memory (`completion`) against what Xen's restorer was
 * seen to do with each fixture: pages cleared, the console page initialised, tables pinned, in order,
 * checkpoints, the end of the static part inferred for version 2. By both engines and memory models,
 * from a file and from a pipe. What it told the hypervisor of vcpus and grants is no memory.
 */
import { describe, expect, it } from "vitest";
import { FIXTURE_VCPUS, fixture, GOOD } from "../fixtures/load.js";
import { runSide, SIDES } from "./sides.js";

const told = [...GOOD].flatMap(([name, { oracle, checkpointed, header }]) =>
  oracle === undefined ? [] : [{ name, oracle, checkpointed, header }],
);
const CLEARED = /^CLEAR_PAGE ([0-9a-f]+)$/;
const PINNED = /^PIN L([1-4]) pfn ([0-9a-f]+)$/;
const CONSOLE = /^CONSOLE_INIT ([0-9a-f]+) clear ([01])$/;

/** Events of memory, as a kind and a pfn. */
function seen(events: readonly string[]): string[] {
  return events.flatMap((event) => {
    const [, cleared] = CLEARED.exec(event) ?? [];
    if (cleared !== undefined) return [`clear ${Number.parseInt(cleared, 16)}`];
    const [, level, table = ""] = PINNED.exec(event) ?? [];
    if (level !== undefined) return [`pin ${level} ${Number.parseInt(table, 16)}`];
    const [, pfn = "", clear] = CONSOLE.exec(event) ?? [];
    if (clear === undefined) return [];
    return [`${clear === "1" ? "clear and " : ""}init ${Number.parseInt(pfn, 16)}`];
  });
}

/** The same of completion steps. */
function done(steps: readonly { readonly what: string; readonly pfn?: number }[]): string[] {
  return steps.flatMap(({ what, pfn }) => {
    if (what === "console page zeroed and initialised") return [`clear and init ${pfn}`];
    if (what === "console page marked for connection") return [`init ${pfn}`];
    const [, level] = /^pinned as a table of level ([1-4])$/.exec(what) ?? [];
    if (level !== undefined) return [`pin ${level} ${pfn}`];
    return what.endsWith("page zeroed") ? [`clear ${pfn}`] : [];
  });
}

describe.each(SIDES)("$name", (side) => {
  it.each(told)("completes $name as Xen did", ({ name, oracle, checkpointed, header }) => {
    const ran = runSide(side, fixture(name), {
      vcpus: FIXTURE_VCPUS,
      checkpointed: checkpointed !== undefined,
    });
    const { domain } = ran.image.restorer;
    expect(done(domain?.completion ?? [])).toEqual(seen(oracle.events));
    const checkpoints = oracle.events.filter((event) => event.startsWith("CHECKPOINT"));
    expect(domain?.checkpoints).toBe(checkpoints.length);
    // Version 2 has no end of its static part.
    const inferred = (domain?.completion ?? []).filter(({ step }) => step === "LC-ORD-3");
    expect(inferred.length).toBe(header?.version === 2 ? 1 : 0);
  });
});
