/** docs/RULES.md is what the registry gives: a stale page fails here and in check:generated. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { RULES } from "../../src/findings/index.js";

const ROOT = resolve(import.meta.dirname, "../..");

interface Generator {
  generateRules(): Promise<[path: string, text: string][]>;
}

async function generated(): Promise<string> {
  const script = pathToFileURL(resolve(ROOT, "scripts/generators/rules.mjs"));
  const { generateRules }: Generator = await import(script.href);
  const files = await generateRules();
  expect(files.map(([path]) => path)).toEqual(["docs/RULES.md"]);
  return files[0]?.[1] ?? "";
}

describe("docs/RULES.md", () => {
  it("is fresh", async () => {
    expect(readFileSync(resolve(ROOT, "docs/RULES.md"), "utf8")).toBe(await generated());
  });

  it("has one row of six cells for every rule", async () => {
    const rows = (await generated())
      .split("\n")
      .filter((line) => /^\| [A-Z]+[A-Z-]*-\d+ \|/.test(line));
    expect(rows).toHaveLength(RULES.size);
    for (const row of rows) expect(row.split(/(?<!\\)\|/)).toHaveLength(8);
  });
});
