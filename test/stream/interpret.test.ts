/** Inspection of a record by its layer and type. */
import { describe, expect, it } from "vitest";
import { interpretRecord } from "../../src/stream/interpret.js";
import { contextAt, words } from "./support.js";

describe("a record for inspection", () => {
  const tsc = words(0, 1000, 0, 0, 0, 0);

  it("of a legacy stream is the libxc record that it stands for", () => {
    const context = contextAt("X86_TSC_INFO", null, "legacy");
    const printed = interpretRecord("libxc", 0x08, tsc, context);
    expect(printed).toMatchObject({ khz: 1000, mode_name: "default" });
    expect(interpretRecord("legacy", 0x08, tsc, context)).toEqual(printed);
  });

  it("of a libxl stream is read by its own table", () => {
    const context = contextAt("CHECKPOINT_STATE", null, "libxl");
    expect(interpretRecord("libxl", 5, words(2), context)).toMatchObject({ control_id: 2 });
  });

  it("is left out where it does not frame, or no codec knows it", () => {
    expect(interpretRecord("libxc", 0x08, words(0), contextAt("X86_TSC_INFO"))).toBeUndefined();
    expect(interpretRecord("libxc", 0x99, tsc, contextAt("0x99"))).toBeUndefined();
    expect(
      interpretRecord("xenstore", 0x01, tsc, contextAt("X", null, "xenstore")),
    ).toBeUndefined();
  });
});
