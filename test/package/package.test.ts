/**
 * The package as users get it: packed, installed into an empty folder without the network and
 * without install scripts, its types checked, and the README's examples run there.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../harness.js";

const run = promisify(execFile);
const BIN = join(ROOT, "node_modules/.bin");
const NPM_FLAGS = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];

let work = "";
let folder = "";
let tarball = "";

/** Run a program in the empty folder, with its commands and this Node.js first on the path. */
async function runThere(program: string, ...args: readonly string[]) {
  const own = [join(folder, "node_modules/.bin"), dirname(process.execPath)];
  const PATH = [...own, process.env.PATH].join(delimiter);
  return await run(program, [...args], { cwd: folder, env: { ...process.env, PATH } });
}

/** Packages that the lock file says are needed at run time, where they stand in this project. */
async function runtimePackages(): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; optional?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev, optional }]) => path !== "" && !dev && !optional)
    .map(([path]) => join(ROOT, path));
}

/** From npm's cache if it has all there is to install, else out of this project's own modules. */
async function install(): Promise<void> {
  const arguments_ = ["install", ...NPM_FLAGS, tarball];
  try {
    await runThere("npm", ...arguments_);
  } catch {
    console.log("npm's cache lacks a dependency: installed from this project's node_modules");
    await runThere("npm", ...arguments_, "--install-links", ...(await runtimePackages()));
  }
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "xenstream-package-"));
  folder = join(work, "empty");
  await mkdir(folder);
  const pack = ["pack", "--ignore-scripts", "--silent", "--pack-destination", work];
  const { stdout } = await run("npm", pack, { cwd: ROOT });
  tarball = join(work, stdout.trim());
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  await install();
  for (const name of ["vm.save", "another.save"]) {
    await cp(join(ROOT, "test/fixtures/xl-hvm-tiny.xlsave"), join(folder, name));
  }
});

afterAll(async () => {
  await rm(work, { recursive: true, force: true });
});

describe("the packed package", () => {
  it("holds the command, the library and the documents, and nothing else", async () => {
    const installed = join(folder, "node_modules/xenstream");
    const files = (await readdir(installed, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
    const strange = files.filter(
      (name) =>
        !/^dist\/(xenstream(\.parts)?\.cjs|lib\/engine\.wasm|lib\/[\w/-]+\.(js|d\.ts))$/.test(
          name,
        ) &&
        !/^(docs\/[\w-]+(\.schema)?\.(md|1|json)|(README|CHANGELOG)\.md|LICENSE|package\.json)$/.test(
          name,
        ),
    );
    expect(strange).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining([
        "dist/xenstream.cjs",
        "dist/xenstream.parts.cjs",
        "dist/lib/index.d.ts",
        "docs/RULES.md",
      ]),
    );
    expect(files.filter((name) => /^dist\/lib\/(cli|report)\//.test(name))).toEqual([]);
    expect(files.find((name) => name === "dist/lib/engine.wasm")).toBeDefined();
  });

  it("has no scripts that an installation would run", async () => {
    const text = await readFile(join(folder, "node_modules/xenstream/package.json"), "utf8");
    const { scripts } = JSON.parse(text) as { scripts: Record<string, string> };
    const names = Object.keys(scripts).filter((name) =>
      /^(pre|post)?(install|prepare)$/.test(name),
    );
    expect(names).toEqual([]);
  });

  it("passes publint", async () => {
    const { stdout } = await run(join(BIN, "publint"), ["run", tarball, "--strict"]);
    expect(stdout).toContain("All good!");
  });

  it("has types that resolve, by arethetypeswrong", async () => {
    const flags = ["--profile", "esm-only", "--no-emoji", "--format", "ascii"];
    const { stdout } = await run(join(BIN, "attw"), [tarball, ...flags]);
    expect(stdout).toContain("node16 (from ESM)");
  });

  it("has types that a strict program compiles against", async () => {
    await writeFile(
      join(folder, "program.ts"),
      `import { type AsyncSource, type Finding, openGuest, UsageError, verify } from "xenstream";
export async function check(source: AsyncSource, signal?: AbortSignal): Promise<Finding[]> {
  const { findings } = await verify(source, { profile: "strict", signal });
  await using guest = await openGuest("vm.save");
  const page: Uint8Array = await guest.readPage(3);
  if (page.length === 0) throw new UsageError("no", { option: "pfn" });
  return findings.filter(({ severity }) => severity === "error");
}
// @ts-expect-error: there is no such profile
await verify("vm.save", { profile: "lenient" });
`,
    );
    const types = ["--types", "node", "--typeRoots", join(ROOT, "node_modules/@types")];
    const strict = [
      "--strict",
      "--exactOptionalPropertyTypes",
      "--skipDefaultLibCheck",
      "--noEmit",
    ];
    const modern = [
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--lib",
      "es2023,esnext.disposable",
    ];
    await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
    const { stdout } = await runThere(
      join(BIN, "tsc"),
      ...[...types, ...strict, ...modern, "program.ts"],
    );
    expect(stdout).toBe("");
  });
});

describe("in an empty folder", () => {
  it("runs the README's commands", async () => {
    const readme = await readFile(join(ROOT, "README.md"), "utf8");
    const commands = blocks(readme, "").filter((line) => /^(cat [\w.]+ \| )?xenstream /.test(line));
    expect(commands.length).toBeGreaterThan(3);
    const genid = ["--genid", "9f3cbd2e-7c1a-4d0e-8f6a-2f41c0d3b7aa"];
    const golden = ["--size", "1MiB", "--container", "xl", ...genid, "-o", "golden.save"];
    await runThere("xenstream", "generate", ...golden);
    for (const command of commands) {
      const { stdout } = await runThere("sh", "-ec", command);
      expect(stdout, command).not.toBe("");
    }
  });

  it("runs the README's program", async () => {
    const readme = await readFile(join(ROOT, "README.md"), "utf8");
    await writeFile(join(folder, "readme.mjs"), blocks(readme, "js").join("\n"));
    const { stdout, stderr } = await runThere(process.execPath, "readme.mjs");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^accept \[[^\]]*\]\n0 4096\n1 4096\n2 4096\n3 4096\n/);
    expect(stdout).toMatch(/restoredSha256: '[0-9a-f]{64}'/);
  });

  it("gives each entry point to a program in CommonJS too", async () => {
    const program = `import("xenstream").then(async ({ restore, inspect, VERSION }) => {
      const { memory } = await restore("vm.save", { vcpus: 2, engine: "reference" });
      const { records } = await inspect("another.save");
      console.log(VERSION, memory.populatedPages, records.length > 5);
    });`;
    await writeFile(join(folder, "program.cjs"), program);
    const { stdout } = await runThere(process.execPath, "program.cjs");
    const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
    expect(stdout).toBe(`${version} 22 true\n`);
  });
});

/** Lines of the fenced blocks of one language. */
function blocks(markdown: string, language: string): string[] {
  const found = [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  return found
    .filter(([, name]) => name === language)
    .flatMap(([, , text]) => (text ?? "").split("\n"));
}
