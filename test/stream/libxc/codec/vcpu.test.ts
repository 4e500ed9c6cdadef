/** The four records of a PV vcpu. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GuestWidth } from "../../../../src/format/index.js";
import type { RecordCodec } from "../../../../src/stream/codec.js";
import {
  VCPU_BASIC_CODEC,
  VCPU_EXTENDED_CODEC,
  VCPU_MSRS_CODEC,
  VCPU_XSAVE_CODEC,
  type VcpuRecord,
} from "../../../../src/stream/libxc/codec/vcpu.js";
import {
  decodeVcpuContext32,
  decodeVcpuContext64,
  encodeVcpuContext32,
  encodeVcpuContext64,
} from "../../../../src/stream/libxc/codec/vcpu-context.js";
import { contextAt, joined, told, withByte, withU32, words } from "../../support.js";

const HEAD = words(1, 0);

function decode(codec: RecordCodec<VcpuRecord>, blob: Uint8Array, width: GuestWidth | null = 8) {
  return codec.decode(joined(HEAD, blob), contextAt("X86_PV_VCPU", width));
}

const CODECS = [
  ["BASIC", VCPU_BASIC_CODEC],
  ["EXTENDED", VCPU_EXTENDED_CODEC],
  ["XSAVE", VCPU_XSAVE_CODEC],
  ["MSRS", VCPU_MSRS_CODEC],
] as const;

describe.each(CODECS)("X86_PV_VCPU_%s", (_, codec) => {
  it("has a head of 8 bytes, and an empty blob is a case of its own: LC-PV-12", () => {
    const cut = codec.decode(HEAD.subarray(0, 7), contextAt("X86_PV_VCPU", 8));
    expect(told(cut.faults)).toEqual(["LC-PV-12@1000"]);
    expect(cut.value).toBeNull();
    const empty = decode(codec, new Uint8Array(0));
    expect(told(empty.faults)).toEqual(["LC-PV-12/empty@1000"]);
    expect(empty.value).toMatchObject({ vcpuId: 1, blob: new Uint8Array(0) });
  });

  it("has a reserved word of zero, LC-PV-13", () => {
    const { faults } = codec.decode(words(0, 1), contextAt("X86_PV_VCPU", 8));
    expect(told(faults)).toEqual(["LC-PV-12/empty@1000", "LC-PV-13@1012"]);
  });
});

describe("the blob of X86_PV_VCPU_BASIC", () => {
  it("has the size of the guest's width, LC-PV-15", () => {
    expect(decode(VCPU_BASIC_CODEC, new Uint8Array(0x1430), 8).faults).toEqual([]);
    expect(decode(VCPU_BASIC_CODEC, new Uint8Array(0xaf0), 4).faults).toEqual([]);
    expect(told(decode(VCPU_BASIC_CODEC, new Uint8Array(0xaf0), 8).faults)).toEqual([
      "LC-PV-15@1000",
    ]);
    expect(told(decode(VCPU_BASIC_CODEC, new Uint8Array(0x142f), 8).faults)).toEqual([
      "LC-PV-15@1000",
    ]);
    expect(told(decode(VCPU_BASIC_CODEC, new Uint8Array(0x1430), 4).faults)).toEqual([
      "LC-PV-15@1000",
    ]);
  });

  it("is not judged where the guest's width is not known", () => {
    expect(decode(VCPU_BASIC_CODEC, new Uint8Array(5), null).faults).toEqual([]);
  });

  it("is printed with every field of a 64-bit context", () => {
    let blob = withU32(new Uint8Array(0x1430), 0x268, 0x18);
    blob = withU32(withU32(blob, 0x1390, 0x10000), 0x1360, 16);
    blob = withByte(withByte(blob, 0, 0x5a), 0x2d0 + 14 * 16 + 8, 0x77);
    const printed = VCPU_BASIC_CODEC.interpret(
      { vcpuId: 2, reserved: 0, blob },
      contextAt("X86_PV_VCPU_BASIC", 8),
    );
    expect(printed).toMatchObject({
      vcpu_id: 2,
      fpu_ctxt: expect.stringMatching(/^5a0{1022}$/),
      user_regs: { rdx: "0x18" },
      ctrlreg: ["0x0", "0x0", "0x0", "0x10000", "0x0", "0x0", "0x0", "0x0"],
      gdt_ents: "0x10",
      trap_ctxt: [{ index: 14, vector: 0, address: "0x77" }],
    });
  });

  it("is printed with every field of a 32-bit context, told by its size if need be", () => {
    const blob = withU32(new Uint8Array(0xaf0), 0x20c, 0x18);
    const record = { vcpuId: 0, reserved: 0, blob };
    for (const width of [4, null] as const) {
      expect(VCPU_BASIC_CODEC.interpret(record, contextAt("BASIC", width))).toMatchObject({
        user_regs: { edx: 0x18 },
        trap_ctxt: [],
      });
    }
  });

  it.each([
    [0x1430, (blob: Uint8Array) => encodeVcpuContext64(decodeVcpuContext64(blob))],
    [0xaf0, (blob: Uint8Array) => encodeVcpuContext32(decodeVcpuContext32(blob))],
  ] as const)("of %i bytes is written field by field as it was read", (bytes, again) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: bytes, maxLength: bytes }), (blob) => {
        expect(again(blob)).toEqual(blob);
      }),
      { numRuns: 10 },
    );
  });
});

describe("the blob of X86_PV_VCPU_EXTENDED", () => {
  const good = (bytes: number): Uint8Array => withU32(new Uint8Array(bytes), 4, bytes);

  it("has 1 to 128 bytes, LC-PV-15", () => {
    for (const bytes of [56, 64, 128]) {
      expect(decode(VCPU_EXTENDED_CODEC, good(bytes)).faults).toEqual([]);
    }
    expect(told(decode(VCPU_EXTENDED_CODEC, good(129)).faults)).toEqual(["LC-PV-15@1000"]);
  });

  it("says inside that it has at least 32 bytes, LC-PV-15 case inner-size", () => {
    expect(decode(VCPU_EXTENDED_CODEC, withU32(good(64), 4, 32)).faults).toEqual([]);
    expect(told(decode(VCPU_EXTENDED_CODEC, withU32(good(64), 4, 31)).faults)).toEqual([
      "LC-PV-15/inner-size@1020",
    ]);
    expect(told(decode(VCPU_EXTENDED_CODEC, new Uint8Array(1)).faults)).toEqual([
      "LC-PV-15/inner-size@1000",
    ]);
  });

  it("is printed with its fields and what follows them", () => {
    const blob = withByte(withU32(good(66), 8, 0xf00), 65, 9);
    const printed = VCPU_EXTENDED_CODEC.interpret(
      { vcpuId: 0, reserved: 0, blob },
      contextAt("EXTENDED"),
    );
    expect(printed).toMatchObject({
      bytes: 66,
      size: 66,
      syscall32_callback_eip: "0xf00",
      rest: "0009",
    });
  });
});

describe("the blob of X86_PV_VCPU_XSAVE", () => {
  it("has at least 16 bytes, LC-PV-15", () => {
    expect(decode(VCPU_XSAVE_CODEC, new Uint8Array(16)).faults).toEqual([]);
    expect(told(decode(VCPU_XSAVE_CODEC, new Uint8Array(15)).faults)).toEqual(["LC-PV-15@1000"]);
  });

  it("is printed with its masks, legacy area, header and components", () => {
    let blob = withU32(withU32(new Uint8Array(16 + 576 + 8), 0, 7), 8, 7);
    blob = withByte(withByte(blob, 16 + 512, 3), 16 + 576, 0xee);
    const printed = VCPU_XSAVE_CODEC.interpret({ vcpuId: 0, reserved: 0, blob }, contextAt("X"));
    expect(printed).toMatchObject({
      xcr0: "0x7",
      xcr0_accum: "0x7",
      area_bytes: 584,
      xstate_bv: "0x3",
      xcomp_bv: "0x0",
      components: "ee00000000000000",
    });
  });
});

describe("the blob of X86_PV_VCPU_MSRS", () => {
  const entry = (index: number, reserved = 0): Uint8Array => words(index, reserved, 5, 0);

  it("is whole entries of 16 bytes, LC-PV-15", () => {
    const two = joined(entry(0x48), entry(0xc0000103));
    expect(decode(VCPU_MSRS_CODEC, two).faults).toEqual([]);
    expect(told(decode(VCPU_MSRS_CODEC, two.subarray(0, 24)).faults)).toEqual(["LC-PV-15@1000"]);
  });

  it("names MSRs that a hypervisor takes, LC-PV-15 case msr-entry", () => {
    const blob = joined(entry(0x48), entry(0x10), entry(0x140, 1));
    const { faults } = decode(VCPU_MSRS_CODEC, blob);
    expect(told(faults)).toEqual(["LC-PV-15/msr-entry@1032", "LC-PV-15/msr-entry@1048"]);
    expect(faults.map((fault) => fault.entryIndex)).toEqual([1, 2]);
  });

  it("is printed with names", () => {
    const blob = entry(0xc0011027);
    expect(VCPU_MSRS_CODEC.interpret({ vcpuId: 0, reserved: 0, blob }, contextAt("X"))).toEqual({
      vcpu_id: 0,
      msr: [{ index: 0xc0011027, name: "DR0_ADDRESS_MASK", value: "0x5" }],
    });
  });
});
