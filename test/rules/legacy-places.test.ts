/**
 * Faults of what a legacy stream is translated to point to the bytes of the legacy stream itself,
 * where the fields of one libxc record stand apart, in another order, or without their index.
 */
import { describe, expect, it } from "vitest";
import type { Finding } from "../../src/findings/index.js";
import { concat, u32le, u64le, zeros } from "../builders/bytes.js";
import * as build from "../builders/legacy.js";
import { runBytes } from "../harness.js";

/** The finding of a rule in a stream, and the bytes of its field. */
function found(bytes: Uint8Array, rule: string, vcpus: number | null = null) {
  const { image } = runBytes(bytes, { vcpus });
  const findings = image.collector.findings().filter((finding) => finding.rule === rule);
  const field = ({ field: span }: Finding) =>
    span && bytes.slice(span.byteOffset, span.byteOffset + span.bytes);
  return findings.map((each) => ({ at: each.byteOffset, field: field(each) }));
}

const hvmOf = (...chunks: Uint8Array[]) =>
  build.hvm({ chunks: [...chunks, build.LAST_CHECKPOINT, build.END] });

describe("a fault of an HVM parameter of a legacy stream", () => {
  it("points to the parameter's own chunk, and marks its value", () => {
    const before = [build.param(-3, 5), build.tsc(), build.param(-15, 7)];
    const bytes = hvmOf(...before, build.param(-11, 2), build.param(-10, 0));
    const at = 4 + concat(...before).length;
    expect(found(bytes, "HP-10")).toEqual([{ at, field: u64le(2) }]);
  });

  it("points to the second chunk of an index that comes twice", () => {
    const first = concat(build.param(-20, 8), build.tsc());
    const bytes = hvmOf(first, build.param(-20, 9), build.param(-19, 1));
    expect(found(bytes, "HP-4")).toEqual([{ at: 4 + first.length, field: u64le(9) }]);
  });

  it("points to the word of the tail that names a missing page", () => {
    const bytes = hvmOf(build.param(-3, 5));
    const tail = bytes.length - build.QEMU_RECORD.length - build.HVM_CONTEXT.length - 28;
    expect(found(bytes, "HP-7")).toEqual(
      [10, 11, 12].map((pfn, word) => ({ at: tail + word * 8, field: u64le(pfn) })),
    );
  });
});

describe("a fault of another record that a legacy stream is translated to", () => {
  it("points to the mode of a TSC chunk", () => {
    const chunk = build.chunk(-7, u32le(3), u64le(1), u32le(2_400_000), u32le(0));
    expect(found(hvmOf(chunk), "LC-TSC-3")).toEqual([{ at: 4 + 4, field: u32le(3) }]);
  });

  it("marks the length in front of an empty HVM context", () => {
    const bytes = build.hvm({ context: zeros(0) });
    const at = bytes.length - build.QEMU_RECORD.length - 4;
    expect(found(bytes, "LC-HVM-5")).toEqual([{ at, field: zeros(4) }]);
  });

  it("marks the length in front of an HVM context that no record can hold", () => {
    const bytes = build.hvm({ contextBytes: 0x0800_0001 });
    const at = bytes.length - build.QEMU_RECORD.length - build.HVM_CONTEXT.length - 4;
    expect(found(bytes, "LC-REC-4")).toEqual([{ at, field: u32le(0x0800_0001) }]);
  });

  for (const width of [32, 64] as const) {
    it(`points to the page count of a guest of one page (${width} bits)`, () => {
      const bytes = build.pv({ width, p2mSize: 1, frames: [0] });
      expect(found(bytes, "LC-PV-9")).toEqual([{ at: 0, field: u32le(1) }]);
    });
  }

  it("marks nothing for a vcpu beyond those of the domain: its id is a bit of a map", () => {
    const chunks = [build.batch(64, [0]), build.vcpuInfo(1, 3n), build.LAST_CHECKPOINT, build.END];
    const contexts = [1, 2].map((seed) => build.vcpuContext(8, seed));
    const bytes = build.pv({ chunks, vcpus: contexts });
    const at = bytes.length - 4096 - build.VCPU_BYTES[8];
    expect(found(bytes, "LC-PV-14", 1)).toEqual([{ at, field: undefined }]);
  });

  it("marks the size of xsave data that is too short to be any", () => {
    const blocks = [build.block("vcpu", build.vcpuContext(8, 1)), build.block("xcnt", u32le(24))];
    const xsave = concat(u64le(7), u64le(8), zeros(8));
    const bytes = build.pv({ blocks, vcpus: [build.vcpuContext(8, 2), xsave] });
    const at = bytes.length - 4096 - xsave.length;
    expect(found(bytes, "LC-PV-15")).toEqual([{ at, field: u64le(8) }]);
  });
});
