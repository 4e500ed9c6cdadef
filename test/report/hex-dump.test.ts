/** The hex dump below a finding: which bytes are marked. */
import { describe, expect, it } from "vitest";
import type { Finding } from "../../src/findings/index.js";
import { hexDump } from "../../src/report/hex-dump.js";
import { PLAIN } from "../../src/report/index.js";
import { finding } from "./documents.js";

const { field: _field, ...whole } = finding();
const LINE = "000102030405060708090a0b0c0d0e0f";

/** The marked bytes of a dump, as they stand above the carets. */
function marked(more: Partial<Finding>, hex = LINE + LINE, byteOffset = 160): string {
  const lines = hexDump({ ...whole, excerpt: { byteOffset, hex }, ...more }, PLAIN);
  return lines
    .flatMap((line, i) => {
      const at = line.indexOf("^");
      return at < 0 ? [] : (lines[i - 1] ?? "").slice(at, line.lastIndexOf("^") + 1);
    })
    .join(" ");
}

describe("the mark in a hex dump", () => {
  it("covers the field that the finding names, wherever the finding is", () => {
    expect(marked({ field: { byteOffset: 168, bytes: 8 } })).toBe("08 09 0a 0b 0c 0d 0e 0f");
    expect(marked({ field: { byteOffset: 172, bytes: 2 } })).toBe("0c 0d");
  });

  it("is not there where the finding names no field, whatever values it tells", () => {
    expect(marked({ actual: "0xb0a0908" })).toBe("");
    expect(marked({ actual: "8" })).toBe("");
  });

  it("goes on in the next line with a field that does", () => {
    const field = { byteOffset: 174, bytes: 4 };
    expect(marked({ byteOffset: 174, field })).toBe("0e 0f 00 01");
  });

  it("is below the line that has the field, not below the finding's", () => {
    expect(marked({ field: { byteOffset: 178, bytes: 2 } })).toBe("02 03");
  });

  it("ends where the input does", () => {
    expect(marked({ field: { byteOffset: 172, bytes: 8 } }, LINE)).toBe("0c 0d 0e 0f");
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
