/**
 * Reads every import of src/ and holds it to the law of ARCHITECTURE.md: who may import whom, by
 * the door only, no cycles, node: where it is allowed, and no room missing from the page.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const SRC = join(ROOT, "src");

/** What each room may import, besides itself. `engine/port` is engine's second door. */
const LAW: Readonly<Record<string, readonly string[]>> = {
  format: [],
  findings: ["format"],
  input: ["findings"],
  stream: ["format", "findings"],
  "engine/port": ["format", "findings"],
  "engine/wasm": ["engine/port", "format", "findings"],
  "engine/reference": ["engine/port", "format", "findings"],
  engine: ["engine/port", "engine/wasm", "engine/reference", "format", "findings"],
  guest: ["engine/port", "stream", "format", "findings"],
  checks: ["format", "findings"],
  restore: ["stream", "guest", "checks", "engine/port", "format", "findings"],
  export: ["guest", "stream", "format", "findings"],
  batch: ["findings"],
  report: ["findings"],
  ops: [
    "format",
    "findings",
    "input",
    "stream",
    "engine",
    "engine/port",
    "guest",
    "checks",
    "restore",
    "export",
    "batch",
  ],
  cli: ["ops", "report", "findings", "format"],
  index: ["ops", "findings", "format", "stream", "guest", "engine", "input"],
};
const MAY_USE_NODE = new Set(["input", "export", "batch", "ops", "cli"]);
/** Files of a room that others may import. */
const DOORS = new Set(["index.ts", "port.ts"]);

interface Import {
  readonly from: string;
  readonly target: string;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

/** The room of a file, as the law names it. */
function roomOf(path: string): string {
  const parts = relative(SRC, path).split("/");
  if (parts.length === 1) return "index";
  if (parts[0] === "engine" && parts[1] === "port.ts") return "engine/port";
  if (parts[0] === "engine" && parts.length > 2) return `engine/${parts[1]}`;
  return parts[0] ?? "";
}

function importsOf(path: string): Import[] {
  const text = readFileSync(path, "utf8");
  const pattern = /(?:from|import)\s*\(?\s*"([^"]+)"/g;
  return [...text.matchAll(pattern)].map((match) => ({ from: path, target: match[1] ?? "" }));
}

const files = sources(SRC);
const imports = files.flatMap(importsOf);
const local = imports
  .filter(({ target }) => target.startsWith("."))
  .map(({ from, target }) => ({
    from,
    to: resolve(dirname(from), target).replace(/\.js$/, ".ts"),
  }));
const show = (path: string) => relative(ROOT, path);

describe("the import law", () => {
  it("reads a tree that is there", () => {
    expect(files.length).toBeGreaterThan(30);
    expect(local.length).toBeGreaterThan(60);
  });

  it("lets a room import only the rooms it may", () => {
    const breaches = local
      .filter(({ from, to }) => roomOf(from) !== roomOf(to))
      .filter(({ from, to }) => !(LAW[roomOf(from)] ?? []).includes(roomOf(to)))
      .map(({ from, to }) => `${show(from)} -> ${show(to)}`);
    expect(breaches).toEqual([]);
  });

  it("lets a room be entered by its door only", () => {
    const breaches = local
      .filter(({ from, to }) => roomOf(from) !== roomOf(to))
      .filter(({ to }) => !DOORS.has(to.split("/").at(-1) ?? ""))
      .map(({ from, to }) => `${show(from)} -> ${show(to)}`);
    expect(breaches).toEqual([]);
  });

  it("keeps node: out of the inner rooms", () => {
    const breaches = imports
      .filter(({ target }) => target.startsWith("node:"))
      .filter(({ from }) => !MAY_USE_NODE.has(roomOf(from)))
      .map(({ from, target }) => `${show(from)} -> ${target}`);
    expect(breaches).toEqual([]);
  });

  it("has no cycle between files", () => {
    const next = new Map<string, string[]>();
    for (const { from, to } of local) next.set(from, [...(next.get(from) ?? []), to]);
    const state = new Map<string, "open" | "done">();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (state.get(path) === "done") return;
      if (state.get(path) === "open") {
        cycles.push([...trail.slice(trail.indexOf(path)), path].map(show).join(" -> "));
        return;
      }
      state.set(path, "open");
      for (const target of next.get(path) ?? []) visit(target, [...trail, path]);
      state.set(path, "done");
    };
    for (const path of files) visit(path, []);
    expect(cycles).toEqual([]);
  });

  it("finds every room of src/ in ARCHITECTURE.md", () => {
    const page = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
    const rooms = readdirSync(SRC, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect(rooms.filter((room) => !page.includes(`${room}/`))).toEqual([]);
  });

  it("knows every room it judges", () => {
    const rooms = new Set(files.map(roomOf));
    expect([...rooms].filter((room) => LAW[room] === undefined)).toEqual([]);
  });
});
