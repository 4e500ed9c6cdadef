/**
 * Headers, PAGE_DATA, order of records and epochs, beside what the fixtures already show.
 * Source: libxc-stream sections 1, 2, 5, 8 to 10.
 */
import { describe, expect, it } from "vitest";
import { PAGE_BYTES, patternPage, zeros } from "../builders/bytes.js";
import { hvmContext, hvmStream } from "../builders/hvm.js";
import {
  checkpoint,
  end,
  headers,
  hvmParams,
  PAGE,
  type PageEntry,
  pageData,
  pvInfo,
  REC,
  staticDataEnd,
  tscInfo,
  verify,
} from "../builders/libxc.js";
import { insertBefore, join, libxcRecord, type Part, without } from "../builders/parts.js";
import { type Judgement, type WalkOptions, walk } from "./walker.js";

const judge = (parts: readonly Part[], options: WalkOptions = {}): Judgement =>
  walk(join(parts), options);
const batches = (...lists: readonly PageEntry[][]): Judgement =>
  judge(hvmStream({ batches: lists }));
const rule = (judgement: Judgement): string | undefined => judgement.firstFault?.rule;

describe("headers", () => {
  it.each([12, 44, 76])(
    "a page shift of %i passes, as the restorer shifts modulo 32",
    (pageShift) => {
      expect(judge([headers({ pageShift }), ...hvmStream().slice(1)]).verdict).toBe("accept");
    },
  );

  it.each([
    ["LC-DOM-2", { pageShift: 13 }, 28],
    ["LC-DOM-1", { type: 4 }, 24],
    ["LC-HDR-3", { id: 0x5845_4e47 }, 8],
    ["LC-HDR-4", { version: 4 }, 12],
  ])("%s refuses %j at the field", (id, fields, byteOffset) => {
    const judgement = judge([headers(fields), ...hvmStream().slice(1)]);
    expect(judgement.firstFault).toEqual({ rule: id, byteOffset });
  });
});

describe("page data", () => {
  it("the last copy of a pfn counts, also within one record", () => {
    const judgement = batches(
      [
        { pfn: 1, page: patternPage(1) },
        { pfn: 1, page: patternPage(2) },
      ],
      [{ pfn: 2, page: patternPage(3) }],
    );
    expect(judgement.populated).toEqual(
      new Map([
        [1, patternPage(2)],
        [2, patternPage(3)],
      ]),
    );
  });

  it.each([PAGE.XTAB, PAGE.BROKEN])("a later entry of type %i leaves the page", (type) => {
    const judgement = batches([{ pfn: 1, page: patternPage(1) }], [{ pfn: 1, type }]);
    expect(judgement.populated.get(1)).toEqual(patternPage(1));
    expect(judgement.types.get(1)).toBe(type);
  });

  it("XALLOC populates a zero page, and does not clear one that is there", () => {
    const type = PAGE.XALLOC;
    const judgement = batches(
      [{ pfn: 1, page: patternPage(1) }],
      [
        { pfn: 1, type },
        { pfn: 2, type },
      ],
    );
    expect(judgement.populated.get(1)).toEqual(patternPage(1));
    expect(judgement.populated.get(2)).toEqual(zeros(PAGE_BYTES));
  });

  it("an HVM pfn of 2^36 is refused where it populates only", () => {
    expect(batches([{ pfn: 2 ** 36 - 1 }]).verdict).toBe("accept");
    expect(batches([{ pfn: 2 ** 36, type: PAGE.XTAB }]).verdict).toBe("accept");
    expect(rule(batches([{ pfn: 2 ** 36, type: PAGE.XALLOC }]))).toBe("LC-PG-8");
  });

  it("after VERIFY pages are populated and their types kept, but nothing is written", () => {
    const parts = hvmStream({ batches: [[{ pfn: 1, page: patternPage(1) }]] });
    const again = pageData([
      { pfn: 1, page: patternPage(2) },
      { pfn: 2, page: patternPage(3) },
    ]);
    const judgement = judge(insertBefore(parts, REC.X86_TSC_INFO, verify(), again));
    expect(judgement.verdict).toBe("accept");
    expect(judgement.populated.get(1)).toEqual(patternPage(1));
    expect(judgement.populated.get(2)).toEqual(zeros(PAGE_BYTES));
    expect(judgement.typeCounts).toEqual({ "0x0": 3 });
  });
});

