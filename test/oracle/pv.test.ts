/**
 * PV guests of both widths: records, page table entries, and the completion of the domain.
 * Source: libxc-stream section 6, LC-SIM-5, LC-PV-20 to 25.
 */
import { describe, expect, it } from "vitest";
import { PAGE_BYTES, poke, u64le, wordsPage, zeros } from "../builders/bytes.js";
import {
  PAGE,
  p2mFrames,
  pageData,
  pvInfo,
  REC,
  sharedInfo,
  vcpuRecord,
} from "../builders/libxc.js";
import { first, insertBefore, join, type Part, withBody, without } from "../builders/parts.js";
import { basicBlob, type PvWidth, pte, pvStream, simplePlan } from "../builders/pv.js";
import { type Judgement, type WalkOptions, walk } from "./walker.js";

const judge = (parts: readonly Part[], options: WalkOptions = {}): Judgement =>
  walk(join(parts), options);
const rule = (parts: readonly Part[], options: WalkOptions = {}): string | undefined =>
  judge(parts, options).firstFault?.rule;
const view = (page: Uint8Array | undefined): DataView => new DataView((page as Uint8Array).buffer);

const WIDTHS: readonly PvWidth[] = [8, 4];
const PLAN = simplePlan(8);
const STREAM = pvStream(PLAN);

describe.each(WIDTHS)("a PV guest of width %i", (width) => {
  const plan = simplePlan(width);

  it.each([2, 3] as const)("restores from version %i", (version) => {
    const judgement = judge(pvStream(plan, { version, vcpus: 2 }));
    expect(judgement.firstFault).toBeNull();
  });

  it("start info is told about the new domain, in restored memory alone", () => {
    const options = { sharedInfoFrame: 0x123, storePort: 7, consolePort: 9 };
    const judgement = judge(pvStream(plan), options);
    const page = view(judgement.populated.get(plan.startInfo));
    const word = (at64: number, at32: number): bigint =>
      width === 8 ? page.getBigUint64(at64, true) : BigInt(page.getUint32(at32, true));
    expect(word(0x20, 0x20)).toBe(16n);
    expect(word(0x28, 0x24)).toBe(0x12_3000n);
    expect(page.getUint32(width === 8 ? 0x30 : 0x28, true)).toBe(0);
    expect(word(0x38, 0x2c)).toBe(BigInt(plan.store));
    expect(page.getUint32(width === 8 ? 0x40 : 0x30, true)).toBe(7);
    expect(word(0x48, 0x34)).toBe(BigInt(plan.console));
    expect(page.getUint32(width === 8 ? 0x50 : 0x38, true)).toBe(9);
    expect(judgement.populated.get(plan.console)?.[0xc10]).toBe(1);
    const stream = judgement.streamPages;
    expect(stream.get(plan.startInfo)).not.toEqual(judgement.populated.get(plan.startInfo));
    expect(stream.get(plan.store)).toEqual(judgement.populated.get(plan.store));
  });

  it("the guest's p2m names the frame of each pfn, all ones where there is none", () => {
    const judgement = judge(pvStream(plan));
    const page = view(judgement.populated.get(plan.p2m[0] as number));
    const entry = (pfn: number): bigint =>
      width === 8 ? page.getBigUint64(8 * pfn, true) : BigInt(page.getUint32(4 * pfn, true));
    const none = width === 8 ? 0xffff_ffff_ffff_ffffn : 0xffff_ffffn;
    expect(entry(0)).toBe(none);
    expect(entry(plan.startInfo)).toBe(BigInt(plan.startInfo));
    expect(entry(15)).toBe(none);
    // Behind max_pfn the page keeps what was sent.
    const sent = judgement.streamPages.get(plan.p2m[0] as number) as Uint8Array;
    const tail = 16 * width;
    const restored = judgement.populated.get(plan.p2m[0] as number) as Uint8Array;
    expect(restored.subarray(tail)).toEqual(sent.subarray(tail));
  });
});

