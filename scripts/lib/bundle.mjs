/**
 * Bundles the command in one file of two parts: the command tree, which is all that help and
 * completions cost, and behind it, unseen by the parser, all that commands load when they are
 * called. Beside it stands the code that V8 made of that, most of what a short command costs.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, chmodSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./root.mjs";

/** What the files of the command tree load lazily goes to the second part. */
const TREE = /^src\/cli\/(program|[a-z]+-tree)\.ts$/;

/** Loads the second part from the first. */
const LOADER = "./scripts/lib/load-commands.cjs";

/** commander asks for it to run commands that are programs of their own; there are none. */
const UNUSED_BUILTIN = "node:child_process";

/**
 * @param {object} files
 * @param {string} files.main      entry point, from the root of the project
 * @param {string} files.outfile   bundle that is run
 * @param {Record<string, string>} files.define  constants for both parts
 */
export async function bundleCommand({ main, outfile, define }) {
  const shared = {
    absWorkingDir: ROOT,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    minifySyntax: true,
    minifyWhitespace: true,
    // What the library asks of import.meta is not reached where the module is in the bundle.
    define: { ...define, "import.meta.url": "undefined" },
    // As a require: import() would start the loader of modules first, and code that is loaded with
    // what V8 made of it cannot do it at all.
    supported: { "dynamic-import": false },
    // Its other form asks where it stands as a module, which is nowhere in a bundle.
    alias: { tinyglobby: createRequire(import.meta.url).resolve("tinyglobby") },
    plugins: [lazyBuiltin()],
    logLevel: "warning",
  };
  const lazy = new Set();
  await build({
    ...shared,
    entryPoints: [main],
    outfile,
    banner: { js: "#!/usr/bin/env node" },
    plugins: [...shared.plugins, commandsElsewhere(lazy)],
  });
  const { hide } = createRequire(import.meta.url)(join(ROOT, LOADER));
  const commands = await build({
    ...shared,
    write: false,
    stdin: {
      contents: [...lazy].map((path) => `export * from ${JSON.stringify(path)};`).join("\n"),
      resolveDir: ROOT,
      loader: "ts",
    },
    // Code that V8 keeps of this file is told by it: see load-commands.cjs.
    footer: { js: `//${Date.now().toString(36)}${process.hrtime.bigint().toString(36)}` },
  });
  appendFileSync(join(ROOT, outfile), hide(commands.outputFiles[0].text.trimEnd()));
  chmodSync(join(ROOT, outfile), 0o755);
  spawnSync(process.execPath, [join(ROOT, "scripts/lib/make-code-cache.mjs")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** Notes each module that the tree loads lazily, and has it taken from the other part. */
function commandsElsewhere(found) {
  return {
    name: "commands-elsewhere",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\// }, ({ kind, importer, path, resolveDir }) => {
        if (kind !== "dynamic-import" || !TREE.test(relative(ROOT, importer))) return undefined;
        found.add(join(resolveDir, path.replace(/\.js$/, ".ts")));
        return { path: LOADER, namespace: "commands" };
      });
      onLoad({ filter: /.*/, namespace: "commands" }, () => ({
        contents: `module.exports = require(${JSON.stringify(LOADER)}).load().exports;`,
        resolveDir: ROOT,
      }));
    },
  };
}

/** Loads a builtin that pulls in the network stack only if it is ever used. */
function lazyBuiltin() {
  return {
    name: "lazy-builtin",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^${UNUSED_BUILTIN}$`) }, ({ namespace }) =>
        namespace === "lazy" ? undefined : { path: UNUSED_BUILTIN, namespace: "lazy" },
      );
      onLoad({ filter: /.*/, namespace: "lazy" }, () => ({
        contents: `exports.spawn = (...args) => require("${UNUSED_BUILTIN}").spawn(...args);`,
      }));
    },
  };
}
