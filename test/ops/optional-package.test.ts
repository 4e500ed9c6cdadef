/** Packages that a feature needs: found in the places given, in turn; missing ones are named. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/findings/index.js";
import { loadOptionalPackages } from "../../src/ops/optional-package.js";

let folder = "";

async function install(project: string, name: string, code: string): Promise<void> {
  const path = join(folder, project, "node_modules", name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "package.json"), JSON.stringify({ name, main: "index.cjs" }));
  await writeFile(join(path, "index.cjs"), code);
}

/** The error that `run` throws. */
function errorOf(run: () => unknown): InputError {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return error;
  }
  throw new Error("no InputError");
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "xenstream-optional-"));
  await install("own", "xs-first", "exports.from = 'own';");
  await install("user", "xs-first", "exports.from = 'user';");
  await install("user", "xs-second", "exports.from = 'user';");
  await install("user", "xs-broken", "require('xs-gone');");
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("loading optional packages", () => {
  const places = () => [join(folder, "own/dist/x.cjs"), join(folder, "user/here.js")];

  it("takes each from the first place that has it", () => {
    const found = loadOptionalPackages<{
      "xs-first": { from: string };
      "xs-second": { from: string };
    }>("--queue", ["xs-first", "xs-second"], places());
    expect([found["xs-first"].from, found["xs-second"].from]).toEqual(["own", "user"]);
  });

  it("names what is missing and the line that installs all of them", () => {
    const names = ["xs-first", "xs-gone"];
    const error = errorOf(() => loadOptionalPackages("--queue", names, places()));
    expect(error).toMatchObject({ code: "package-missing", source: "xs-gone", exitCode: 2 });
    expect(error.message).toBe(
      "--queue needs the packages xs-first and xs-gone, but xs-gone is not installed. " +
        "Install: npm install xs-first xs-gone (with -g if xenstream was installed so)",
    );
    const both = errorOf(() => loadOptionalPackages("s3://", ["xs-away", "xs-gone"], places()));
    expect(both.message).toContain("xs-away and xs-gone, which are not installed");
    const one = errorOf(() => loadOptionalPackages("s3://", ["xs-gone"], places()));
    expect(one.message).toContain("s3:// needs the package xs-gone, which is not installed");
  });

  it("tells a package that is there and cannot be loaded from a missing one", () => {
    const error = errorOf(() => loadOptionalPackages("--queue", ["xs-broken"], places()));
    expect(error).toMatchObject({ code: "package-broken", exitCode: 2 });
    expect(error.message).toMatch(/xs-broken, which --queue needs, cannot be loaded: .*xs-gone/);
  });

  it("finds this project's own packages by default", () => {
    const { commander } = loadOptionalPackages<{ commander: unknown }>("a test", ["commander"]);
    expect(commander).toBeDefined();
  });
});
