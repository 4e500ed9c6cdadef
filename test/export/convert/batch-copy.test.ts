/** Batches behind VERIFY that cannot be compared: only pfns that get their first page are written. */
import { describe, expect, it } from "vitest";
import { EntryBuffer, PopulateOnly } from "../../../src/export/convert/batch-copy.js";
import { EntryTable, PAGE_ENTRY } from "../../../src/stream/index.js";
import { patternPage } from "../../builders/bytes.js";
import { hvmStream } from "../../builders/hvm.js";
import { PAGE } from "../../builders/libxc.js";
import { join } from "../../builders/parts.js";
import { runBytes } from "../../harness.js";

describe("a batch behind VERIFY of which no page is read", () => {
  it("is written as entries without data for the pfns that had no page, and no others", () => {
    const stream = join(hvmStream({ batches: [[{ pfn: 1, page: patternPage(1) }]] }));
    const { guest } = runBytes(stream).image.restorer;
    if (guest === null) throw new Error("there is a guest");
    const given = [
      { type: PAGE.NOTAB, pfn: 1 },
      { type: PAGE.NOTAB, pfn: 2 },
      { type: PAGE.XTAB, pfn: 3 },
      { type: PAGE.XALLOC, pfn: 4 },
      { type: PAGE.NOTAB, pfn: guest.pfnLimit },
    ];
    const window = new Uint8Array(8 * given.length);
    for (const [i, entry] of given.entries()) {
      PAGE_ENTRY.write({ ...entry, reserved: 0 }, window, 8 * i);
    }
    const entries = new EntryBuffer();
    const sink = new PopulateOnly(
      {
        head: () => true,
        entryWindow: () => window,
        entries: () => {},
        plan: () => null,
        pageWindow: () => window,
        *pages() {},
        end: () => {},
      },
      { guest, output: { write: () => {} }, entries },
    );
    sink.entries(given.length);
    expect([...new EntryTable(PAGE_ENTRY, entries.bytes)]).toEqual([
      { type: PAGE.XALLOC, reserved: 0, pfn: 2 },
      { type: PAGE.XALLOC, reserved: 0, pfn: 4 },
    ]);
  });
});
