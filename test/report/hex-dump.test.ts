/** The hex dump below a finding: which bytes are marked. */
import { describe, expect, it } from "vitest";
import { hexDump } from "../../src/report/hex-dump.js";
import { PLAIN } from "../../src/report/index.js";
import { finding } from "./documents.js";

const { entryIndex: _entry, ...whole } = finding({ recordType: "HVM_PARAMS" });
const LINE = "000102030405060708090a0b0c0d0e0f";

/** The marked bytes of a dump, as they stand above the carets. */
function marked(more: Partial<typeof whole>, hex = LINE + LINE, byteOffset = 160): string {
  const lines = hexDump({ ...whole, excerpt: { byteOffset, hex }, ...more }, PLAIN);
  return lines
    .flatMap((line, i) => {
      const at = line.indexOf("^");
      return at < 0 ? [] : (lines[i - 1] ?? "").slice(at, line.lastIndexOf("^") + 1);
    })
    .join(" ");
}

describe("the mark in a hex dump", () => {
  it("covers the eight bytes of a PAGE_DATA entry", () => {
    expect(marked({ recordType: "PAGE_DATA", entryIndex: 3 } as never)).toBe(
      "08 09 0a 0b 0c 0d 0e 0f",
    );
  });

  it("covers as many bytes as hold the value that was found, in either byte order", () => {
    expect(marked({ actual: "0xb0a0908" })).toBe("08 09 0a 0b");
    expect(marked({ actual: "0x08090a0b" })).toBe("08 09 0a 0b");
    expect(marked({ actual: "0x908" })).toBe("08 09");
    expect(marked({ actual: "8" })).toBe("08");
  });

  it("finds a value shortly behind the offset, as a record's length is behind its type", () => {
    expect(marked({ actual: `${0x0f0e0d0c} bytes` })).toBe("0c 0d 0e 0f");
  });

  it("covers one byte where the value is not to be found", () => {
    expect(marked({ actual: "0x77777777" })).toBe("08");
    expect(marked({ actual: "nothing" })).toBe("08");
  });

  it("goes on in the next line with a field that does", () => {
    expect(marked({ byteOffset: 174, actual: "0x01000f0e" })).toBe("0e 0f 00 01");
  });

  it("says that the input ended where it did", () => {
    const lines = hexDump(
      { ...whole, byteOffset: 164, excerpt: { byteOffset: 160, hex: "00010203" } },
      PLAIN,
    );
    expect(lines[1]).toBe(`${" ".repeat(26)}^ the input ends here`);
  });

  it("fits 80 columns at any offset", () => {
    const byteOffset = 2 ** 45;
    const excerpt = { byteOffset, hex: LINE };
    for (const line of hexDump({ ...whole, byteOffset, excerpt }, PLAIN)) {
      expect(line.length).toBeLessThan(81);
    }
  });

  it("is not there without bytes", () => {
    expect(hexDump(finding(), PLAIN)).toEqual([]);
  });
});