describe("page table entries", () => {
  it("a pfn that a present entry names is populated with a zero page", () => {
    const judgement = judge(pvStream(PLAN, { mapped: [15] }));
    expect(judgement.streamPages.get(15)).toEqual(zeros(PAGE_BYTES));
    expect(judgement.types.has(15)).toBe(false);
  });

  it("entries that are not present are not looked at", () => {
    const page = wordsPage([[0, pte(2 ** 39) & ~1n]]);
    const judgement = judge(pvStream(PLAN, { batches: [[{ pfn: 0, type: PAGE.L1TAB, page }]] }));
    expect(judgement.verdict).toBe("accept");
  });

  it("one beyond max_pfn is refused where it stands in the page", () => {
    const page = wordsPage([[3, pte(16)]]);
    const parts = pvStream(PLAN, { batches: [[{ pfn: 0, type: PAGE.L1TAB, page }]] });
    const tsc = parts.findIndex((part) => part.type === REC.X86_TSC_INFO);
    const byteOffset = join(parts.slice(0, tsc)).length - PAGE_BYTES + 24;
    expect(judge(parts).firstFault).toEqual({ rule: "LC-SIM-5", byteOffset });
  });

  it("only pages that are tables are followed", () => {
    const page = wordsPage([[3, pte(16)]]);
    expect(judge(pvStream(PLAN, { batches: [[{ pfn: 0, page }]] })).verdict).toBe("accept");
  });
});

describe("PV records", () => {
  const twice = (type: number): Part[] => insertBefore(STREAM, REC.PAGE_DATA, first(STREAM, type));
  const vcpu = (type: number, bytes: number): Part[] =>
    insertBefore(STREAM, REC.END, vcpuRecord(type, 0, zeros(bytes)));

  it.each([
    ["LC-PV-4", twice(REC.X86_PV_INFO)],
    ["LC-PV-11", insertBefore(STREAM, REC.X86_PV_INFO, sharedInfo())],
    ["LC-PV-10", insertBefore(STREAM, REC.END, sharedInfo(zeros(4088)))],
    ["LC-PV-15", vcpu(REC.X86_PV_VCPU_EXTENDED, 129)],
    ["LC-PV-15", vcpu(REC.X86_PV_VCPU_EXTENDED, 64)],
    ["LC-PV-15", vcpu(REC.X86_PV_VCPU_XSAVE, 15)],
    ["LC-PV-15", vcpu(REC.X86_PV_VCPU_MSRS, 8)],
    ["LC-PV-15", vcpu(REC.X86_PV_VCPU_BASIC, 2800)],
    ["LC-PV-17", without(STREAM, REC.X86_PV_VCPU_BASIC)],
  ])("%s refuses", (id, parts) => {
    expect(rule(parts)).toBe(id);
  });

  it("a first P2M_FRAMES that ends at pfn 0 is refused, a later one is not", () => {
    const zero = p2mFrames(0, 0, PLAN.p2m);
    const only = STREAM.map((part) => (part.type === REC.X86_PV_P2M_FRAMES ? zero : part));
    expect(rule(only)).toBe("LC-PV-9");
    expect(rule(insertBefore(STREAM, REC.PAGE_DATA, zero))).toBeUndefined();
  });

  it("a vcpu beyond those of the domain is refused, an empty record of it is not", () => {
    const parts = pvStream(PLAN, { vcpus: 2 });
    expect(rule(parts, { vcpus: 2 })).toBeUndefined();
    expect(rule(parts)).toBeUndefined();
    expect(rule(parts, { vcpus: 1 })).toBe("LC-PV-14");
    const empty = insertBefore(STREAM, REC.END, vcpuRecord(REC.X86_PV_VCPU_MSRS, 9, zeros(0)));
    expect(rule(empty, { vcpus: 1 })).toBeUndefined();
  });

  it("a repeated BASIC record replaces the earlier one", () => {
    const broken = vcpuRecord(REC.X86_PV_VCPU_BASIC, 0, zeros(0x1430));
    expect(rule(insertBefore(STREAM, REC.X86_PV_VCPU_BASIC, broken))).toBeUndefined();
    expect(rule(insertBefore(STREAM, REC.END, broken))).toBe("LC-PV-20");
  });
});

