/** What foreign texts become before a terminal gets them. */
import { describe, expect, it } from "vitest";
import { printable, printableLines } from "../../src/report/index.js";
import { printableDocument } from "../../src/report/printable.js";

describe("a foreign text", () => {
  it("has no control character, separator of lines, or mark of direction left", () => {
    expect(printable("a\n\r\t\u001b[31m\u007f\u009b")).toBe("a\\n\\r\\t\\x1b[31m\\x7f\\x9b");
    expect(printable("\u061c\u200e\u200f\u2028\u2029")).toBe("\\u061c\\u200e\\u200f\\u2028\\u2029");
    expect(printable("\u202a\u202e\u2066\u2069")).toBe("\\u202a\\u202e\\u2066\\u2069");
  });

  it("stays as it is otherwise, however often it is made so", () => {
    const text = printable("gr\u00fc\u00df\\n \u{1f600} \u05d0\u2027\u202f\u200d\u001b");
    expect(text).toBe("gr\u00fc\u00df\\n \u{1f600} \u05d0\u2027\u202f\u200d\\x1b");
    expect(printable(text)).toBe(text);
  });

  it("shows a byte of a name that is not UTF-8 as such, and leaves pairs alone", () => {
    expect(printable("a\udcffb\udc80")).toBe("a\\xffb\\x80");
    expect(printable("\u{1f4ff}")).toBe("\u{1f4ff}");
  });

  it("of lines keeps them", () => {
    expect(printableLines("a\u0007\n  b\u202e\n")).toBe("a\\x07\n  b\\u202e\n");
  });

  it("is made so in names and values of a document alike", () => {
    expect(printableDocument({ "\u001b": ["\u202e", 1, null] })).toEqual({
      "\\x1b": ["\\u202e", 1, null],
    });
  });
});
