/**
 * Whose records stand behind a CHECKPOINT: types 3 to 5 are libxl's in one table and a PV vcpu's in
 * the other. Rules: LC-CP-1, LL-SM-6, LL-CS-4.
 */
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/findings/index.js";
import { readLibxl } from "../../../src/stream/libxl/reader.js";
import { hvmStream } from "../../builders/hvm.js";
import { checkpoint } from "../../builders/libxc.js";
import {
  emulatorContext,
  libxcContext,
  libxlCheckpointed,
  libxlEnd,
  libxlHeader,
} from "../../builders/libxl.js";
import { join, type Part } from "../../builders/parts.js";
import { pvStream, simplePlan, vcpuParts } from "../../builders/pv.js";
import { drive, rulesOf } from "../drive.js";

const PLAN = simplePlan(8);
const [BASIC, EXTENDED, XSAVE] = vcpuParts(PLAN, 0) as [Part, Part, Part];
const BEFORE_END = pvStream(PLAN).slice(0, -1);
const END = pvStream(PLAN).slice(-1);

const read = (parts: readonly Part[], checkpointed: boolean) =>
  drive(readLibxl(0, { checkpointed, limits: DEFAULT_LIMITS }), join(parts), { mode: "pipe" });

/** Names of the records, each with its layer, from the first CHECKPOINT on. */
function behindCheckpoint(driven: ReturnType<typeof read>): string[] {
  const names = driven.events.flatMap((event) =>
    event.event === "record" ? [`${event.head.layer} ${event.head.name}`] : [],
  );
  return names.slice(names.indexOf("libxc CHECKPOINT") + 1);
}

describe("the records behind a checkpoint of a PV guest", () => {
  it.each([
    ["libxc X86_PV_VCPU_BASIC", BASIC],
    ["libxc X86_PV_VCPU_EXTENDED", EXTENDED],
  ])("are the next epoch's, even if the first is a vcpu's: %s", (name, first) => {
    const libxc = [...BEFORE_END, checkpoint(), first, XSAVE, checkpoint()];
    const driven = read(libxlCheckpointed(libxc, []), true);
    expect(driven.error).toBeNull();
    expect(rulesOf(driven)).toEqual([]);
    // The second epoch is given once its own CHECKPOINT_END was.
    expect(behindCheckpoint(driven)).toEqual([
      "libxl CHECKPOINT_END",
      "libxl CHECKPOINT_END",
      name,
      "libxc X86_PV_VCPU_XSAVE",
      "libxc CHECKPOINT",
    ]);
  });

  it("are libxc's in a stream that is not checkpointed, if one has a vcpu's length, LC-CP-1", () => {
    const libxc = [...BEFORE_END, checkpoint(), BASIC, ...END];
    const driven = read([libxlHeader(), libxcContext(), ...libxc, libxlEnd()], false);
    expect(driven.error).toBeNull();
    expect(rulesOf(driven)).toEqual(["LC-CP-1"]);
    expect(behindCheckpoint(driven)).toEqual(["libxc X86_PV_VCPU_BASIC", "libxc END", "libxl END"]);
  });

  it("make it a checkpointed one where CHECKPOINT_END is there, though nobody said so", () => {
    const libxc = [...BEFORE_END, checkpoint(), BASIC, checkpoint()];
    const driven = read(libxlCheckpointed(libxc, []), false);
    expect(driven.error).toBeNull();
    expect(rulesOf(driven)).toEqual([]);
  });
});

describe("the records of libxl in a checkpointed stream", () => {
  it("are numbered through all epochs", () => {
    const [headers, ...records] = hvmStream({ batches: [] }).slice(0, -1) as [Part, ...Part[]];
    const libxc = [headers, ...records, checkpoint(), ...records, checkpoint()];
    const driven = read(libxlCheckpointed(libxc, [emulatorContext()]), true);
    const numbers = driven.events.flatMap((event) =>
      event.event === "record" && event.head.layer === "libxl" ? [event.head.recordIndex] : [],
    );
    expect(numbers).toEqual([0, 1, 2, 3, 4]);
  });
});
