/**
 * Bundles the command in one file of many parts: a loader, and behind it, unseen by the parser, the
 * parts that it loads: the command tree, and what each command needs. Beside the file stands the
 * code that V8 made of the parts, most of what a short command costs.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { build, transform } from "esbuild";
import { pastDoors } from "./past-doors.mjs";
import { ROOT } from "./root.mjs";

const LOADER = join(ROOT, "scripts/lib/load-parts.cjs");

/** How every part is made to be small and quick to parse. */
const SHARED = {
  platform: "node",
  target: "node20",
  minifySyntax: true,
  minifyWhitespace: true,
  minifyIdentifiers: true,
};

/**
 * What most runs never call, and what loading it would cost them: loaded with the first call.
 * commander asks for child_process to run commands that are programs.
 */
const SELDOM = {
  "node:child_process": ["spawn"],
  "node:crypto": ["createHash", "randomBytes"],
  "node:timers/promises": ["setImmediate"],
  saxes: ["SaxesParser"],
};

/**
 * @param {object} files
 * @param {string} files.main      entry point, from the root of the project
 * @param {string} files.outfile   bundle that is run
 * @param {Record<string, string>} files.define  constants for all parts
 */
export async function bundleCommand({ main, outfile, define }) {
  const { outputFiles } = await build({
    ...SHARED,
    absWorkingDir: ROOT,
    // The tree by itself too, for the build to run commands without a command line.
    entryPoints: { main, program: join(dirname(main), "program.ts") },
    outdir: "parts",
    write: false,
    bundle: true,
    splitting: true,
    format: "esm",
    // What the library asks of import.meta is not reached where the module is in the bundle.
    define: { ...define, "import.meta.url": "undefined" },
    plugins: [loadedWhenUsed(), pastDoors()],
    logLevel: "warning",
  });
  const parts = await Promise.all(
    outputFiles.map(async ({ path, text }) => [`./${basename(path)}`, await asPart(text)]),
  );
  const file = join(ROOT, outfile);
  const table = await writeBundle(file, parts);
  spawnSync(process.execPath, [join(ROOT, "scripts/lib/make-code-cache.mjs"), file], {
    input: JSON.stringify(table),
    stdio: ["pipe", "ignore", "inherit"],
  });
}

/** The loader, the call that starts it, and the parts as comments. Returns what the call tells. */
async function writeBundle(file, parts) {
  const table = {};
  let text = "";
  for (const [name, source] of parts) {
    const hidden = `//${source.replaceAll("\n", "\n//")}`;
    table[name] = [Buffer.byteLength(text), Buffer.byteLength(hidden)];
    text += `${hidden}\n`;
  }
  const id = `${Date.now().toString(36)}${process.hrtime.bigint().toString(36)}`;
  const { code } = await transform(readFileSync(LOADER, "utf8"), SHARED);
  const begin = (offset) =>
    `#!/usr/bin/env node\n${code}loadParts(__filename,require,{id:"${id}",` +
    `offset:${String(offset).padStart(8)},table:${JSON.stringify(table)}}).part("./main.js");\n`;
  const offset = Buffer.byteLength(begin(0));
  writeFileSync(file, begin(offset) + text);
  chmodSync(file, 0o755);
  return { id, offset, table };
}

/** An ES module as the body of a CommonJS one: import() would start the loader of modules. */
async function asPart(text) {
  const options = { ...SHARED, format: "cjs", supported: { "dynamic-import": false } };
  return (await transform(text, options)).code.trimEnd();
}

/** Puts something that loads them in the place of packages that are seldom used. */
function loadedWhenUsed() {
  const names = Object.keys(SELDOM).map((name) => name.replace(":", "\\:"));
  return {
    name: "loaded-when-used",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^(${names.join("|")})$`) }, ({ path, namespace }) =>
        namespace === "seldom" ? undefined : { path, namespace: "seldom" },
      );
      // An ES module: a function that is missing in the list fails the build.
      onLoad({ filter: /.*/, namespace: "seldom" }, ({ path }) => ({
        contents: SELDOM[path].map((name) => loadingFunction(path, name)).join("\n"),
        resolveDir: ROOT,
      }));
    },
  };
}

/** Takes the place of a function or class. */
function loadingFunction(path, name) {
  return `export function ${name}(...values) {
    const it = require(${JSON.stringify(path)}).${name};
    return new.target ? new it(...values) : it(...values);
  }`;
}
