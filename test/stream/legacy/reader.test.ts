import { describe, expect, it } from "vitest";
import { ascii, concat, u32le, u64le, zeros } from "../../builders/bytes.js";
import * as build from "../../builders/legacy.js";
import * as byHand from "../../fixtures/legacy-by-hand.js";
import { rulesOf } from "../drive.js";
import { names, read, records, sections } from "./read.js";

describe("a stream typed by hand", () => {
  for (const width of [32, 64] as const) {
    const bytes = width === 32 ? byHand.LEGACY_HVM_32 : byHand.LEGACY_HVM_64;

    it(`becomes the libxc records of the document (${width}-bit toolstack)`, () => {
      const driven = read(bytes, { width });
      expect(driven.error).toBeNull();
      expect(rulesOf(driven)).toEqual([]);
      expect(driven.result).toBe(bytes.length);
      const expected = byHand.EXPECTED_RECORDS.map(({ name, body }) => ({
        name,
        body: byHand.bytesOf(body),
      }));
      expect(records(driven)).toEqual(expected);
    });

    it(`is the same stream through a pipe and in the smallest windows (${width}-bit)`, () => {
      const file = read(bytes, { width });
      const pipe = read(bytes, {
        width,
        mode: "pipe",
        entryWindowBytes: 8,
        pageWindowBytes: 4096,
      });
      expect(pipe.error).toBeNull();
      expect(records(pipe)).toEqual(records(file));
      expect(pipe.batches[0]?.pages).toEqual(file.batches[0]?.pages);
    });
  }

  it("tells where each record stands, and numbers them", () => {
    const driven = read(byHand.LEGACY_HVM_32);
    const heads = driven.events.flatMap((event) =>
      event.event === "record" || event.event === "batch" ? [event.head] : [],
    );
    const expected = byHand.EXPECTED_RECORDS.map(({ type, byteOffset }, recordIndex) => ({
      layer: "legacy",
      type,
      byteOffset,
      recordIndex,
    }));
    expect(heads).toMatchObject(expected);
    expect(heads[2]?.bodyBytes).toBe(byHand.PAGE_DATA_BYTES);
    expect(heads[4]?.bodyByteOffset).toBe(4184);
  });

  it("tells where the entries and pages of a batch stand", () => {
    const driven = read(byHand.LEGACY_HVM_32);
    const layout = driven.batches[0]?.event.layout;
    expect(layout?.entryByteOffset(0)).toBe(32);
    expect(layout?.pagesByteOffset).toBe(36);
    expect(driven.batches[0]?.pages.get(0)).toEqual(byHand.PAGE);
  });

  it("gives QEMU's data alone behind the end", () => {
    const driven = read(byHand.LEGACY_HVM_32);
    const [emulator] = sections(driven);
    expect(emulator).toMatchObject({ name: "emulator", bytes: 9, layer: "legacy" });
    expect(emulator?.body).toEqual(byHand.EMULATOR_STATE);
    const moments = driven.events.flatMap((event) =>
      event.event === "moment" ? [event.moment] : [],
    );
    expect(moments).toEqual(["libxc-begin", "libxc-end", "end"]);
    expect(driven.events.indexOf(emulator as never)).toBe(driven.events.length - 2);
  });

  it("breaks off at every cut but the one that leaves out the QEMU record alone", () => {
    const bytes = byHand.LEGACY_HVM_32;
    const endOfContext = 4224;
    const odd: number[] = [];
    for (let cut = 0; cut < bytes.length; cut += 1) {
      const driven = read(bytes.subarray(0, cut));
      if (!rulesOf(driven).includes("LG-CH-10")) odd.push(cut);
      const batch = driven.batches[0];
      if (batch !== undefined && batch.wholePages === null) odd.push(-cut);
    }
    expect(odd).toEqual([endOfContext]);
  });
});

