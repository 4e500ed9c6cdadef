/** Paths as bytes and as text: nothing is lost on the way, and text stays text. */
import { describe, expect, it } from "vitest";
import { pathText, platformPath } from "../../src/findings/index.js";

const bytesOf = (path: string) => {
  const asked = platformPath(path);
  return typeof asked === "string" ? Buffer.from(asked) : asked;
};

describe("the text of a path", () => {
  it("is the text that its bytes are, and is asked for as such", () => {
    for (const text of ["", "/a b", "\ufeffa", "gr\u00fc\u00df/\u20ac/\u{1f600}", "\ufffd"]) {
      expect(pathText(Buffer.from(text))).toBe(text);
      expect(platformPath(text)).toBe(text);
    }
  });

  it("has half of a pair for each byte that is no text", () => {
    expect(pathText(Buffer.from("61ff62", "hex"))).toBe("a\udcffb");
    // Cut, overlong, beyond the last character, half of a pair, a stray trail.
    const odd = { c3: "\udcc3", c0af: "\udcc0\udcaf", f4908080: "\udcf4\udc90\udc80\udc80" };
    for (const [hex, text] of Object.entries({
      ...odd,
      edb3bf: "\udced\udcb3\udcbf",
      "80": "\udc80",
    })) {
      expect(pathText(Buffer.from(hex, "hex"))).toBe(text);
    }
  });

  it("gives the same bytes again, whatever they are", () => {
    for (let high = 0; high < 256; high += 1) {
      for (const low of [0x2f, 0x80, 0xbf, 0xc3, 0xf0, 0xff]) {
        const bytes = Buffer.from([0xe2, high, low, 0x41, 0xf0, 0x9f, 0x98, 0x80, high]);
        expect(bytesOf(pathText(bytes))).toEqual(bytes);
      }
    }
  });
});
