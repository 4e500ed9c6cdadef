/**
 * What the hypervisor takes of HVM parameters and contexts, and what setting a parameter does to
 * memory. Source: hvm-state sections 1, 3, 4; libxc-stream LC-SIM-4.
 */
import { describe, expect, it } from "vitest";
import { concat, PAGE_BYTES, patternPage, poke, zeros } from "../builders/bytes.js";
import { contextHeader, contextRecord, hvmContextBlob, hvmStream } from "../builders/hvm.js";
import { type HvmParam, hvmParams, pageData, REC } from "../builders/libxc.js";
import { insertBefore, join, type Part } from "../builders/parts.js";
import { type Judgement, walk } from "./walker.js";

const pages = Array.from({ length: 8 }, (_, pfn) => ({ pfn, page: patternPage(pfn) }));
const withParams = (...params: readonly HvmParam[]): Judgement =>
  walk(join(hvmStream({ batches: [pages], params })));
const withContext = (context: Uint8Array): Judgement => walk(join(hvmStream({ context })));

/** Offset of the first record of a type. */
function offsetOf(parts: readonly Part[], type: number): number {
  const index = parts.findIndex((part) => part.type === type);
  return join(parts.slice(0, index)).length;
}

describe("HVM parameters", () => {
  const refused: readonly (readonly [rule: string, params: readonly HvmParam[]])[] = [
    ["HP-1", [[39, 0]]],
    ["HP-1", [[0xffff_ffffn, 0]]],
    ["HP-3", [[13, 0]]],
    ["HP-3", [[26, 0]]],
    ["HP-3", [[35, 0]]],
    ["HP-3", [[0x1_0000_0004n, 0]]],
    [
      "HP-4",
      [
        [5, 1],
        [5, 2],
      ],
    ],
    ["HP-10", [[9, 2]]],
    ["HP-10", [[9, 0x2001]]],
    ["HP-10", [[10, 4]]],
    ["HP-10", [[14, 1]]],
    ["HP-10", [[15, 0x1_0000_0000n]]],
    ["HP-10", [[19, 2]]],
    ["HP-10", [[31, 6]]],
    ["HP-6", [[33, 0]]],
    ["HP-10", [[33, 65]]],
    ["HP-10", [[36, 5]]],
    ["HP-10", [[37, 103n << 32n]]],
    ["HP-10", [[38, 2]]],
  ];
  it.each(refused)("%s refuses %s at the entry", (rule, params) => {
    const judgement = withParams(...params);
    const record = offsetOf(hvmStream({ batches: [pages], params }), REC.HVM_PARAMS);
    const byteOffset = record + 16 + 16 * (params.length - 1);
    expect(judgement.firstFault).toEqual({ rule, byteOffset });
  });

  const taken: readonly HvmParam[][] = [
    [[4, 1]],
    [[38, 1]],
    [[37, 104n << 32n]],
    [[33, 64]],
    [
      [5, 1],
      [5, 1],
    ],
    [
      [5, 0],
      [5, 2],
    ],
    [
      [1, 1],
      [1, 2],
    ],
    [[0x1_0000_0001n, 3]],
  ];
  it.each(taken.map((params) => [params]))("takes %s", (params) => {
    expect(withParams(...params).firstFault).toBeNull();
  });

  it.each([1, 5, 6])(
    "index %i zeroes its page in restored memory, not in stream memory",
    (index) => {
      const judgement = withParams([index, 3]);
      expect(judgement.populated.get(3)).toEqual(zeros(PAGE_BYTES));
      expect(judgement.streamPages.get(3)).toEqual(patternPage(3));
    },
  );

  it("the console page is zeroed but for byte 0xC10", () => {
    expect(withParams([17, 3]).populated.get(3)).toEqual(poke(zeros(PAGE_BYTES), 0xc10, 1));
  });

  it("a page that is not there stays so", () => {
    const judgement = withParams([1, 9], [17, 0xffff_ffff_ffff_ffffn]);
    expect(judgement.verdict).toBe("accept");
    expect(judgement.populated.size).toBe(8);
  });

  it("an index beyond 32 bits sets the low half and touches no page", () => {
    const judgement = withParams([0x1_0000_0001n, 3]);
    expect(judgement.params.get(1)).toBe(3n);
    expect(judgement.populated.get(3)).toEqual(patternPage(3));
  });

  it("page data that comes later overwrites the zeroes", () => {
    const early = insertBefore(
      hvmStream({ batches: [pages] }),
      REC.X86_TSC_INFO,
      hvmParams([[1, 3]]),
    );
    const parts = insertBefore(
      early,
      REC.X86_TSC_INFO,
      pageData([{ pfn: 3, page: patternPage(99) }]),
    );
    expect(walk(join(parts)).populated.get(3)).toEqual(patternPage(99));
  });
});

describe("the HVM context", () => {
  const none = zeros(0);
  const header = contextHeader();
  const last = contextRecord(0, 0, none);
  const sound: readonly (readonly [what: string, blob: Uint8Array])[] = [
    ["HEADER and END", hvmContextBlob()],
    ["a short CPU record", hvmContextBlob(contextRecord(2, 0, zeros(1016)))],
    ["XSAVE of any length", hvmContextBlob(contextRecord(16, 0, zeros(4)))],
    ["bytes behind END", concat(hvmContextBlob(), zeros(3))],
    ["an END with content", concat(header, contextRecord(0, 0, zeros(8)))],
  ];
  it.each(sound)("takes %s", (_, blob) => {
    expect(withContext(blob).firstFault).toBeNull();
  });

  const broken: readonly (readonly [rule: string, at: number, what: string, Uint8Array])[] = [
    ["HC-1", 0, "no HEADER", last],
    ["HC-1", 0, "four bytes", zeros(4)],
    ["HC-1", 0, "a HEADER of 23 bytes", poke(hvmContextBlob(), 4, 23)],
    ["HC-2", 8, "another magic", concat(contextHeader({ magic: 1 }), last)],
    ["HC-2", 12, "version 2", concat(contextHeader({ version: 2 }), last)],
    ["HC-4", 32, "no END", header],
    ["HC-4", 32, "half an END", concat(header, zeros(4))],
    ["HC-5", 32, "a second HEADER", hvmContextBlob(header)],
    ["HC-5", 32, "typecode 21", hvmContextBlob(contextRecord(21, 0, none))],
    ["HC-6", 0, "a HEADER cut short", header.subarray(0, 24)],
    [
      "HC-6",
      32,
      "a record cut short",
      concat(header, contextRecord(3, 0, zeros(8)).subarray(0, 12)),
    ],
    ["HC-7", 32, "a long CPU record", hvmContextBlob(contextRecord(2, 0, zeros(1040)))],
    ["HC-7", 32, "a short PMTIMER", hvmContextBlob(contextRecord(13, 0, zeros(4)))],
  ];
  it.each(broken)("%s at %i refuses %s", (rule, at, _, blob) => {
    const body = offsetOf(hvmStream({ context: blob }), REC.HVM_CONTEXT) + 8;
    expect(withContext(blob).firstFault).toEqual({ rule, byteOffset: body + at });
  });
});
