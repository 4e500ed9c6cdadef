/** JUnit files are judged by libxml2 (xmllint) against the constraints of Jenkins' schema. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SaxesParser } from "saxes";
import { describe, expect, it } from "vitest";
import { validateXML } from "xmllint-wasm";
import { type ImageOutcome, junitReport } from "../../../src/report/files/index.js";
import { ROOT } from "../../harness.js";
import { bad, finding } from "../documents.js";
import { golden, HOSTILE, HOSTILE_NAMES, judged, MIXED, rotten, textOf } from "./batches.js";

const schema = readFileSync(join(ROOT, "test/fixtures/schemas/junit-10.xsd"), "utf8");

/** What xmllint has to say of a file. */
async function complaints(contents: string) {
  const result = await validateXML({
    xml: [{ fileName: "report.xml", contents }],
    schema: [{ fileName: "junit-10.xsd", contents: schema }],
  });
  return result.errors.map(({ message }) => message);
}

interface Testcase {
  readonly name: string;
  readonly children: { readonly name: string; readonly type: string; text: string }[];
}

/** The testcases of a file, as another parser reads them. */
function testcasesOf(xml: string): Testcase[] {
  const cases: Testcase[] = [];
  const parser = new SaxesParser();
  let depth = 0;
  parser.on("opentag", ({ name, attributes }) => {
    if (name === "testcase") cases.push({ name: attributes.name ?? "", children: [] });
    else if (depth === 3)
      cases.at(-1)?.children.push({ name, type: attributes.type ?? "", text: "" });
    depth += 1;
  });
  parser.on("closetag", () => {
    depth -= 1;
  });
  parser.on("text", (text) => {
    const child = cases.at(-1)?.children.at(-1);
    if (depth === 4 && child !== undefined) child.text += text;
  });
  parser.on("error", (error) => {
    throw error;
  });
  parser.write(xml).close();
  return cases;
}

const report = (outcomes: readonly ImageOutcome[]) => textOf(junitReport, outcomes);

describe("a JUnit report", () => {
  it("says of a small batch what it is known to say", async () => {
    await expect(report(MIXED)).toMatchFileSnapshot(golden("mixed.junit.xml"));
  });

  it("is what Jenkins' schema accepts", async () => {
    expect(await complaints(report(MIXED))).toEqual([]);
    expect(await complaints(report([]))).toEqual([]);
  });

  it("is refused by the schema once a total is missing", async () => {
    const broken = report(MIXED).replaceAll(/ failures="\d+"/g, "");
    expect(await complaints(broken)).not.toEqual([]);
  });

  it("stays valid whatever files are called", async () => {
    const xml = report(HOSTILE);
    expect(await complaints(xml)).toEqual([]);
    expect(testcasesOf(xml)).toHaveLength(3 * HOSTILE_NAMES.length);
  });

  it("shows what XML cannot hold as escapes and the rest as it is", () => {
    const names = testcasesOf(report(HOSTILE)).map(({ name }) => name);
    expect(names).toContain("cdata]]>end.save");
    expect(names).toContain("<script>alert(1)</script>&amp;.save");
    expect(names).toContain("line\\nbreak.save");
    expect(names).toContain("\\x00\\x01\\x1b[31m\\x7f\\x85\\x9f.save");
    expect(names).toContain("\\ud800lone\\udfff.save");
    expect(names).toContain("emoji\u{1f600}and\u{10ffff}.save");
  });

  it("names a failure by the first rule that rejects, and lists all findings, errors first", () => {
    const note = finding({ rule: "LC-ORD-6", severity: "note", byteOffset: 8 });
    const [only] = testcasesOf(report([judged(bad(note, finding(), finding({ byteOffset: 99 })))]));
    const [failure] = only?.children ?? [];
    expect(failure?.type).toBe("LC-PG-5");
    const rules = failure?.text.split("\n").map((line) => line.split(" ").slice(0, 2).join(" "));
    expect(rules).toEqual(["error LC-PG-5", "error LC-PG-5", "note LC-ORD-6"]);
  });

  it("counts the findings that it leaves out", async () => {
    const xml = report([rotten("rotten.save", 10_003)]);
    expect(xml).toContain("3 more findings left out of this report");
    expect(await complaints(xml)).toEqual([]);
  });
});
