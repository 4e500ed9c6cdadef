import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "../../../src/findings/index.js";
import { readXend } from "../../../src/stream/xend/reader.js";
import { ascii, poke, zeros } from "../../builders/bytes.js";
import * as legacy from "../../builders/legacy.js";
import { CONFIG, MAGIC, qemuTail, xend } from "../../builders/xend.js";
import { type DriveOptions, drive, faultsOf, rulesOf } from "../drive.js";
import { innerReader, LIBXC, type Told } from "../inner.js";

const HEADER_BYTES = MAGIC.length + 4;
const STREAM_AT = HEADER_BYTES + CONFIG.length;
const GOOD = xend(legacy.hvm({ qemu: qemuTail(legacy.QEMU) }));

function read(bytes: Uint8Array, options: DriveOptions & { limits?: Partial<Limits> } = {}) {
  const told: Told[] = [];
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const reader = readXend(0, innerReader(told), { limits, hint: null });
  return { ...drive(reader, bytes, options), told };
}

describe("a xend save file", () => {
  for (const mode of ["file", "pipe"] as const) {
    it(`is a config and a legacy stream whose QEMU state ends the file (${mode})`, () => {
      const driven = read(GOOD, { mode });
      expect(driven.error).toBeNull();
      expect(rulesOf(driven)).toEqual([]);
      expect(driven.result).toBe(GOOD.length);
      const sections = driven.events.flatMap((event) => (event.event === "section" ? [event] : []));
      expect(sections).toMatchObject([
        { layer: "xend", name: "config", byteOffset: HEADER_BYTES, body: CONFIG },
        { layer: "legacy", name: "emulator", body: legacy.QEMU },
      ]);
      expect(driven.told[0]).toMatchObject({ byteOffset: STREAM_AT, context: { wrapper: "xend" } });
    });
  }

  it("may hold a PV stream of either width", () => {
    for (const width of [32, 64] as const) {
      expect(rulesOf(read(xend(legacy.pv({ width }))))).toEqual([]);
    }
  });

  it("is cut at every offset of header and config without harm", () => {
    for (let cut = 0; cut < STREAM_AT; cut += 1) {
      expect(rulesOf(read(GOOD.subarray(0, cut))), `${cut}`).toEqual(["DT-8"]);
    }
    expect(rulesOf(read(GOOD.subarray(0, STREAM_AT)))).toEqual(["DT-14"]);
  });

  it("takes a claimed length for a claim", () => {
    const driven = read(xend(legacy.hvm(), CONFIG, 0xffff_ffff));
    expect(rulesOf(driven)).toEqual(["DT-8"]);
    expect(driven.largestRead).toBeLessThanOrEqual(1024 * 1024);
  });

  it("passes over a config beyond the limit and names the limit", () => {
    const driven = read(GOOD, { limits: { maxMetadataBytes: CONFIG.length - 1 } });
    expect(driven.error).toMatchObject({ code: "capacity", asked: CONFIG.length });
    expect(read(GOOD, { limits: { maxMetadataBytes: CONFIG.length } }).error).toBeNull();
  });
});

describe("the rules of a xend save file", () => {
  const notQemu = legacy.hvm({ qemu: qemuTail(ascii("QEVN\0\0\0\x03\0")) });
  const rows: [rule: string, what: string, fires: Uint8Array, at: number][] = [
    ["DT-8", "another magic", poke(GOOD, 0, 0x4d), 0],
    ["DT-8", "a libxc stream in it", xend(LIBXC), STREAM_AT],
    ["DT-14", "no stream in it", xend(ascii("nothing that is known")), STREAM_AT],
    ["DT-15", "a file in the file", xend(GOOD), STREAM_AT],
    ["LL-QE-2", "state that QEMU did not write", xend(notQemu), STREAM_AT + notQemu.length - 9],
    [
      "LG-HT-2",
      "no QEMU record",
      xend(legacy.hvm({ qemu: zeros(0) })),
      STREAM_AT + legacy.hvm({ qemu: zeros(0) }).length,
    ],
  ];
  for (const [rule, what, fires, at] of rows) {
    it(`${rule}: ${what}`, () => {
      const driven = read(fires);
      expect(rulesOf(driven)).toEqual([rule]);
      expect(faultsOf(driven)[0]?.byteOffset).toBe(at);
    });
  }
});
