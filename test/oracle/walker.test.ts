/**
 * libxl streams, their checkpoints and xl save files, with the vectors of the documents.
 * Source: libxl-stream sections 1 to 7.
 */
import { describe, expect, it } from "vitest";
import { concat, patternPage, zeros } from "../builders/bytes.js";
import { hvmContext, hvmStream } from "../builders/hvm.js";
import { checkpoint, end, headers, pageData, staticDataEnd } from "../builders/libxc.js";
import {
  checkpointEnd,
  emulatorContext,
  emulatorXenstore,
  LIBXL_REC,
  libxcContext,
  libxlCheckpointed,
  libxlEnd,
  libxlHeader,
  libxlStream,
  PHYSMAP,
  type XlFields,
  xlHeader,
} from "../builders/libxl.js";
import { join, libxlRecord, type Part } from "../builders/parts.js";
import { pvStream, simplePlan } from "../builders/pv.js";
import { LIBXC_VECTOR, LIBXL_VECTOR, XL_HEADER_VECTOR } from "../fixtures/by-hand.js";
import { type Judgement, type WalkOptions, walk } from "./walker.js";

const judge = (parts: readonly Part[], options: WalkOptions = {}): Judgement =>
  walk(join(parts), options);
const HVM = hvmStream({ batches: [[{ pfn: 1, page: patternPage(1) }]] });

describe("the vectors of the documents", () => {
  it("are accepted, bare and nested", () => {
    const { bytes } = LIBXL_VECTOR;
    for (const image of [LIBXC_VECTOR.bytes, bytes, concat(XL_HEADER_VECTOR.bytes, bytes)]) {
      const judgement = walk(image);
      expect(judgement.firstFault).toBeNull();
      expect(judgement.consumedBytes).toBe(image.length);
      expect(judgement.params.get(34)).toBe(0xfc00_a010n);
    }
  });

  it("are refused wherever they are cut", () => {
    const image = concat(XL_HEADER_VECTOR.bytes, LIBXL_VECTOR.bytes);
    for (let length = 0; length < image.length; length += 1) {
      expect(walk(image.subarray(0, length)).verdict).toBe("reject");
    }
  });
});

describe("libxl streams", () => {
  const around = (...extra: readonly Part[]): Part[] => libxlStream(HVM, extra);
  const at = join(libxlStream(HVM)).length - 8;

  it.each([
    ["LL-REC-2", libxlRecord(6)],
    ["LL-REC-2", libxlRecord(0x8000_0000)],
    ["LL-SM-10", checkpointEnd()],
    ["LL-CS-2", libxlRecord(LIBXL_REC.CHECKPOINT_STATE, zeros(4))],
    ["LL-EMU-1", libxlRecord(LIBXL_REC.EMULATOR_CONTEXT, zeros(7))],
    ["LL-REC-4", libxlRecord(LIBXL_REC.EMULATOR_CONTEXT, zeros(8), { length: 0x0800_0001 })],
  ])("%s refuses a record at its header", (rule, record) => {
    expect(judge(around(record)).firstFault).toEqual({ rule, byteOffset: at });
  });

  it.each([
    ["LL-XS-1", "key\0value", 4],
    ["LL-XS-1", "key\0value\0lonely\0", 10],
    ["LL-XS-2", "key\0value\0\0value\0", 10],
    ["LL-XS-2", "/key\0value\0", 0],
  ])("%s refuses the strings %j at the one that is wrong", (rule, text, offset) => {
    const byteOffset = at + 16 + offset;
    expect(judge(around(emulatorXenstore(text))).firstFault).toEqual({ rule, byteOffset });
  });

  it("no strings at all and empty values are taken", () => {
    expect(judge(around(emulatorXenstore(""), emulatorXenstore("key\0\0"))).verdict).toBe("accept");
  });

  it("emulator records of a PV guest are refused, also when they come first", () => {
    const pv = pvStream(simplePlan(8));
    const after = judge(libxlStream(pv, [emulatorContext()]));
    expect(after.firstFault?.rule).toBe("LL-EMU-3");
    const first = judge([libxlHeader(), emulatorContext(), libxcContext(), ...pv, libxlEnd()]);
    expect(first.firstFault).toEqual({ rule: "LL-EMU-3", byteOffset: 16 });
  });

  it("nothing behind END is read", () => {
    const judgement = walk(concat(join(around()), zeros(3)));
    expect(judgement.verdict).toBe("accept");
    expect(judgement.consumedBytes).toBe(at + 8);
  });
});

