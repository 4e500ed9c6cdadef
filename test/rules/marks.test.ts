/**
 * The mark below a finding's bytes is at the faulty field: for every image of the rule tables, read,
 * given its excerpts and printed. What is marked is what the tables say, and holds the number that
 * the finding says was found; a finding without a field has its reason here.
 */
import { describe, expect, it } from "vitest";
import type { FileResult, Finding } from "../../src/findings/index.js";
import { BufferSource } from "../../src/input/index.js";
import { withExcerpts } from "../../src/ops/excerpts.js";
import { hexDump } from "../../src/report/hex-dump.js";
import { PLAIN } from "../../src/report/index.js";
import { runBytes } from "../harness.js";
import { TABLES } from "./tables/all.js";
import { DERIVED, MARKS, UNMARKED } from "./tables/marks.js";
import type { RuleRow } from "./tables/row.js";

const ENDED = "the input ends here";

/** A finding as it is printed, and the bytes above its carets. */
interface Printed {
  readonly finding: Finding;
  readonly imageBytes: number;
  /** "AT:HEX": how far behind the finding's offset, and which bytes; null where none is marked. */
  readonly mark: string | null;
  readonly ended: boolean;
}

const keyOf = ({ rule, ruleCase }: RuleRow) =>
  ruleCase === undefined ? rule : `${rule}/${ruleCase}`;

/** The findings of a row's rule, with excerpts, as the report prints them. */
async function printed(row: RuleRow): Promise<Printed[]> {
  const bytes = row.fires();
  const ran = runBytes(bytes, { profile: "strict", ...row.reading });
  const findings = ran.findings.filter(({ rule }) => rule === row.rule);
  const source = new BufferSource(bytes, "test image");
  const result = await withExcerpts({ findings } as unknown as FileResult, source);
  return result.findings
    .filter(({ excerpt }) => excerpt !== undefined)
    .map((finding) => {
      const lines = hexDump(finding, PLAIN);
      const mark = markOf(lines, finding.byteOffset);
      const ended = lines.some((line) => line.includes(ENDED));
      return { finding, imageBytes: bytes.length, mark, ended };
    });
}

/** The marked bytes of a dump: of each line of carets, those of the line above. */
function markOf(lines: readonly string[], from: number): string | null {
  let at: number | null = null;
  let hex = "";
  for (const [i, line] of lines.entries()) {
    const first = line.indexOf("^");
    const above = lines[i - 1] ?? "";
    if (first < 0 || !/^ +\^+ *$/.test(line)) continue;
    const address = /^ +([0-9a-f]+) {2}/.exec(above) as RegExpExecArray;
    at ??= Number.parseInt(address[1] as string, 16) + (first - address[0].length) / 3;
    hex += above.slice(first, line.lastIndexOf("^") + 1).replaceAll(" ", "");
  }
  return at === null ? null : `${at - from}:${hex}`;
}

/** The first number that a finding says was found, quoted text left out. */
function foundNumber({ actual = "" }: Finding): bigint | null {
  const text = /0x[0-9a-f]+|-?\d+/i.exec(actual.replace(/".*"/, ""))?.[0];
  return text === undefined ? null : BigInt(text);
}

/** Whether bytes hold a number: in either byte order, with or without a sign. */
function holds(hex: string, value: bigint): boolean {
  const bits = hex.length * 4;
  if (bits === 0 || bits > 64) return false;
  const swapped = (hex.match(/../g) ?? []).reverse().join("");
  return [hex, swapped].some((digits) => {
    const read = BigInt(`0x${digits}`);
    return read === value || BigInt.asIntN(bits, read) === value;
  });
}

const ROWS = TABLES.flatMap(([, rows]) => rows);
const keys = [...new Set(ROWS.map(keyOf))];
const rowsOf = (key: string) => ROWS.filter((row) => keyOf(row) === key);

describe("the excerpt of a finding", () => {
  it.each(keys)("holds the place and marks the field: %s", async (key) => {
    const all = (await Promise.all(rowsOf(key).map(printed))).flat();
    expect(all.length).toBeGreaterThan(0);
    for (const { finding, imageBytes, ended } of all) {
      const { byteOffset, excerpt } = finding;
      const shownTo = (excerpt?.byteOffset ?? 0) + (excerpt?.hex.length ?? 0) / 2;
      const place = Math.min(byteOffset, imageBytes - 1);
      expect(excerpt?.byteOffset).toBeLessThanOrEqual(place);
      expect(shownTo).toBeGreaterThan(place);
      expect(ended).toBe(byteOffset >= imageBytes);
    }
    const others = all.filter(({ finding, mark }) => {
      const value = foundNumber(finding);
      const hex = mark?.slice(mark.indexOf(":") + 1);
      if (value === null || hex === undefined || hex === finding.actual) return false;
      return !holds(hex, value);
    });
    const said = others.map(({ finding, mark }) => `${finding.actual} is not in ${mark}`);
    expect(key in DERIVED ? said.length > 0 : said).toEqual(key in DERIVED ? true : []);
    const marks = [...new Set(all.map(({ mark }) => mark ?? "none"))];
    expect([key, marks.join(" ")]).toEqual([key, key in UNMARKED ? "none" : MARKS[key]]);
  });

  it("has its reason where nothing is marked, and only there", () => {
    const told = [...Object.keys(MARKS), ...Object.keys(UNMARKED)];
    expect(told.sort()).toEqual([...keys].sort());
    for (const reason of Object.values({ ...UNMARKED, ...DERIVED })) {
      expect(reason.length).toBeGreaterThan(15);
    }
    expect(Object.keys(DERIVED).filter((key) => !(key in MARKS))).toEqual([]);
  });
});
