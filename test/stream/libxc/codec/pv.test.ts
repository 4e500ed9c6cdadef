/** Records of a PV domain: its info, p2m frames, shared info page. */
import { describe, expect, it } from "vitest";
import type { GuestWidth } from "../../../../src/format/index.js";
import {
  guestWidthOf,
  P2M_FRAMES_CODEC,
  PV_INFO_CODEC,
  p2mFrameCount,
  SHARED_INFO_CODEC,
} from "../../../../src/stream/libxc/codec/pv.js";
import { bytesOf, contextAt, joined, told, withByte, withU32, words } from "../../support.js";

describe("X86_PV_INFO", () => {
  const GOOD = bytesOf("08 04 000000000000");
  const decode = (body: Uint8Array) => PV_INFO_CODEC.decode(body, contextAt("X86_PV_INFO"));

  it.each([
    [8, 4, 8],
    [4, 3, 4],
  ])("takes width %i with %i levels", (width, levels, guestWidth) => {
    const { value, faults } = decode(withByte(withByte(GOOD, 0, width), 1, levels));
    expect(faults).toEqual([]);
    expect(value && guestWidthOf(value)).toBe(guestWidth);
  });

  it.each([
    [4, 4],
    [8, 3],
    [0, 0],
    [5, 4],
  ])("refuses width %i with %i levels, LC-PV-1", (width, levels) => {
    const { value, faults } = decode(withByte(withByte(GOOD, 0, width), 1, levels));
    expect(told(faults)).toEqual(["LC-PV-1@1008"]);
    expect(value && guestWidthOf(value)).toBeNull();
  });

  it("has at least 8 bytes, and more than 8 is a case of its own: LC-PV-2", () => {
    expect(told(decode(GOOD.subarray(0, 7)).faults)).toEqual(["LC-PV-2@1000"]);
    const long = decode(joined(GOOD, new Uint8Array(8)));
    expect(told(long.faults)).toEqual(["LC-PV-2/long@1000"]);
    expect(long.value?.guestWidth).toBe(8);
  });

  it("has six reserved zero bytes, LC-PV-3", () => {
    expect(told(decode(withByte(GOOD, 7, 1)).faults)).toEqual(["LC-PV-3@1010"]);
  });

  it("is printed with what is not as it should be", () => {
    const { value } = decode(joined(withByte(GOOD, 2, 9), Uint8Array.of(7)));
    expect(value && PV_INFO_CODEC.interpret(value, contextAt("X86_PV_INFO"))).toEqual({
      guest_width: 8,
      pt_levels: 4,
      reserved: "090000000000",
      surplus: "07",
    });
  });
});

describe("X86_PV_P2M_FRAMES", () => {
  const decode = (body: Uint8Array, guestWidth: GuestWidth | null = 8) =>
    P2M_FRAMES_CODEC.decode(body, contextAt("X86_PV_P2M_FRAMES", guestWidth));
  const record = (start: number, end: number, frames: number): Uint8Array =>
    joined(words(start, end), new Uint8Array(frames * 8));

  it("has one frame for each page of the p2m that the range touches", () => {
    expect(p2mFrameCount(0, 511, 8)).toBe(1);
    expect(p2mFrameCount(0, 512, 8)).toBe(2);
    expect(p2mFrameCount(511, 512, 8)).toBe(2);
    expect(p2mFrameCount(0, 1023, 4)).toBe(1);
    expect(p2mFrameCount(0, 0xffff_ffff, 8)).toBe(0x80_0000);
    expect(decode(record(0, 1023, 2)).faults).toEqual([]);
    expect(decode(record(0, 1023, 1), 4).faults).toEqual([]);
  });

  it("keeps the pfns of its frames", () => {
    const body = joined(words(0, 512), words(0x20, 0), words(0x21, 0));
    const { value } = decode(body);
    expect([...(value?.frames ?? [])]).toEqual([0x20n, 0x21n]);
    expect(value && P2M_FRAMES_CODEC.interpret(value, contextAt("X"))).toEqual({
      start_pfn: 0,
      end_pfn: 512,
      p2m_pfn: ["0x20", "0x21"],
    });
  });

  it("starts at or below its end, LC-PV-5", () => {
    expect(told(decode(record(2, 1, 1)).faults)).toEqual(["LC-PV-5@1008"]);
    expect(decode(record(1, 1, 1)).faults).toEqual([]);
  });

  it("has exactly as many frames, LC-PV-6", () => {
    expect(told(decode(record(0, 1023, 1)).faults)).toEqual(["LC-PV-6@1000"]);
    expect(told(decode(record(0, 1023, 3)).faults)).toEqual(["LC-PV-6@1000"]);
    expect(told(decode(joined(record(0, 1023, 2), Uint8Array.of(0))).faults)).toEqual([
      "LC-PV-6@1000",
    ]);
    expect(told(decode(words(0)).faults)).toEqual(["LC-PV-6@1000"]);
  });

  it("is not counted where the guest's width is not known", () => {
    expect(decode(record(0, 1023, 9), null).faults).toEqual([]);
  });
});

describe("SHARED_INFO", () => {
  const context = contextAt("SHARED_INFO", 8);

  it("is one page, LC-PV-10", () => {
    expect(SHARED_INFO_CODEC.decode(new Uint8Array(4096), context).faults).toEqual([]);
    for (const length of [0, 4095, 4097]) {
      const { value, faults } = SHARED_INFO_CODEC.decode(new Uint8Array(length), context);
      expect(told(faults)).toEqual(["LC-PV-10@1000"]);
      expect(value).toBeNull();
    }
  });

  it.each([
    [8, 0xc10, 0xc04],
    [4, 0x90c, 0x904],
  ] as const)("is printed by the layout of a guest of width %i", (width, maxPfnAt, secAt) => {
    let page = withU32(new Uint8Array(4096), maxPfnAt, 0x3f);
    page = withU32(withByte(page, 64, 1), secAt, 1000);
    const printed = SHARED_INFO_CODEC.interpret({ page }, contextAt("SHARED_INFO", width));
    expect(printed).toMatchObject({
      wc_sec: 1000,
      arch_max_pfn: width === 8 ? "0x3f" : 0x3f,
      vcpu_info: [{ vcpu: 1, evtchn_upcall_pending: 1 }],
    });
    expect(printed).not.toHaveProperty("rest");
  });
});
