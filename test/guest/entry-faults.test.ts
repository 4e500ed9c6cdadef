/**
 * Faulty entries beyond those that an engine lists are told by kind: how many, where, which pfns. And
 * what stops a restore is never lost behind thousands of what does not.
 */
import { describe, expect, it } from "vitest";
import { ENTRY_FAULTS_LISTED, ENTRY_WINDOW_BYTES } from "../../src/engine/port.js";
import { hvmStream } from "../builders/hvm.js";
import { PAGE, type PageEntry, pageData } from "../builders/libxc.js";
import { join } from "../builders/parts.js";
import { ENGINES, runBytes } from "../harness.js";
import { instead } from "../rules/tables/row.js";

const PAGE_DATA = 1;
const RESERVED = 1;

/** A stream with a batch of these entries, read by each engine. */
function read(entries: readonly PageEntry[]) {
  const bytes = join(instead(hvmStream({ batches: [[]] }), PAGE_DATA, pageData(entries)));
  return ENGINES.map((engine) => runBytes(bytes, { engine }));
}

const empty = (pfn: number): PageEntry => ({ pfn, type: PAGE.XTAB });
const odd = (pfn: number): PageEntry => ({ ...empty(pfn), reserved: RESERVED });
const invalid = (pfn: number): PageEntry => ({ pfn, type: 5 });
const many = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i));

describe("more faulty entries than are listed", () => {
  it("are one finding with their number and pfns", () => {
    for (const { findings, verdict } of read(many(ENTRY_FAULTS_LISTED + 500, (i) => odd(i + 16)))) {
      const told = findings.filter(({ rule }) => rule === "LC-PG-6");
      expect(told).toHaveLength(ENTRY_FAULTS_LISTED + 1);
      expect(told.at(-1)).toMatchObject({
        entryIndex: ENTRY_FAULTS_LISTED,
        message: expect.stringMatching(
          /500 more entries .*entries 1024 to 1523, pfns 0x410 to 0x603/,
        ),
      });
      expect(verdict).toBe("accept");
    }
  });

  it("are none where the list just holds them", () => {
    for (const { findings } of read(many(ENTRY_FAULTS_LISTED, (i) => odd(i)))) {
      expect(findings.filter(({ rule }) => rule === "LC-PG-6")).toHaveLength(ENTRY_FAULTS_LISTED);
    }
  });

  it("are counted from the record's first entry, whatever window they came in", () => {
    const sound = ENTRY_WINDOW_BYTES / 8;
    const entries = [...many(sound, empty), ...many(ENTRY_FAULTS_LISTED + 3, odd)];
    for (const { findings } of read(entries)) {
      const told = findings.filter(({ rule }) => rule === "LC-PG-6");
      expect(told[0]).toMatchObject({ entryIndex: sound });
      expect(told.at(-1)).toMatchObject({
        entryIndex: sound + ENTRY_FAULTS_LISTED,
        message: expect.stringMatching(/3 more entries /),
      });
    }
  });

  it("are told by kind: one that stops a restore is not lost behind others", () => {
    const entries = [...many(ENTRY_FAULTS_LISTED + 7, odd), empty(5000), invalid(9), odd(6000)];
    const [wasm, reference] = read(entries);
    expect(wasm?.errors).toEqual(["LC-PG-5"]);
    expect(wasm?.verdict).toBe("reject");
    const told = wasm?.findings.filter(({ message }) => message.includes("not listed"));
    expect(told).toMatchObject([
      {
        rule: "LC-PG-6",
        entryIndex: 1024,
        message: expect.stringMatching(/8 more .* 0x400 to 0x1770/),
      },
      {
        rule: "LC-PG-5",
        entryIndex: 1032,
        message: expect.stringMatching(/1 more entry .* pfn 0x9\)/),
      },
    ]);
    expect(reference?.findings).toEqual(wasm?.findings);
  });
});
