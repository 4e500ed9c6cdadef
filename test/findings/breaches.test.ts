/**
 * Every rule that a file can breach, and every case of one, has words for its breach: no finding
 * falls back on the rule's own sentence. How a message is put together of words and values.
 */
import { describe, expect, it } from "vitest";
import { BREACHES, breachMessage } from "../../src/findings/breaches/index.js";
import { RULES } from "../../src/findings/index.js";

describe("the words of a breach", () => {
  it("are there for every rule and case that a file can show, and for no other", () => {
    const visible = [...RULES.values()].filter(({ notVisible }) => notVisible === undefined);
    const wanted = visible.flatMap(({ id, cases = {} }) => [
      id,
      ...Object.keys(cases).map((ruleCase) => `${id}/${ruleCase}`),
    ]);
    expect([...BREACHES.keys()].sort()).toEqual(wanted.sort());
  });

  it("begin like a sentence, leave its end open, and are not those of the rule", () => {
    for (const [key, words] of BREACHES) {
      expect([key, words]).toEqual([key, expect.stringMatching(/^[A-Z{cL].{15,95}[^.:]$/)]);
      expect(RULES.get(key)?.sentence).not.toBe(`${words}.`);
    }
  });
});

describe("the message of a breach", () => {
  const place = { rule: "LC-REC-8", layer: "libxc", byteOffset: 0 } as const;

  it("names the record and the values that are known", () => {
    const values = { recordType: "END", expected: "0 bytes", actual: "8 bytes" };
    expect(breachMessage({ ...place, ...values }, "")).toMatch(
      /^END .*: found 8 bytes, expected 0 bytes\.$/,
    );
    expect(breachMessage({ ...place, actual: "8 bytes" }, "")).toMatch(
      /^A record .*: found 8 bytes\.$/,
    );
    expect(breachMessage(place, "")).toMatch(/^A record [^:]*\.$/);
  });

  it("is that of the case where one is named", () => {
    const trailing = { ...place, rule: "LC-ORD-7", ruleCase: "trailing" };
    expect(breachMessage(trailing, "")).toBe("Bytes follow the END of the stream.");
  });

  it("falls back on the rule's sentence for a rule without words", () => {
    expect(breachMessage({ ...place, rule: "XX-1" }, "It is so.")).toBe("Not so: It is so.");
  });
});
