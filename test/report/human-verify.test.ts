/** The text of verify: verdict first, faults by rule, repetitions in short. */
import { describe, expect, it } from "vitest";
import { PLAIN, renderTotals, renderVerify } from "../../src/report/index.js";
import { bad, finding, GOOD, PAINTED } from "./documents.js";

const SHORT = { verbose: false };

describe("the text of verify", () => {
  it("tells of a good image in a few lines", () => {
    expect(renderVerify(GOOD, SHORT)).toBe(`ACCEPT  vm.save
  formats    xl > libxl > libxc, 93.7 KiB, 3.1 ms
  guest      HVM, saved by Xen 4.19
  stream     version 3, 8 records
  pages      24 entries, 22 with data (88.0 KiB)
`);
  });

  it("shows a fault with place, expectation, bytes and hint", () => {
    const excerpt = {
      byteOffset: 160,
      hex: `0200000000000000${"0300000000000070"}${"00".repeat(16)}`,
    };
    expect(renderVerify(bad(finding({ excerpt })), SHORT)).toBe(`REJECT  vm.save
  formats    xl > libxl > libxc, 93.7 KiB, 3.1 ms
  guest      HVM, saved by Xen 4.19
  stream     version 3, 8 records
  pages      24 entries, 22 with data (88.0 KiB)
  findings   1 error

error LC-PG-5: The page type means nothing.
  byte 168 (0xa8), libxc record 3 PAGE_DATA, entry 3
    expected  a page type of 0x0-0x4 or 0x9-0xf
    found     type 0x7
    000000a0  02 00 00 00 00 00 00 00 03 00 00 00 00 00 00 70  ...............p
                                      ^^^^^^^^^^^^^^^^^^^^^^^
  hint: The record is damaged.
`);
  });

  it("puts errors before warnings, and leaves notes for --verbose", () => {
    const result = bad(
      finding({ rule: "HC-8", severity: "note", byteOffset: 1 }),
      finding({ rule: "HC-20", severity: "warning", byteOffset: 2 }),
      finding(),
    );
    const order = (text: string) => text.match(/^(error|warning|note)/gm);
    expect(order(renderVerify(result, SHORT))).toEqual(["error", "warning"]);
    expect(order(renderVerify(result, { verbose: true }))).toEqual(["error", "warning", "note"]);
    expect(renderVerify(result, SHORT)).toContain(
      "  findings   1 error, 1 warning, 1 note (--verbose shows notes)\n",
    );
  });

  it("shows the first three findings of a rule, and counts the others", () => {
    const many = Array.from({ length: 9 }, (_, i) =>
      finding({ byteOffset: 168 + 8 * i, entryIndex: 3 + i, actual: `type 0x${5 + (i % 4)}` }),
    );
    const text = renderVerify(bad(...many), SHORT);
    expect(
      text.slice(text.indexOf("error LC")),
    ).toBe(`error LC-PG-5 (9 times): The page type means nothing.
  byte 168 (0xa8), libxc record 3 PAGE_DATA, entry 3
    expected  a page type of 0x0-0x4 or 0x9-0xf
    found     type 0x5
  byte 176 (0xb0), libxc record 3 PAGE_DATA, entry 4; found type 0x6
  byte 184 (0xb8), libxc record 3 PAGE_DATA, entry 5; found type 0x7
  and 6 more, the last at byte 232 (0xe8), libxc record 3 PAGE_DATA, entry 11
  hint: The record is damaged.
`);
    expect(renderVerify(bad(...many), { verbose: true })).not.toContain("more");
    expect(renderVerify(bad(...many), { verbose: false, collapse: false })).not.toContain("more");
  });

  it("does not say a place or a value twice", () => {
    const result = bad(finding(), finding({ expected: "another thing" }));
    expect(renderVerify(result, SHORT)).toContain("\n  there too; expected another thing\n");
  });

  it("prints no more findings than it may", () => {
    const result = bad(finding(), finding({ rule: "LC-PG-6", byteOffset: 200 }));
    const text = renderVerify(result, { verbose: false, maxFindings: 1 });
    expect(text).toContain("error LC-PG-5");
    expect(text).not.toContain("LC-PG-6");
    expect(text).toContain("  1 more finding: --max-findings prints more, --json all\n");
  });

  it("says what was left out", () => {
    const text = renderVerify({ ...bad(finding()), suppressed: 2, findingsDropped: 7 }, SHORT);
    expect(text).toContain("  7 further findings counted, but not kept\n");
    expect(text).toContain("  2 checks left out: what they rest on stood in a refused record\n");
  });

  it("names the profile that is not the default, and bytes behind the end", () => {
    const stream = { ...GOOD.stream!, trailingBytes: 1, checkpoints: 2 };
    const text = renderVerify({ ...GOOD, profile: "strict", stream }, SHORT);
    expect(text).toContain("3.1 ms, profile strict\n");
    expect(text).toContain("version 3, 8 records, 2 checkpoints, 1 byte behind the end\n");
  });

  it("colours the verdict and the severity alone", () => {
    const text = renderVerify(bad(finding()), { verbose: false, style: PAINTED });
    expect(text).toContain("<bold><red>REJECT</red></bold>  vm.save\n");
    expect(text).toContain("<bold><red>error LC-PG-5</red></bold>: The page type");
    expect(renderVerify(GOOD, { verbose: false, style: PAINTED })).toContain("<green>ACCEPT");
  });

  it("cuts a long path in the middle only where nobody but a person reads it", () => {
    const file = `/srv/${"backup/".repeat(20)}vm.save`;
    const path = (style: typeof PLAIN) =>
      renderVerify({ ...GOOD, file }, { verbose: false, style }).split("\n")[0];
    expect(path(PLAIN)).toBe(`ACCEPT  ${file}`);
    expect(path({ ...PLAIN, cutPaths: true })).toHaveLength(80);
    expect(path({ ...PLAIN, cutPaths: true })).toMatch(/^ACCEPT {2}\/srv.*\.\.\..*\/vm\.save$/);
  });

  it("lets nothing from the image steer the terminal", () => {
    const evil = finding({ message: "\u001b[2Jgone", actual: "a\nb\u202e" });
    const text = renderVerify({ ...bad(evil), file: "\u001b]0;x\u0007" }, SHORT);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(text.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(text).toContain("\\x1b[2Jgone");
    expect(text).toContain("a\\nb\\u202e");
  });

  it("sums up several images", () => {
    expect(renderTotals({ accepted: 2, rejected: 1, failed: 0 }, {})).toBe(
      "3 files: 2 accepted, 1 rejected\n",
    );
    expect(renderTotals({ accepted: 1, rejected: 0, failed: 0 }, {})).toBe("1 file: 1 accepted\n");
  });
});