describe("the chunks of an HVM stream", () => {
  it("collects parameters into one record, in stream order, at chunk 0", () => {
    const ids = [-14, -3, -15, -16, -17, -4, -8, -10, -11, -19, -20];
    const indices = [34, 12, 27, 28, 29, 15, 17, 19, 9, 32, 33];
    const params = ids.map((id, at) => build.param(id, BigInt(at === 7 ? 1 : at + 1)));
    const chunks = [...params, build.batch(32, [1]), build.LAST_CHECKPOINT, build.END];
    const driven = read(build.hvm({ chunks }));
    expect(rulesOf(driven)).toEqual(["LG-CNV-11"]);
    expect(names(driven)).toEqual([
      "STATIC_DATA_END",
      "PAGE_DATA",
      "HVM_PARAMS",
      "HVM_PARAMS",
      "HVM_CONTEXT",
      "END",
    ]);
    const entries = indices.map((index, at) => concat(u64le(index), u64le(at === 7 ? 1 : at + 1)));
    const expected = concat(u32le(indices.length), u32le(0), ...entries);
    expect(records(driven)[2]?.body).toEqual(expected);
  });

  it("gives no record of parameters where there are none", () => {
    expect(names(read(build.hvm())).filter((name) => name === "HVM_PARAMS")).toHaveLength(1);
  });

  it("puts the fields of TSC info in the order of the libxc record", () => {
    const driven = read(build.hvm({ chunks: [build.tsc(), build.LAST_CHECKPOINT, build.END] }));
    const expected = concat(
      u32le(1),
      u32le(2_400_000),
      u64le(0x0102_0304_0506n),
      u32le(9),
      u32le(0),
    );
    expect(records(driven)[1]).toEqual({ name: "X86_TSC_INFO", body: expected });
  });

  for (const width of [32, 64] as const) {
    it(`turns the regions of toolstack chunks into Xenstore strings (${width}-bit)`, () => {
      const other = { ...build.VIDEO, physOffset: 0xabc0n, name: ascii("\0") };
      const chunks = [
        build.regions(width, build.VIDEO, other),
        build.regions(width, { ...other, physOffset: 2n ** 63n }),
        build.LAST_CHECKPOINT,
        build.END,
      ];
      const driven = read(build.hvm({ width, chunks }), { width });
      expect(rulesOf(driven)).toEqual([]);
      const [xenstore, emulator] = sections(driven);
      expect(emulator?.name).toBe("emulator");
      const text = String.fromCharCode(...(xenstore?.body ?? []));
      expect(text.split("\0")).toEqual([
        "physmap/fd000000/start_addr",
        "f0000000",
        "physmap/fd000000/size",
        "800000",
        "physmap/fd000000/name",
        "vga.vram",
        "physmap/abc0/start_addr",
        "f0000000",
        "physmap/abc0/size",
        "800000",
        "physmap/abc0/name",
        "",
        "physmap/8000000000000000/start_addr",
        "f0000000",
        "physmap/8000000000000000/size",
        "800000",
        "physmap/8000000000000000/name",
        "",
        "",
      ]);
    });
  }

  it("gives pages behind verify mode as pages like any others, and says so", () => {
    const again = [build.chunk(-1), build.batch(32, [1]), build.LAST_CHECKPOINT, build.END];
    const driven = read(build.hvm({ chunks: [build.batch(32, [1]), ...again] }));
    expect(rulesOf(driven)).toEqual(["LG-CNV-6"]);
    expect(names(driven).filter((name) => name === "PAGE_DATA")).toHaveLength(2);
    expect(names(driven)).not.toContain("VERIFY");
  });
});

