/** The two emulator records: packed Xenstore strings, and the head of QEMU state. */
import { describe, expect, it } from "vitest";
import { MAX_FAULTS_PER_BODY } from "../../../src/findings/index.js";
import {
  EMULATOR_CONTEXT_CODEC,
  EMULATOR_XENSTORE_DATA_CODEC,
  packXenstorePairs,
  qemuHeadJson,
  xenstorePairs,
} from "../../../src/stream/libxl/index.js";
import { toolstackBlob, VIDEO } from "../../builders/legacy.js";
import { bytesOf, contextAt, joined, told, words } from "../support.js";

const HEAD = words(2, 0);
const XS = contextAt("EMULATOR_XENSTORE_DATA", null, "libxl");
const CTX = contextAt("EMULATOR_CONTEXT", null, "libxl");

const text = (characters: string): Uint8Array =>
  Uint8Array.from(characters, (character) => character.charCodeAt(0));

describe("EMULATOR_XENSTORE_DATA", () => {
  const decode = (data: string) =>
    EMULATOR_XENSTORE_DATA_CODEC.decode(joined(HEAD, text(data)), XS);

  it("is keys and values, each with its NUL", () => {
    const { value, faults } = decode("physmap/f0/size\0a000\0physmap/f0/name\0\0");
    expect(faults).toEqual([]);
    expect([...xenstorePairs(value?.data ?? new Uint8Array(0))]).toEqual([
      { key: "physmap/f0/size", value: "a000", keyOffset: 0, valueOffset: 16 },
      { key: "physmap/f0/name", value: "", keyOffset: 21, valueOffset: 37 },
    ]);
    expect(value && EMULATOR_XENSTORE_DATA_CODEC.interpret(value, XS)).toEqual({
      emulator_id: 2,
      emulator_name: "qemu",
      index: 0,
      pairs: [
        ["physmap/f0/size", "a000"],
        ["physmap/f0/name", ""],
      ],
    });
  });

  it("may be empty", () => {
    expect(decode("").faults).toEqual([]);
  });

  it("is packed as it is taken apart", () => {
    const pairs: [string, string][] = [
      ["a", "1"],
      ["b/c", ""],
    ];
    const packed = packXenstorePairs(pairs);
    expect([...xenstorePairs(packed)].map(({ key, value }) => [key, value])).toEqual(pairs);
  });

  it.each([
    ["the last NUL missing, LL-XS-1", "a\0b", ["LL-XS-1@1018"]],
    ["a key without a value, LL-XS-1", "a\0b\0c\0", ["LL-XS-1@1000"]],
    ["an empty key, LL-XS-2", "\0b\0", ["LL-XS-2@1016"]],
    ["an absolute key, LL-XS-2", "a\0b\0/c\0d\0", ["LL-XS-2@1020"]],
    ["a key with a space, LL-XS-3", "a b\0c\0", ["LL-XS-3@1016"]],
    ["a value that cannot be printed, LL-XS-3", "a\0\x01\0", ["LL-XS-3@1018"]],
  ])("is faulty with %s", (_, data, faults) => {
    expect(told(decode(data).faults)).toEqual(faults);
  });

  it.each([32, 64] as const)(
    "reads the blob of a %i-bit toolstack in its place, LL-XS-6",
    (width) => {
      const blob = toolstackBlob(width, VIDEO, { ...VIDEO, physOffset: 0n });
      const { value, faults } = EMULATOR_XENSTORE_DATA_CODEC.decode(blob, XS);
      expect(told(faults)).toEqual(["LL-XS-6@1000"]);
      const pairs = [...xenstorePairs(value?.data ?? new Uint8Array(0))];
      expect(pairs.map(({ key, value }) => [key, value])).toEqual([
        ["physmap/fd000000/start_addr", "f0000000"],
        ["physmap/fd000000/size", "800000"],
        ["physmap/fd000000/name", "vga.vram"],
        ["physmap/0/start_addr", "f0000000"],
        ["physmap/0/size", "800000"],
        ["physmap/0/name", "vga.vram"],
      ]);
      expect(value && EMULATOR_XENSTORE_DATA_CODEC.encode(value)).toEqual(blob);
    },
  );

  it("takes nothing for a blob that is not one to its last byte", () => {
    const blob = toolstackBlob(64, VIDEO);
    const more = joined(blob, Uint8Array.of(0));
    for (const body of [blob.subarray(0, -1), more, words(1, 0)]) {
      const { faults } = EMULATOR_XENSTORE_DATA_CODEC.decode(body, XS);
      expect(told(faults).join()).not.toContain("LL-XS-6");
    }
  });

  it("shows what it finds wrong so that it can be printed", () => {
    const [fault] = decode(`k\x07${"x".repeat(100)}\0v\0`).faults;
    expect(fault?.actual).toBe(`"k\\x07${"x".repeat(62)}"...`);
    expect(fault?.entryIndex).toBe(0);
  });

  it("finds so many faults and no more", () => {
    const { faults } = decode("\0\0".repeat(MAX_FAULTS_PER_BODY * 2));
    expect(faults).toHaveLength(MAX_FAULTS_PER_BODY);
  });
});

