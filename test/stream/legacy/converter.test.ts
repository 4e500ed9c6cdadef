/**
 * Holds the legacy reader against Xen's own converter: the records that it gives, written one after
 * another, are byte for byte what the converter wrote from the same stream.
 */
import { describe, expect, it } from "vitest";
import { detect } from "../../../src/stream/detect.js";
import { concat, u32le } from "../../builders/bytes.js";
import { DOMAIN_HVM, DOMAIN_PV, headers } from "../../builders/libxc.js";
import {
  emulatorContext,
  LIBXL_REC,
  libxcContext,
  libxlEnd,
  libxlHeader,
} from "../../builders/libxl.js";
import { join, libxcRecord, libxlRecord, type Part } from "../../builders/parts.js";
import { fixture, GOOD } from "../../fixtures/load.js";
import { read, sections } from "./read.js";

/** What the converter writes into its output: Xen 0.1, "came from the converter", no emulator id. */
const XEN = { xenMajor: 0, xenMinor: 1 } as const;
const FROM_CONVERTER = 2;
const EMULATOR_UNKNOWN = 0;

type Driven = ReturnType<typeof read>;

function libxcParts(driven: Driven, guest: "hvm" | "pv"): Part[] {
  const parts = [headers({ ...XEN, type: guest === "pv" ? DOMAIN_PV : DOMAIN_HVM })];
  for (const event of driven.events) {
    if (event.event === "record" && event.body !== null) {
      parts.push(libxcRecord(event.head.type, event.body));
    }
    if (event.event !== "batch") continue;
    const seen = driven.batches.find((batch) => batch.event === event);
    if (seen === undefined) throw new Error("a batch was not seen");
    const count = concat(u32le(seen.entryCount), u32le(0));
    parts.push(libxcRecord(event.head.type, [count, ...seen.entries, ...seen.pages.values()]));
  }
  return parts;
}

function libxlParts(driven: Driven, guest: "hvm" | "pv"): Part[] {
  const emulator = sections(driven).map(({ name, body }) => {
    const content = body ?? new Uint8Array(0);
    if (name === "emulator") return emulatorContext(content, EMULATOR_UNKNOWN);
    const head = concat(u32le(EMULATOR_UNKNOWN), u32le(0));
    return libxlRecord(LIBXL_REC.EMULATOR_XENSTORE_DATA, [head, content]);
  });
  const start = [libxlHeader({ options: FROM_CONVERTER }), libxcContext()];
  return [...start, ...libxcParts(driven, guest), ...emulator, libxlEnd()];
}

describe("Xen's converter", () => {
  const streams = [...GOOD].filter(([, facts]) => facts.kind === "legacy");

  it("was asked about streams of both widths and both kinds of guest", () => {
    expect(new Set(streams.map(([, { toolstackWidth }]) => toolstackWidth))).toEqual(
      new Set([32, 64]),
    );
    expect(new Set(streams.map(([, { guest }]) => guest?.slice(0, 2)))).toEqual(
      new Set(["hv", "pv"]),
    );
  });

  for (const [name, facts] of streams) {
    it(`writes the same records from ${name}`, () => {
      const bytes = fixture(name);
      const detected = detect(bytes.subarray(0, 64));
      if (detected.name !== "legacy" || facts.conversions === undefined) throw new Error(name);
      const { width, guest } = detected.legacy;
      expect(width).toBe(facts.toolstackWidth);
      const driven = read(bytes, { width });
      expect(driven.error).toBeNull();
      expect(driven.result).toBe(bytes.length);
      const same = (parts: readonly Part[], other: string) =>
        Buffer.compare(join(parts), fixture(other)) === 0;
      expect(same(libxcParts(driven, guest), facts.conversions.libxc)).toBe(true);
      expect(same(libxlParts(driven, guest), facts.conversions.libxl)).toBe(true);
    });
  }
});
