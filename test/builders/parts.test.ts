/**
 * Framing, PAGE_DATA and the ways to rearrange a stream, held against bytes written out here.
 * Source: libxc-stream sections 3 and 5.
 */
import { describe, expect, it } from "vitest";
import { zeros } from "./bytes.js";
import { hvmStream } from "./hvm.js";
import { PAGE, pageData, REC } from "./libxc.js";
import { first, insertBefore, join, libxcRecord, splitLibxc, withBody, without } from "./parts.js";

const stream = hvmStream({ batches: [[{ pfn: 1 }, { pfn: 2, type: PAGE.XTAB }]] });

describe("parts of a stream", () => {
  it("a record has its length without padding and is padded to 8 with zeroes", () => {
    const record = libxcRecord(REC.HVM_CONTEXT, Uint8Array.of(1, 2, 3));
    expect([...record.bytes]).toEqual([9, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0]);
  });

  it("a record can lie about its length and have padding that is not zero", () => {
    const lies = { length: 7, padding: Uint8Array.of(9) };
    const record = libxcRecord(REC.END, zeros(2), lies);
    expect([...record.bytes]).toEqual([0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 9]);
  });

  it("splitting a stream gives the parts it was joined from", () => {
    expect(splitLibxc(join(stream))).toEqual(stream);
  });

  it("records can be taken out, put before others and given another body", () => {
    const types = stream.map((part) => part.type);
    const tsc = first(stream, REC.X86_TSC_INFO);
    expect(without(stream, REC.X86_TSC_INFO).map((part) => part.type)).toEqual(
      types.filter((type) => type !== REC.X86_TSC_INFO),
    );
    expect(insertBefore(stream, REC.END, tsc).at(-2)).toBe(tsc);
    const longer = withBody(stream, REC.END, () => zeros(5));
    expect([...first(longer, REC.END).bytes]).toEqual([0, 0, 0, 0, 5, ...zeros(11)]);
  });

  it("an entry has type, reserved bits and pfn where the document puts them", () => {
    const record = pageData([{ pfn: 0xf_1234_5678_9abcn, type: 0xf, reserved: 0xa5 }]);
    const view = new DataView(record.bytes.buffer);
    expect(view.getBigUint64(16, true)).toBe(0xfa5f_1234_5678_9abcn);
    expect(record.bytes.length).toBe(24);
  });

  it("an entry that carries data has its 4096 bytes behind the entries", () => {
    const page = zeros(4096).fill(7);
    const record = pageData([{ pfn: 1, type: PAGE.XALLOC }, { pfn: 2, page }, { pfn: 3 }]);
    expect(record.bytes.length).toBe(8 + 8 + 3 * 8 + 2 * 4096);
    expect(record.bytes.subarray(40, 40 + 4096)).toEqual(page);
  });
});
