/**
 * Writes docs/xenstream.1, the man page, from the command tree of src/cli/. See scripts/generate.mjs
 * for how it is run.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "../lib/root.mjs";

/**
 * @returns {Promise<Map<string, string>>} text by path, from the root of the project
 */
export async function generateMan() {
  const { buildProgram, manPage } = await loadCli();
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return new Map([
    [
      "docs/xenstream.1",
      manPage(
        buildProgram(() => {}),
        version,
      ),
    ],
  ]);
}

/** The exports of cli/, bundled in memory: as CommonJS, for commander asks for node: modules. */
async function loadCli() {
  const { outputFiles } = await build({
    entryPoints: ["src/cli/index.ts"],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    target: "node20",
    logLevel: "error",
  });
  const module = { exports: {} };
  const evaluate = new Function("module", "exports", "require", outputFiles[0].text);
  evaluate(module, module.exports, createRequire(join(ROOT, "package.json")));
  return module.exports;
}
