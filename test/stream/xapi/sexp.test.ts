import { describe, expect, it } from "vitest";
import { readXenops } from "../../../src/stream/xapi/sexp.js";

const read = (text: string) => readXenops(new TextEncoder().encode(text));
const REQUIRED = "(time t)(word_size 64)";

describe("the Xenops record", () => {
  it("is a list of pairs, whose atoms are given", () => {
    const text = '((time "a b")(word_size 64)(vm_str "x\\"y)(")(xs_subtree ((/a 1)(/b "")))) \n';
    const result = read(text);
    expect(result).toHaveProperty("atoms");
    expect("atoms" in result && [...result.atoms]).toEqual([
      ["time", "a b"],
      ["word_size", "64"],
      ["vm_str", 'x\\"y)('],
    ]);
  });

  it("may have space anywhere between tokens, and keys in quotes", () => {
    expect(read(`\t( ( time\nt ) ("word_size" 64)\r) `)).toHaveProperty("atoms");
  });

  const rows: [what: string, text: string, byteIndex: number, message: RegExp][] = [
    ["nothing", "", 0, /not a list/],
    ["an atom", "time", 0, /not a list/],
    ["a parenthesis too few", `(${REQUIRED}`, 23, /not closed/],
    ["a parenthesis too few, inside", "((time t)(word_size 64)", 23, /not closed/],
    ["a parenthesis too many", `(${REQUIRED}))`, 24, /More follows/],
    ["a second expression", `(${REQUIRED})()`, 24, /More follows/],
    ["a quote too few", '((time "t)(word_size 64))', 7, /does not end/],
    ["a quote that is escaped", '((time "t\\")(word_size 64))', 7, /does not end/],
    ["a backslash at the end", '((time "t\\', 7, /does not end/],
    ["an atom in place of a pair", `(${REQUIRED} x)`, 24, /not a \(key value\)/],
    ["a list in place of a key", `(((a) b)${REQUIRED})`, 2, /key/],
    ["a pair without value", `((a)${REQUIRED})`, 1, /no value/],
    ["a pair of three", `((a b c)${REQUIRED})`, 1, /one value/],
    ["an empty pair", `(()${REQUIRED})`, 2, /key/],
    ["no time", "((word_size 64))", 0, /time/],
    ["no word_size", "((time t))", 0, /word_size/],
    ["a list as word_size", "((time t)(word_size (6 4)))", 0, /word_size/],
    ["a value that is cut", "((time t)(word_size", 19, /not closed/],
    ["a list that is cut", "((time t)(word_size ((6", 23, /not closed/],
  ];
  for (const [what, text, byteIndex, message] of rows) {
    it(`is refused for ${what}`, () => {
      expect(read(text)).toEqual({
        breach: { byteIndex, message: expect.stringMatching(message) },
      });
    });
  }

  it("is refused at every cut", () => {
    const text = `(${REQUIRED}(xs_subtree ((/a "1"))))`;
    expect(read(text)).toHaveProperty("atoms");
    for (let cut = 0; cut < text.length; cut += 1) {
      expect(read(text.slice(0, cut))).toHaveProperty("breach");
    }
  });

  it("is read without recursion, however deep it nests", () => {
    const depth = 300_000;
    const nested = `${"(".repeat(depth)}${")".repeat(depth)}`;
    expect(read(`(${REQUIRED}(xs_subtree ${nested}))`)).toHaveProperty("atoms");
  });
});
