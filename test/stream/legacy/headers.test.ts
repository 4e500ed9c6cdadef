/**
 * What a legacy stream holds beyond the libxc records that it becomes: told as headers, each with
 * its place.
 */
import { describe, expect, it } from "vitest";
import { vcpuContextJson } from "../../../src/stream/libxc/codec/vcpu-context.js";
import { concat, u32le, u64le, zeros } from "../../builders/bytes.js";
import * as build from "../../builders/legacy.js";
import { names, type Read, read, records } from "./read.js";

/** Headers in the order given. */
function headers(bytes: Uint8Array, options: Read = {}) {
  const driven = read(bytes, options);
  return driven.events.flatMap((event) => (event.event === "header" ? [event] : []));
}

/** Headers of an HVM stream of a 64-bit toolstack with these chunks: name, place and fields. */
function chunksOf(...chunks: readonly Uint8Array[]) {
  const bytes = build.hvm({ width: 64, chunks: [...chunks, build.END] });
  return headers(bytes, { width: 64 }).slice(1, -3);
}

describe("each chunk", () => {
  it("is told with its id, where it begins and how long it is", () => {
    const told = headers(
      build.hvm({
        chunks: [
          build.tsc(),
          build.chunk(-1),
          build.vcpuInfo(0, 1n),
          build.LAST_CHECKPOINT,
          build.END,
        ],
      }),
    );
    expect(told.map(({ name, byteOffset, bytes }) => [name, byteOffset, bytes])).toEqual([
      ["legacy header", 0, 4],
      ["TSC info", 4, 24],
      ["verify mode", 28, 4],
      ["vcpu info", 32, 16],
      ["last checkpoint", 48, 4],
      ["end of chunks", 52, 4],
      ["HVM tail", 56, 24],
      ["QEMU record", 124, 25],
      ["QEMU device state", 149, 8],
    ]);
    expect(told.slice(1, 6).map(({ fields }) => fields.chunk)).toEqual([-7, -1, -2, -9, 0]);
  });

  it("of a parameter is told with its pad, though the record has no room for it", () => {
    const [param, bare] = chunksOf(build.param(-3, 0x1_0000_0003n), build.chunk(-8, zeros(12)));
    expect(param).toMatchObject({ name: "HVM parameter", byteOffset: 8, bytes: 16 });
    expect(param?.fields).toEqual({
      chunk: -3,
      index: 12,
      name: "IDENT_PT",
      pad: 0xdead,
      value: "0x100000003",
    });
    expect(bare?.fields).toEqual({ chunk: -8, index: 17, name: "CONSOLE_PFN", value: "0x0" });
  });

  it("of the toolstack is told with its regions, stray bytes and what follows them", () => {
    const stray = Uint8Array.of(0xab, 0, 0, 1);
    const whole = build.region(64, build.VIDEO);
    const regions = concat(whole, whole.subarray(0, -4), stray);
    const [sound, empty, broken] = chunksOf(
      build.toolstack(u32le(1), u32le(2), regions, zeros(2)),
      build.toolstack(),
      build.toolstack(u32le(2), u32le(7)),
    );
    const region = {
      physOffset: "0xfd000000",
      startAddr: "0xf0000000",
      size: "0x800000",
      name: "vga.vram",
    };
    expect(sound).toMatchObject({ name: "toolstack", byteOffset: 8 });
    expect(sound?.fields).toEqual({
      chunk: -18,
      length: 10 + regions.length,
      blobVersion: 1,
      regions: [region, { ...region, stray: "ab000001" }],
      surplus: "0000",
    });
    expect(empty?.fields).toEqual({ chunk: -18, length: 0 });
    expect(broken?.fields).toEqual({ chunk: -18, length: 8, content: "0200000007000000" });
  });
});

describe("a page batch", () => {
  it("is told as a header only for what the record has no room for", () => {
    const plain = build.batch(64, [1, 2]);
    expect(chunksOf(plain).map(({ name }) => name)).toEqual(["end of chunks"]);
    const used = build.batch(64, [1, 2]);
    used[4 + 8 + 5] = 0x41;
    const [told] = chunksOf(used);
    expect(told).toMatchObject({ name: "page batch", byteOffset: 8, bytes: 20 });
    expect(told?.fields).toEqual({ entries: 2, dropped: 0, upperHalves: "0000000000410000" });
  });

  it("is told where entries mean nothing, one without any other included", () => {
    const hole = 0xf000_0000;
    const chunks = [build.batch(32, [hole, 1]), build.batch(32, [hole]), build.END];
    const bytes = build.hvm({ chunks });
    const told = headers(bytes).filter(({ name }) => name === "page batch");
    expect(told.map(({ byteOffset, bytes, fields }) => [byteOffset, bytes, fields])).toEqual([
      [4, 12, { entries: 2, dropped: 1 }],
      [4112, 8, { entries: 1, dropped: 1 }],
    ]);
    expect(names(read(bytes)).filter((name) => name === "PAGE_DATA")).toHaveLength(1);
  });
});

