/** What GitHub Actions is told, read as its runner reads it: by the documented escapes. */
import { describe, expect, it } from "vitest";
import {
  githubAnnotations,
  githubSummary,
  type ImageOutcome,
} from "../../../src/report/files/index.js";
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

const MIB = 1024 ** 2;

interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** The commands of a text; every line of it is one. */
function commandsOf(text: string): Command[] {
  const lines = text.split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => {
    const [, name = "", list = "", message = ""] = /^::(\w+)(?: (.*?))?::(.*)$/.exec(line) ?? [];
    const pairs = list
      .split(",")
      .map((pair) => [
        pair.slice(0, pair.indexOf("=")),
        unescaped(pair.slice(pair.indexOf("=") + 1)),
      ]);
    return { name, properties: Object.fromEntries(pairs), message: unescaped(message) };
  });
}

function unescaped(text: string): string {
  const codes: Record<string, string> = { "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": "," };
  const parts = text.split("%25");
  return parts
    .map((part) => part.replace(/%0D|%0A|%3A|%2C/g, (code) => codes[code] ?? ""))
    .join("%");
}

const annotations = (outcomes: readonly ImageOutcome[]) => textOf(githubAnnotations, outcomes);
const summary = (outcomes: readonly ImageOutcome[], bytes = MIB) =>
  textOf(githubSummary(bytes), outcomes);

describe("annotations for GitHub Actions", () => {
  it("say of a small batch what they are known to say", async () => {
    await expect(annotations(MIXED)).toMatchFileSnapshot(golden("mixed.annotations.txt"));
  });

  it("are commands of ours alone, whatever files are called", () => {
    const commands = commandsOf(annotations(HOSTILE));
    expect(new Set(commands.map(({ name }) => name))).toEqual(new Set(["error"]));
    for (const { properties } of commands.slice(0, -1)) {
      expect(Object.keys(properties)).toEqual(["file", "title"]);
    }
  });

  it.each(HOSTILE_NAMES)("give back the name %j as far as it can be written", (name) => {
    const [command] = commandsOf(annotations([failed(name)]));
    expect(command?.properties.title).toBe(`${command?.properties.file}: not-found`);
    if (!/[\p{Cc}\p{Cf}\p{Cs}\p{Cn}]/u.test(name)) expect(command?.properties.file).toBe(name);
  });

  it("are ten of a level at most, the last of which counts the others", () => {
    const outcomes = [
      ...Array.from({ length: 5_000 }, (_, index) => rotten(`r${index}`, 1)),
      ...Array.from({ length: 11 }, (_, index) => warned(`w${index}`)),
    ];
    const commands = commandsOf(annotations(outcomes));
    const errors = commands.filter(({ name }) => name === "error");
    const warnings = commands.filter(({ name }) => name === "warning");
    expect([errors.length, warnings.length]).toEqual([10, 10]);
    expect(errors[9]?.message).toContain("4991 more errors");
    expect(warnings[9]?.message).toContain("2 more warnings");
  });

  it("are ten where there are ten", () => {
    const outcomes = Array.from({ length: 10 }, (_, index) => rotten(`r${index}`, 1));
    const messages = commandsOf(annotations(outcomes)).map(({ message }) => message);
    expect(messages).toHaveLength(10);
    expect(messages.join()).not.toContain("more errors");
  });

  it("tell 5,000 findings of one rule in one", () => {
    const [only, ...others] = commandsOf(annotations([rotten("r", 5_000)]));
    expect(others).toEqual([]);
    expect(only?.message).toContain("(5000 times)");
  });

  it("tell of every image before they tell more of one", () => {
    const rules = Array.from({ length: 20 }, (_, index) => finding({ rule: `LC-PG-${index}` }));
    const commands = commandsOf(annotations([judged(bad(...rules), "a"), rotten("b", 1)]));
    expect(commands.map(({ properties }) => properties.file).slice(0, 3)).toEqual(["a", "b", "a"]);
    expect(commands).toHaveLength(10);
  });

  it("name no file for standard input", () => {
    const [command] = commandsOf(annotations([failed("-")]));
    expect(command?.properties).toEqual({ title: "(standard input): not-found" });
  });
});

describe("the summary of a step", () => {
  it("says of a small batch what it is known to say", async () => {
    await expect(summary(MIXED)).toMatchFileSnapshot(golden("mixed.summary.md"));
  });

  it("gives names and findings no meaning in Markdown", () => {
    for (const row of summary(HOSTILE)
      .split("\n")
      .filter((line) => line.startsWith("|"))) {
      expect(row.replaceAll(/&#\d+;/g, "")).toMatch(/^(\|[^|<>`*_[\]\\@#~!]*)+\|$/);
    }
  });

  it("lists only what is not well, the worst first", () => {
    const text = summary([judged(GOOD, "good"), warned("warned"), rotten("rotten", 2)]);
    const cells = [...text.matchAll(/^\| (\w+) \| (?:accept|reject) /gm)].map(([, name]) => name);
    expect(cells).toEqual(["rotten", "warned"]);
  });

  it("lists 500 images at most and counts the others", () => {
    const text = summary(Array.from({ length: 5_000 }, (_, index) => rotten(`r${index}`, 1)));
    expect(text.match(/^\| r\d+ \| reject /gm)).toHaveLength(500);
    expect(text).toContain("4500 more images not listed here.");
  });

  it.each([0, 150, 300, 1_000, 10_000, 100_000])("never takes more than %i bytes", (bytes) => {
    const outcomes = [...HOSTILE, ...Array.from({ length: 1_000 }, (_, i) => rotten(`é${i}`, 1))];
    const text = summary(outcomes, bytes);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytes);
    if (bytes >= 1_000) expect(text).toMatch(/more images not listed here\.\n\n$/);
  });
});