describe("a PV stream", () => {
  const blocks = (guestBytes: 4 | 8) => [
    build.block("vcpu", build.vcpuContext(guestBytes, 1)),
    build.block("extv", zeros(0)),
    build.block("xcnt", u32le(16 + 24)),
  ];
  const vcpu = (guestBytes: 4 | 8, seed: number) =>
    concat(
      build.vcpuContext(guestBytes, seed),
      new Uint8Array(128).fill(seed + 1),
      u64le(7),
      u64le(24),
      new Uint8Array(24).fill(seed + 2),
    );
  const vcpuRecord = (id: number, bytes: number, seed: number) =>
    concat(u32le(id), u32le(0), new Uint8Array(bytes).fill(seed));

  for (const width of [32, 64] as const) {
    for (const guestBytes of [4, 8] as const) {
      it(`becomes libxc records (${width}-bit toolstack, guest of width ${guestBytes})`, () => {
        const bytes = build.pv({
          width,
          guestBytes,
          p2mSize: 1025,
          blocks: blocks(guestBytes),
          frames: guestBytes === 4 ? [3, 5] : [3, 5, 6],
          chunks: [
            build.batch(width, [0, 0x1000_0001]),
            build.vcpuInfo(65, 1n, 2n),
            build.LAST_CHECKPOINT,
            build.END,
          ],
          unmapped: [7, 8, 9],
          vcpus: [vcpu(guestBytes, 0x10), vcpu(guestBytes, 0x20)],
        });
        const driven = read(bytes, { width });
        expect(rulesOf(driven)).toEqual([]);
        expect(driven.result).toBe(bytes.length);
        const basicBytes = build.VCPU_BYTES[guestBytes];
        const frames = (guestBytes === 4 ? [3, 5] : [3, 5, 6]).map(u64le);
        const info = Uint8Array.of(guestBytes, guestBytes === 8 ? 4 : 3, 0, 0, 0, 0, 0, 0);
        expect(records(driven)).toEqual([
          { name: "X86_PV_INFO", body: info },
          { name: "STATIC_DATA_END", body: zeros(0) },
          { name: "X86_PV_P2M_FRAMES", body: concat(u32le(0), u32le(1024), ...frames) },
          { name: "PAGE_DATA", body: concat(u64le(0), u64le(0x1000_0000_0000_0001n)) },
          { name: "X86_PV_VCPU_BASIC", body: vcpuRecord(0, basicBytes, 0x10) },
          { name: "X86_PV_VCPU_EXTENDED", body: vcpuRecord(0, 128, 0x11) },
          { name: "X86_PV_VCPU_XSAVE", body: vcpuRecord(0, 24, 0x12) },
          { name: "X86_PV_VCPU_BASIC", body: vcpuRecord(65, basicBytes, 0x20) },
          { name: "X86_PV_VCPU_EXTENDED", body: vcpuRecord(65, 128, 0x21) },
          { name: "X86_PV_VCPU_XSAVE", body: vcpuRecord(65, 24, 0x22) },
          { name: "SHARED_INFO", body: zeros(4096) },
          { name: "END", body: zeros(0) },
        ]);
        const pipe = read(bytes, { width, mode: "pipe" });
        expect(records(pipe)).toEqual(records(driven));
      });
    }
  }

  it("breaks off at every cut", () => {
    const bytes = build.pv({ blocks: blocks(8), vcpus: [vcpu(8, 1)] });
    const odd: number[] = [];
    for (let cut = 0; cut < bytes.length; cut += 1) {
      if (!rulesOf(read(bytes.subarray(0, cut), { width: 64 })).includes("LG-CH-10")) odd.push(cut);
    }
    // Before the signature is whole the stream passes for an HVM one, which is cut there as well.
    expect(odd).toEqual([]);
  });

  it("tells where the bytes of a vcpu context stand", () => {
    const bytes = build.pv();
    const driven = read(bytes, { width: 64 });
    const basic = driven.events.find(
      (event) => event.event === "record" && event.head.name === "X86_PV_VCPU_BASIC",
    );
    const contextAt = bytes.length - 4096 - build.VCPU_BYTES[8];
    expect(basic).toMatchObject({
      head: { byteOffset: contextAt, bodyByteOffset: contextAt - 8, bodyBytes: 0x1438 },
    });
  });

  it("drops what a toolstack chunk says: a PV domain has no device model", () => {
    const chunks = [
      build.batch(64, [0]),
      build.vcpuInfo(0, 1n),
      build.regions(64, build.VIDEO),
      build.LAST_CHECKPOINT,
      build.END,
    ];
    const driven = read(build.pv({ chunks }), { width: 64 });
    expect(rulesOf(driven)).toEqual([]);
    expect(sections(driven)).toEqual([]);
  });
});