describe("the HVM tail", () => {
  it("is told with its pfns, all 64 bits of them", () => {
    const told = headers(build.hvm()).find(({ name }) => name === "HVM tail");
    expect(told?.fields).toEqual({ ioreqPfn: "0xa", bufferedIoreqPfn: "0xb", storePfn: "0xc" });
  });

  it("is followed by the QEMU record's signature and length, in each of its forms", () => {
    const ascii = (text: string) => new TextEncoder().encode(text);
    const told = (qemu: Uint8Array, wrapper: Read["wrapper"] = null) => {
      const found = headers(build.hvm({ qemu }), { wrapper });
      const record = found.find(({ name }) => name === "QEMU record");
      return [record?.bytes, record?.fields];
    };
    const xend = ascii("QemuDeviceModelRecord");
    expect(told(concat(xend, build.QEMU), "xend")).toEqual([
      21,
      { signature: "QemuDeviceModelRecord" },
    ]);
    const xapi = concat(xend, ascii("\n"), Uint8Array.of(0, 0, 0, 9), build.QEMU);
    expect(told(xapi, "xapi")).toEqual([26, { signature: "QemuDeviceModelRecord\n", length: 9 }]);
    expect(told(build.QEMU_RECORD)).toEqual([
      25,
      { signature: "DeviceModelRecord0002", length: 9 },
    ]);
  });
});

describe("each block of the extended info", () => {
  const vcpu = build.block("vcpu", build.vcpuContext(4, 1));
  const told = (...blocks: readonly Uint8Array[]) =>
    headers(build.pv({ width: 32, guestBytes: 4, blocks: [vcpu, ...blocks] })).filter(({ name }) =>
      name.endsWith(" block"),
    );

  it("is told with what it holds, surplus bytes included", () => {
    const [, extv, xcnt] = told(
      build.block("extv", Uint8Array.of(9)),
      build.block("xcnt", concat(u32le(80), Uint8Array.of(1, 2))),
    );
    expect(extv).toMatchObject({ name: "extv block", byteOffset: 12 + vcpu.length, bytes: 9 });
    expect(extv?.fields).toEqual({ id: "extv", size: 1, content: "09" });
    expect(xcnt).toMatchObject({ name: "xcnt block", bytes: 14 });
    expect(xcnt?.fields).toEqual({ size: 6, xsaveBytes: 80, surplus: "0102" });
  });

  it("shows its bytes though nothing knows its id", () => {
    const [, other] = told(build.block("abcd", Uint8Array.of(0xfe)));
    expect(other).toMatchObject({ name: "unknown block", bytes: 9 });
    expect(other?.fields).toEqual({ id: "abcd", size: 1, content: "fe" });
  });

  it.each([4, 8] as const)(
    "decodes the context of a vcpu, of a guest of %i bytes",
    (guestBytes) => {
      const blocks = [build.block("vcpu", build.vcpuContext(guestBytes, 1))];
      const bytes = build.pv({ guestBytes, blocks });
      const block = headers(bytes, { width: 64 }).find(({ name }) => name === "vcpu block");
      const size = build.VCPU_BYTES[guestBytes];
      expect(block).toMatchObject({ byteOffset: 20, bytes: 8 + size, fields: { size } });
      const basic = records(read(bytes, { width: 64 })).find(({ name }) =>
        name.endsWith("VCPU_BASIC"),
      );
      expect(basic?.body).toHaveLength(8 + size);
      const same = vcpuContextJson(build.vcpuContext(guestBytes, 1), guestBytes);
      expect(block?.fields.context).toEqual(same);
    },
  );

  it("and the head of a vcpu's xsave data are told, the feature mask included", () => {
    const blocks = [vcpu, build.block("xcnt", u32le(16 + 64))];
    const vcpus = [build.vcpuContext(4, 2), u64le(0x1_0000_0007n), u64le(64), zeros(64)];
    const told = headers(build.pv({ width: 32, guestBytes: 4, blocks, vcpus }));
    const head = told.find(({ name }) => name === "xsave head");
    expect(head).toMatchObject({ bytes: 16 });
    expect(head?.fields).toEqual({ featureMask: "0x100000007", size: "0x40" });
  });
});