describe("checkpointed libxl streams", () => {
  const epoch = (seed: number): Part[] => [
    pageData([{ pfn: 1, page: patternPage(seed) }]),
    hvmContext(),
    checkpoint(),
  ];
  const emulator = [emulatorXenstore(PHYSMAP), emulatorContext()];
  const start = [headers(), staticDataEnd()];
  const one = libxlCheckpointed([...start, ...epoch(1)], emulator);
  const two = libxlCheckpointed([...start, ...epoch(1), ...epoch(2)], emulator);
  const page = (judgement: Judgement): Uint8Array | undefined => judgement.populated.get(1);

  it("need no option to be seen as such", () => {
    const judgement = judge(two);
    expect(judgement.firstFault).toBeNull();
    expect(judgement.restore?.checkpoints).toBe(2);
    expect(page(judgement)).toEqual(patternPage(2));
  });

  it("a first checkpoint whose libxl part is not whole fails, a later one is dropped", () => {
    const cut = one.slice(0, -1);
    const byteOffset = join(cut).length;
    expect(judge(cut).firstFault).toEqual({ rule: "LL-SM-8", byteOffset });
    const later = judge(two.slice(0, -1));
    expect(later.verdict).toBe("accept");
    expect(page(later)).toEqual(patternPage(1));
  });

  it.each([
    ["LL-SM-11", libxlEnd()],
    ["LL-SM-11", libxcContext()],
    ["LL-CS-2", libxlRecord(LIBXL_REC.CHECKPOINT_STATE, zeros(4))],
    ["LL-REC-2", libxlRecord(9)],
  ])("%s refuses a record inside a checkpoint", (rule, record) => {
    const parts = libxlCheckpointed([...start, ...epoch(1)], [record]);
    const byteOffset = join(parts).length - 8 - record.bytes.length;
    expect(judge(parts, { checkpointed: true }).firstFault).toEqual({ rule, byteOffset });
    // Told nothing, only a record that libxc could not have there makes it a checkpointed one.
    expect(judge(parts).firstFault?.rule).toBe("LC-CP-1");
  });

  it("END of the libxc part ends the image: nothing behind it is read", () => {
    const junk = libxlRecord(9);
    expect(judge([...one, end(), junk]).verdict).toBe("accept");
    const plain = [libxlHeader(), libxcContext(), ...HVM, junk];
    expect(judge(plain).firstFault?.rule).toBe("LL-REC-2");
    expect(judge(plain, { checkpointed: true }).verdict).toBe("accept");
  });
});

describe("xl save files", () => {
  const file = (fields: XlFields, stream: readonly Part[] = libxlStream(HVM)): Judgement =>
    judge([xlHeader(fields), ...stream]);

  it.each([
    ["JSON", {}],
    ["JSON with bytes behind it", { rest: zeros(5) }],
    ["an empty config", { config: "" }],
    ["no config", { config: null }],
    ["a text config", { config: "memory=4", mandatoryFlags: 2 }],
    ["unknown optional flags", { optionalFlags: 0xff }],
  ])("%s is taken", (_, fields) => {
    expect(file(fields).firstFault).toBeNull();
  });

  it.each([
    ["XL-2", { byteorder: 0x0403_0201 }, 0x20],
    ["XL-3", { mandatoryFlags: 7 }, 0x24],
    ["XL-5", { config: null, rest: zeros(3) }, 0x2c],
    ["XL-5", { configBytes: 4 }, 0x30],
    ["XL-5", { configBytes: 0x8000_0000 }, 0x30],
    ["XL-7", { config: "{\0" }, 0x34],
    ["XL-7", { config: "[]\0" }, 0x34],
    ["XL-7", { config: "{}x\0" }, 0x34],
    ["XL-9", { mandatoryFlags: 1 }, 0x24],
  ])("%s refuses %j at the field", (rule, fields, byteOffset) => {
    expect(file(fields).firstFault).toEqual({ rule, byteOffset });
  });

  it("a bare libxc stream contradicts the header with either flag", () => {
    for (const mandatoryFlags of [1, 3]) {
      expect(file({ mandatoryFlags }, HVM).firstFault?.rule).toBe("XL-9");
    }
  });
});
