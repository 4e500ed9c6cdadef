/** Pages are judged by html-validate, with the rules it recommends and those for accessibility. */
import { HtmlValidate } from "html-validate/node";
import { describe, expect, it } from "vitest";
import { htmlReport, type ImageOutcome } from "../../../src/report/files/index.js";
import { bad, finding, GOOD } from "../documents.js";
import {
  failed,
  golden,
  HOSTILE,
  HOSTILE_NAMES,
  judged,
  MIXED,
  rotten,
  textOf,
  warned,
} from "./batches.js";

const validator = new HtmlValidate({
  root: true,
  extends: ["html-validate:recommended", "html-validate:a11y", "html-validate:document"],
});
const report = (outcomes: readonly ImageOutcome[]) => textOf(htmlReport, outcomes);

/** What the validator has to say of a page. */
async function complaints(html: string) {
  const { results } = await validator.validateString(html, "report.html");
  return results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message, line }) => `${line}: ${ruleId}: ${message}`),
  );
}

/** The names in the table of images. */
function imagesOf(html: string): string[] {
  const table = html.slice(html.indexOf("<caption>Images"));
  const rows = table.slice(0, table.indexOf("</tbody>")).matchAll(/<th scope="row">(.*?)<\/th>/g);
  return [...rows].map(([, name = ""]) => name.replace(/<[^>]*>/g, ""));
}

describe("an HTML report", () => {
  it("says of a small batch what it is known to say", async () => {
    await expect(report(MIXED)).toMatchFileSnapshot(golden("mixed.html"));
  });

  it("is valid, accessible HTML", async () => {
    expect(await complaints(report(MIXED))).toEqual([]);
    expect(await complaints(report([]))).toEqual([]);
  });

  it("is told apart by the validator from a page that is not", async () => {
    expect(await complaints(report(MIXED).replace("<caption>", "<p><caption>"))).not.toEqual([]);
  });

  it("stays valid whatever files are called, with no tag but those of a good batch", async () => {
    const html = report(HOSTILE);
    expect(await complaints(html)).toEqual([]);
    const named = / (?:id="|href="#|aria-label=")[^"]*"/g;
    const tagsOf = (page: string) =>
      new Set([...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(named, "")));
    const known = tagsOf(report(MIXED));
    expect([...tagsOf(html)].filter((tag) => !known.has(tag))).toEqual([]);
    expect(imagesOf(html)).toHaveLength(3 * HOSTILE_NAMES.length);
  });

  it("asks for nothing else: no address but its own parts", () => {
    const addresses = [...report(MIXED).matchAll(/(?:href|src)="([^"]*)"|url\(/g)];
    expect(addresses).not.toEqual([]);
    for (const [, address] of addresses) expect(address).toMatch(/^#image-\d+$/);
  });

  it("links only to parts that are there", () => {
    const html = report([...Array.from({ length: 300 }, (_, i) => warned(`w${i}`)), ...MIXED]);
    const ids = new Set([...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id));
    const links = [...html.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id);
    expect(links.length).toBe(200);
    expect(links.filter((id) => !ids.has(id))).toEqual([]);
    expect(html).toContain("103 more images listed without findings.");
  });

  it("lists the worst first: rejected, failed, warned of, good", () => {
    const worse = judged(bad(finding(), finding(), finding()), "worse");
    const outcomes = [
      judged(GOOD, "good"),
      warned("warned"),
      failed("gone"),
      rotten("bad", 1),
      worse,
    ];
    expect(imagesOf(report(outcomes))).toEqual(["worse", "bad", "gone", "warned", "good"]);
  });

  it("lists images that are equally bad in the order of the input", () => {
    expect(imagesOf(report(["b", "a", "c"].map((name) => failed(name))))).toEqual(["b", "a", "c"]);
  });

  it("counts what it does not list", () => {
    const html = report([
      ...Array.from({ length: 5_001 }, (_, index) => judged(GOOD, `g${index}`)),
      rotten("rotten", 5_000),
    ]);
    expect(html).toContain("2 more images not listed.");
    expect(html).toContain("4900 more findings not listed.");
  });
});
