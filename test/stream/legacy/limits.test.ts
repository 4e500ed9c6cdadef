import { describe, expect, it } from "vitest";
import { ascii, concat, poke, u32le, zeros } from "../../builders/bytes.js";
import * as build from "../../builders/legacy.js";
import { read, records, sections } from "./read.js";

describe("lengths that a stream claims", () => {
  const huge = 0xffff_ffff;
  const unmappedAt = build.pv().length - 4096 - build.VCPU_BYTES[8] - 4;
  const unmapped = poke(build.pv(), unmappedAt, 0xff, 0xff, 0xff, 0xff);
  const rows: [string, Uint8Array, 32 | 64][] = [
    ["an HVM context", build.hvm({ contextBytes: 0x0800_0000 }), 32],
    ["a toolstack chunk", build.hvm({ chunks: [build.chunk(-18, u32le(huge)), zeros(9)] }), 32],
    ["a QEMU record", build.hvm({ qemu: concat(ascii("DeviceModelRecord0002"), u32le(huge)) }), 32],
    ["extended info", build.pv({ total: huge, blocks: [build.block("abcd", zeros(0), 99)] }), 64],
    ["a block", build.pv({ total: huge, blocks: [build.block("abcd", zeros(0), huge - 8)] }), 64],
    ["a frame list", build.pv({ p2mSize: huge }), 64],
    ["the list of unmapped pfns", unmapped, 64],
    ["xsave data", build.pv({ blocks: [build.block("xcnt", u32le(huge))] }), 64],
  ];
  for (const [what, bytes, width] of rows) {
    it(`cost no memory that the bytes do not fill: ${what}`, () => {
      const driven = read(bytes, { width });
      expect(driven.error).toMatchObject({ code: "stream-broken" });
      expect(driven.largestRead).toBeLessThanOrEqual(1024 * 1024);
    });
  }

  it("pass over a context beyond the limit, and say so by a record without a body", () => {
    const driven = read(build.hvm({ context: zeros(5000) }), {
      limits: { maxMetadataBytes: 4096 },
    });
    const context = records(driven).find(({ name }) => name === "HVM_CONTEXT");
    expect(context).toEqual({ name: "HVM_CONTEXT", body: null });
    expect(driven.result).toBe(build.hvm({ context: zeros(5000) }).length);
  });

  it("pass over QEMU state beyond the limit", () => {
    const state = concat(build.QEMU, zeros(5000));
    const qemu = concat(ascii("QemuDeviceModelRecord"), state);
    const driven = read(build.hvm({ qemu }), {
      wrapper: "xend",
      limits: { maxMetadataBytes: 4096 },
    });
    expect(sections(driven)).toMatchObject([{ name: "emulator", bytes: state.length, body: null }]);
  });

  it("are bounded where they add up: parameters, toolstack records, Xenstore strings", () => {
    const limits = { maxMetadataBytes: 200 };
    const params = Array.from({ length: 20 }, () => build.param(-3, 1));
    const over = [
      params,
      [build.toolstack(zeros(201))],
      [1, 2, 3].map(() => build.regions(32, build.VIDEO)),
    ];
    for (const chunks of over) {
      const driven = read(build.hvm({ chunks: [...chunks, build.END] }), { limits });
      expect(driven.error).toMatchObject({ code: "capacity", limit: "maxMetadataBytes" });
    }
    const near = read(build.hvm({ chunks: [...params.slice(0, 12), build.END] }), { limits });
    expect(near.error).toBeNull();
  });
});