describe("completion of a PV domain", () => {
  const end = join(STREAM).length - 8;
  /** A field of vcpu 0's BASIC blob changed; the blob begins 8 bytes into the body. */
  const basic = (offset: number, value: bigint): Part[] =>
    withBody(STREAM, REC.X86_PV_VCPU_BASIC, (body) => poke(body, 8 + offset, ...u64le(value)));
  const again = (pfn: number, type: number): Part[] =>
    insertBefore(STREAM, REC.X86_TSC_INFO, pageData([{ pfn, type }]));

  it.each([
    ["LC-PV-20", "start info that is not there", basic(0x268, 0n)],
    ["LC-PV-20", "start info that became a hole", again(PLAN.startInfo, PAGE.XTAB)],
    ["LC-PV-21", "7169 GDT entries", basic(0x1360, 7169n)],
    ["LC-PV-21", "a GDT frame that became a hole", again(PLAN.gdt[0] as number, PAGE.BROKEN)],
    ["LC-PV-22", "cr3 of an L3", basic(0x1390, BigInt(PLAN.tables[1] as number) << 12n)],
    ["LC-PV-23", "a user table that is none", basic(0x1380, (1n << 12n) | 1n)],
    ["LC-PV-25", "a p2m frame that became a table", again(PLAN.p2m[0] as number, PAGE.L1TAB)],
  ])("%s at END refuses %s", (id, _, parts) => {
    const grown = join(parts).length - join(STREAM).length;
    expect(judge(parts).firstFault).toEqual({ rule: id, byteOffset: end + grown });
  });

  it("a pinned and an unpinned top table both do", () => {
    const top = PLAN.tables[0] as number;
    expect(rule(again(top, PAGE.L4TAB))).toBeUndefined();
    expect(rule(again(top, PAGE.L4TAB | PAGE.PINNED))).toBeUndefined();
  });

  it("of EXTENDED blobs the last of a vcpu alone must tell its size", () => {
    const [small, good] = [8, 128].map((size) => {
      const blob = new Uint8Array(128);
      new DataView(blob.buffer).setUint32(4, size, true);
      return vcpuRecord(REC.X86_PV_VCPU_EXTENDED, 0, blob);
    }) as [Part, Part];
    const [end, ...rest] = pvStream(simplePlan(4)).toReversed() as [Part, ...Part[]];
    const ending = (...parts: readonly Part[]) => rule([...rest.toReversed(), ...parts, end]);
    expect(ending(small)).toBe("LC-PV-15");
    expect(ending(good, small)).toBe("LC-PV-15");
    expect(ending(small, good)).toBeUndefined();
  });

  it("frames of the p2m that no record named are missed", () => {
    const [low, high] = [simplePlan(8, 600), p2mFrames(512, 600, [11])];
    const parts = pvStream(low).map((part) => (part.type === REC.X86_PV_P2M_FRAMES ? high : part));
    expect(rule(parts)).toBe("LC-PV-25");
  });

  it("a BASIC blob measured before X86_PV_INFO must have the size of the guest", () => {
    const blob = basicBlob(simplePlan(4));
    const early = vcpuRecord(REC.X86_PV_VCPU_BASIC, 0, blob);
    const rest = without(without(STREAM, REC.X86_PV_VCPU_BASIC), REC.X86_PV_INFO);
    const [head, ...tail] = rest as [Part, ...Part[]];
    expect(rule([head, early, pvInfo(8), ...tail])).toBe("LC-PV-15");
  });
});