describe("EMULATOR_CONTEXT", () => {
  const QEMU = bytesOf("5145564d 00000003 00");
  const decode = (blob: Uint8Array) => EMULATOR_CONTEXT_CODEC.decode(joined(HEAD, blob), CTX);

  it("is the device model's state behind a head", () => {
    const { value, faults } = decode(QEMU);
    expect(faults).toEqual([]);
    expect(value).toEqual({ emulatorId: 2, index: 0, context: QEMU });
  });

  it("has a head of 8 bytes, LL-EMU-1", () => {
    for (const [codec, context] of [
      [EMULATOR_CONTEXT_CODEC, CTX],
      [EMULATOR_XENSTORE_DATA_CODEC, XS],
    ] as const) {
      const { value, faults } = codec.decode(HEAD.subarray(0, 7), context);
      expect(told(faults)).toEqual(["LL-EMU-1@1000"]);
      expect(value).toBeNull();
    }
  });

  it("names an emulator that exists, LL-EMU-2", () => {
    for (const id of [0, 1, 2]) {
      const { faults } = EMULATOR_CONTEXT_CODEC.decode(joined(words(id, 0), QEMU), CTX);
      expect(faults).toEqual([]);
    }
    const { faults } = EMULATOR_CONTEXT_CODEC.decode(joined(words(3, 0), QEMU), CTX);
    expect(told(faults)).toEqual(["LL-EMU-2@1008"]);
  });

  it.each([
    ["another magic, LL-QE-2", "5145564e 00000003 00", ["LL-QE-2@1016"]],
    ["no head, LL-QE-2", "514556", ["LL-QE-2@1016"]],
    ["nothing at all, LL-QE-2", "", ["LL-QE-2@1016"]],
    ["version 4, LL-QE-2", "5145564d 00000004 00", ["LL-QE-2@1020"]],
    ["another last byte, LL-QE-3", "5145564d 00000003 04", ["LL-QE-3@1024"]],
    ["no section, LL-QE-3", "5145564d 00000003", ["LL-QE-3@1023"]],
  ])("is doubtful with %s", (_, blob, faults) => {
    expect(told(decode(bytesOf(blob)).faults)).toEqual(faults);
  });

  it("shows the head of QEMU's state and its first section", () => {
    const section = bytesOf(`
      5145564d 00000003
      04 00000002 03 726f6d 00000000 00000001 aabb 00
    `);
    expect(qemuHeadJson(section)).toEqual({
      magic: "QEVM",
      version: 3,
      first_section: { type: "full", section_id: 2, id: "rom", instance: 0, version: 1 },
    });
    expect(qemuHeadJson(section.subarray(0, 12))).toEqual({
      magic: "QEVM",
      version: 3,
      first_section: { type: "full" },
    });
    expect(qemuHeadJson(section.subarray(0, 8))).toEqual({ magic: "QEVM", version: 3 });
    expect(qemuHeadJson(bytesOf("00"))).toBeNull();
  });
});

describe("the document's test vector of an emulator record", () => {
  it("decodes without a fault and is written again to the byte", () => {
    const body = bytesOf("0200000000000000 5145564d00000003 00");
    const { value, faults } = EMULATOR_CONTEXT_CODEC.decode(body, CTX);
    expect(faults).toEqual([]);
    expect(value && EMULATOR_CONTEXT_CODEC.encode(value)).toEqual(body);
  });
});
