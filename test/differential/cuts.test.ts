/**
 * Real streams cut at every structural boundary, one byte before and one behind it, and fed to the
 * readers one byte at a time: both engines, file and pipe, and the oracle agree on every piece.
 */
import { describe, expect, it } from "vitest";
import { FIXTURE_VCPUS, fixture, GOOD } from "../fixtures/load.js";
import { runBytes } from "../harness.js";
import { disagreementsOn, type Told } from "./compare.js";

/** Small streams of every kind that the oracle walks. */
const STREAMS = [
  "hvm-tiny.xcs",
  "v2-xen46-hvm-tiny.xcs",
  "pv64-tiny.xcs",
  "hvm-remus-1.xcs",
  "libxl-hvm-tiny.libxl",
  "xl-hvm-tiny.xlsave",
] as const;

function toldOf(name: string): Told {
  return { checkpointed: GOOD.get(name)?.checkpointed !== undefined, vcpus: FIXTURE_VCPUS };
}

/** Where headers, records, bodies and containers begin and end. */
function boundaries(bytes: Uint8Array, told: Told): number[] {
  const found = new Set<number>([0, bytes.length]);
  const { image } = runBytes(bytes, { ...told, vcpus: FIXTURE_VCPUS }, (event) => {
    if (event.event === "record" || event.event === "batch") {
      const { byteOffset, bodyBytes } = event.head;
      found.add(byteOffset);
      found.add(byteOffset + 8);
      found.add(byteOffset + 8 + bodyBytes);
    }
    if (event.event === "header") {
      found.add(event.byteOffset);
      found.add(event.byteOffset + event.bytes);
    }
    if (event.event === "section") {
      found.add(event.byteOffset);
      found.add(event.byteOffset + event.bytes);
    }
  });
  expect(image.end).not.toBeNull();
  return [...found].sort((a, b) => a - b);
}

describe.each(STREAMS)("%s", (name) => {
  const bytes = fixture(name);
  const told = toldOf(name);

  it("is judged alike when cut at each boundary, and a byte before and behind it", () => {
    const cuts = new Set<number>();
    for (const boundary of boundaries(bytes, told)) {
      for (const cut of [boundary - 1, boundary, boundary + 1]) {
        if (cut >= 0 && cut <= bytes.length) cuts.add(cut);
      }
    }
    expect(cuts.size).toBeGreaterThan(20);
    for (const cut of cuts) {
      const found = disagreementsOn(bytes.subarray(0, cut), told, 1 + (cut % 61));
      expect(found, `cut to ${cut} bytes`).toEqual([]);
    }
  });

  it("is judged alike when fed one byte at a time", () => {
    expect(disagreementsOn(bytes, told, 1)).toEqual([]);
  });
});
