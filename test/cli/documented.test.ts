/**
 * What the README and docs/ci.md show is true: their YAML parses, the real command tree takes every
 * command line, the metrics they name exist, and the container's files are there to be built from.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { buildProgram } from "../../src/cli/index.js";
import { golden } from "../report/files/batches.js";
import { ROOT } from "./run.js";

const PAGES = ["README.md", "docs/ci.md"];

interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

const blocks: readonly Block[] = PAGES.flatMap((page) =>
  [...read(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = "", text = ""]) => ({
    page,
    language,
    text,
  })),
);

/** All strings of a YAML document, folded and unquoted as its readers have them. */
function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(stringsOf);
}

/** Words of a line of shell up to what is not the command's: a comment, a pipe, a redirection. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [token, single, double] of line.matchAll(/'([^']*)'|"([^"]*)"|[^\s'"]+/g)) {
    if (/^(#|[|;>&])/.test(token)) break;
    words.push(single ?? double ?? token);
  }
  return words;
}

/** Every line that runs the command, by itself, behind a pipe, in a step or in a container. */
const commandLines: readonly (readonly [page: string, line: string])[] = blocks.flatMap(
  ({ page, language, text }) => {
    const texts = language === "yaml" ? stringsOf(parse(text)) : [text];
    return texts
      .flatMap((part) => part.split("\n"))
      .flatMap((line) => {
        const command = /(?:^|\| |sh '|podman run .*? )xenstream ([a-z-].*?)'?$/.exec(line.trim());
        return command?.[1] === undefined ? [] : [[page, command[1]] as const];
      });
  },
);

const program = buildProgram(() => {});
const known = new Set(program.commands.map((command) => command.name()));
const isKnown = (line: string) => known.has(line.split(" ")[0] ?? "");

describe("command lines in the documents", () => {
  it("are found", () => {
    expect(commandLines.filter(([page]) => page === "README.md").length).toBeGreaterThan(4);
    expect(commandLines.filter(([page]) => page === "docs/ci.md").length).toBeGreaterThan(5);
  });

  it("are of commands that exist", () => {
    expect(commandLines.filter(([, line]) => !isKnown(line))).toEqual([]);
  });

  for (const [page, line] of commandLines) {
    it(`of ${page} are taken: xenstream ${line}`, async () => {
      const tree = buildProgram(() => {});
      const called: string[] = [];
      for (const command of tree.commands) {
        command.action(() => {
          called.push(command.name());
        });
        command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
      }
      await tree.parseAsync(["node", "xenstream", ...wordsOf(line)]);
      expect(called).toEqual([line.split(" ")[0]]);
    });
  }

  it("would be refused with an option that there is not", async () => {
    const tree = buildProgram(() => {});
    for (const command of tree.commands) command.configureOutput({ writeErr: () => {} });
    await expect(
      tree.parseAsync(["node", "xenstream", "verify", "x", "--junt", "y"]),
    ).rejects.toThrow(/unknown option/);
  });
});

describe("docs/ci.md", () => {
  const documents = blocks.filter(({ language }) => language === "yaml").map((b) => parse(b.text));

  it("shows workflows whose jobs have steps that run or use something", () => {
    const workflows = documents.filter((document) => document.jobs !== undefined);
    expect(workflows).toHaveLength(2);
    for (const { on, jobs } of workflows) {
      expect(on).toBeDefined();
      for (const job of Object.values<{ "runs-on": unknown; steps: object[] }>(jobs)) {
        expect(job["runs-on"]).toBeDefined();
        for (const step of job.steps) {
          expect(Object.keys(step).filter((key) => key === "run" || key === "uses")).toHaveLength(
            1,
          );
        }
      }
    }
  });

  it("shows a GitLab job that keeps its report whatever the verdict", () => {
    const [job] = documents.flatMap((document) => document["verify-images"] ?? []);
    expect(job.artifacts.when).toBe("always");
    expect(job.script.join()).toContain(`--junit ${job.artifacts.reports.junit} `);
  });

  it("names only metrics that a report has", () => {
    const names = new Set(read("docs/ci.md").match(/xenstream_\w+/g) ?? []);
    const metrics = readFileSync(golden("mixed.prom"), "utf8");
    expect(names.size).toBeGreaterThan(1);
    expect([...names].filter((name) => !metrics.includes(`# TYPE ${name} `))).toEqual([]);
  });
});

describe("the Containerfile", () => {
  const lines = read("Containerfile").split("\n");
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));
  const allowed: readonly string[] = read(".dockerignore").match(/(?<=^!).*$/gm) ?? [];

  it("builds in one stage and runs in another, as no root, the command as entry point", () => {
    expect(lines.filter((line) => line.startsWith("FROM "))).toHaveLength(2);
    expect(last).toContain("USER node");
    expect(last).toContain('ENTRYPOINT ["xenstream"]');
  });

  it("is given all that the build reads, and nothing that is not there", () => {
    const inputs = [...read("scripts/build.mjs").matchAll(/inputs: \[(.*?)\]/g)].flatMap(
      ([, list = ""]) => list.match(/(?<=")[^",]+(?=")/g) ?? [],
    );
    expect(inputs).toContain("assembly");
    expect(inputs.filter((path) => !allowed.includes(path))).toEqual([]);
    expect(allowed.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("copies from the first stage only what is given to it or built", () => {
    const copied = last.flatMap((line) => line.match(/\/src\/\S+/g) ?? []);
    expect(copied.map((path) => path.slice("/src/".length)).sort()).toEqual([
      "LICENSE",
      "dist/xenstream.cjs",
      "dist/xenstream.cjs.cache",
      "dist/xenstream.parts.cjs",
      "package.json",
    ]);
  });
});
