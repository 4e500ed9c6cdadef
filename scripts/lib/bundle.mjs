/**
 * Bundles the command: a small file that is run, and beside it the parts that it loads, in scripts:
 * the command tree, what every verdict needs, and each other part by itself. Node.js would read and
 * scan whatever stands in the file that is run. Beside them stands the code that V8 made of the
 * scripts, most of what a short command costs.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { build, transform } from "esbuild";
import { pastDoors } from "./past-doors.mjs";
import { ROOT } from "./root.mjs";

const LOADER = join(ROOT, "scripts/lib/load-parts.cjs");
/** Never written: what names of parts begin with while they are made. */
const PARTS = "parts";

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
  "node:timers/promises": ["setImmediate", "setTimeout"],
  saxes: ["SaxesParser"],
};

/**
 * @param {object} files
 * @param {string} files.main      entry point, from the root of the project
 * @param {string[]} files.together  files whose needs are each kept together, in this order
 * @param {string} files.outfile   bundle that is run, *.cjs; the parts go to *.parts.cjs
 * @param {Record<string, string>} files.define  constants for all parts
 */
export async function bundleCommand({ main, together, outfile, define }) {
  const { outputFiles, metafile } = await build({
    ...SHARED,
    absWorkingDir: ROOT,
    // The tree by itself too, for the build to run commands without a command line.
    entryPoints: { main, program: join(dirname(main), "program.ts") },
    outdir: PARTS,
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: "esm",
    // What the library asks of import.meta is not reached where the module is in the bundle.
    define: { ...define, "import.meta.url": "undefined", "performance.now": "XENSTREAM_NOW" },
    inject: [join(ROOT, "scripts/lib/clock.mjs")],
    // Its other form asks where it stands as a module, which is nowhere in a bundle.
    alias: { tinyglobby: createRequire(import.meta.url).resolve("tinyglobby") },
    plugins: [loadedWhenUsed(), pastDoors()],
    logLevel: "warning",
  });
  const entries = await Promise.all(
    outputFiles.map(async ({ path, text }) => [basename(path), await asFunction(text)]),
  );
  const file = join(ROOT, outfile);
  const parts = await writeBundle(file, new Map(entries), scriptsOf(metafile, together));
  spawnSync(process.execPath, [join(ROOT, "scripts/lib/make-code-cache.mjs"), file], {
    input: JSON.stringify(parts),
    stdio: ["pipe", "ignore", "inherit"],
  });
}

/**
 * Which parts stand in one script, to be read and compiled at once: what an entry of `together`
 * always loads and those before it do not; every other part has a script of its own.
 */
function scriptsOf({ outputs }, together) {
  const taken = new Set();
  const take = (path, names) => {
    if (taken.has(path)) return names;
    taken.add(path);
    names.push(basename(path));
    for (const { path: next, kind, external } of outputs[path].imports) {
      if (kind === "import-statement" && !external) take(next, names);
    }
    return names;
  };
  const paths = Object.keys(outputs);
  const isOf = (entry) => (path) => outputs[path].entryPoint === entry;
  const groups = together.map((entry) => take(paths.find(isOf(entry)), []));
  const single = paths.filter((path) => !taken.has(path)).map((path) => [basename(path)]);
  return [...groups, ...single];
}

/** Writes the loader with its call, and the scripts. Returns what the call tells the loader. */
async function writeBundle(file, sources, scripts) {
  const texts = scripts.map(
    (names) => `[${names.map((name) => sources.get(name)).join(",\n")}];\n`,
  );
  const table = scripts.map((names, index) => [Buffer.byteLength(texts[index]), names]);
  const id = `${Date.now().toString(36)}${process.hrtime.bigint().toString(36)}`;
  const { code } = await transform(readFileSync(LOADER, "utf8"), SHARED);
  const call = `loadParts(__filename,require,{id:"${id}",table:${JSON.stringify(table)}})`;
  writeFileSync(file, `#!/usr/bin/env node\n${code}${call}.part("main.js");\n`);
  writeFileSync(file.replace(/cjs$/, "parts.cjs"), texts.join(""));
  chmodSync(file, 0o755);
  return { id, table };
}

/** An ES module as a CommonJS one in a function: import() would start the loader of modules. */
async function asFunction(text) {
  const options = { ...SHARED, format: "cjs", supported: { "dynamic-import": false } };
  const { code } = await transform(text, options);
  return `function(exports,require,module,__filename,__dirname){${code.trimEnd()}\n}`;
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