describe("order and kinds of records", () => {
  it("a version 2 stream infers STATIC_DATA_END, so a later one is a second one", () => {
    const parts = hvmStream({ version: 2, batches: [[{ pfn: 1 }]] });
    expect(judge(parts).verdict).toBe("accept");
    expect(judge(insertBefore(parts, REC.PAGE_DATA, staticDataEnd())).verdict).toBe("accept");
    expect(rule(judge(insertBefore(parts, REC.X86_TSC_INFO, staticDataEnd())))).toBe("LC-ORD-4");
  });

  it("a version 3 stream without memory needs no STATIC_DATA_END", () => {
    expect(judge(without(hvmStream(), REC.STATIC_DATA_END)).verdict).toBe("accept");
  });

  it.each([
    ["LC-TYP-2", REC.TOOLSTACK],
    ["LC-TYP-3", REC.CHECKPOINT_DIRTY_PFN_LIST],
    ["LC-REC-2", 0x13],
    ["LC-TYP-1", REC.X86_PV_INFO],
    ["LC-CP-1", REC.CHECKPOINT],
  ])("%s refuses a record of type %i in a plain HVM stream", (id, type) => {
    const parts = insertBefore(hvmStream(), REC.END, libxcRecord(type));
    const byteOffset = join(parts).length - 16;
    expect(judge(parts).firstFault).toEqual({ rule: id, byteOffset });
  });

  it("TSC mode 3 is refused at the field", () => {
    const parts = [headers(), tscInfo({ mode: 3 }), hvmContext(), end()];
    expect(judge(parts).firstFault).toEqual({ rule: "LC-TSC-3", byteOffset: 48 });
  });

  it("a PV stream without its records cannot be completed", () => {
    expect(rule(judge([headers({ type: 1 }), end()]))).toBe("LC-ORD-9");
    expect(rule(judge([headers({ type: 1 }), pvInfo(8), end()]))).toBe("LC-ORD-9");
  });
});

describe("checkpointed streams", () => {
  const start = [headers(), staticDataEnd()];
  const epoch = (seed: number): Part[] => [
    pageData([{ pfn: 1, page: patternPage(seed) }]),
    hvmContext(),
    hvmParams([[1, 2]]),
  ];
  const bare = (...parts: readonly Part[]): Judgement => judge(parts, { checkpointed: true });
  const page = (judgement: Judgement): Uint8Array | undefined => judgement.populated.get(1);

  it("breaking off before the first checkpoint is a fault", () => {
    expect(rule(bare(...start, ...epoch(1)))).toBe("LC-REC-5");
  });

  it("an epoch counts once its CHECKPOINT came", () => {
    const parts = [...start, ...epoch(1), checkpoint(), ...epoch(2)];
    expect(page(bare(...parts))).toEqual(patternPage(1));
    expect(page(bare(...parts, checkpoint()))).toEqual(patternPage(2));
  });

  it("END drops the epoch that was not committed", () => {
    const judgement = bare(...start, ...epoch(1), checkpoint(), ...epoch(2), end());
    expect(judgement.verdict).toBe("accept");
    expect(page(judgement)).toEqual(patternPage(1));
  });

  it("END before the first checkpoint completes what was applied", () => {
    expect(page(bare(...start, ...epoch(1), end()))).toEqual(patternPage(1));
  });

  it("an unknown optional record is skipped outside a buffer and fails inside one", () => {
    const optional = libxcRecord(0x8000_0001);
    expect(bare(...start, optional, ...epoch(1), checkpoint()).verdict).toBe("accept");
    const buffered = [...start, ...epoch(1), checkpoint(), optional];
    expect(bare(...buffered).verdict).toBe("accept");
    expect(bare(...buffered, checkpoint()).firstFault).toEqual({
      rule: "LC-CP-7",
      byteOffset: join(buffered).length - 8,
    });
  });

  it("each committed epoch zeroes the pages of its parameters again", () => {
    const touched = [
      pageData([{ pfn: 2, page: patternPage(5) }]),
      hvmContext(),
      hvmParams([[1, 2]]),
    ];
    const judgement = bare(...start, ...epoch(1), checkpoint(), ...touched, checkpoint());
    expect(judgement.populated.get(2)).toEqual(zeros(PAGE_BYTES));
    expect(judgement.streamPages.get(2)).toEqual(patternPage(5));
  });

  it("what is missing when the stream breaks off is missed where it broke off", () => {
    const parts = [...start, checkpoint()];
    expect(bare(...parts).firstFault).toEqual({
      rule: "LC-HVM-7",
      byteOffset: join(parts).length,
    });
  });
});
