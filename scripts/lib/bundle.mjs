/**
 * Bundles the command in two files: the one that is run holds the command tree alone, so that help
 * and completions start at once; the other, all that commands load when they are called.
 */
import { chmodSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./root.mjs";

/** What the command tree loads lazily goes to the second file. */
const TREE = "src/cli/program.ts";

/** commander asks for it to run commands that are programs of their own; there are none. */
const UNUSED_BUILTIN = "node:child_process";

/**
 * @param {object} files
 * @param {string} files.main      entry point, from the root of the project
 * @param {string} files.outfile   bundle that is run
 * @param {string} files.workfile  bundle beside it
 * @param {Record<string, string>} files.define  constants for both
 */
export async function bundleCommand({ main, outfile, workfile, define }) {
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
    plugins: [lazyBuiltin()],
    logLevel: "warning",
  };
  const lazy = new Set();
  await build({
    ...shared,
    entryPoints: [main],
    outfile,
    banner: { js: "#!/usr/bin/env node" },
    // As a require: import() of CommonJS would start the loader of modules first.
    supported: { "dynamic-import": false },
    plugins: [...shared.plugins, commandsElsewhere(lazy, `./${basename(workfile)}`)],
  });
  await build({
    ...shared,
    stdin: {
      contents: [...lazy].map((path) => `export * from ${JSON.stringify(path)};`).join("\n"),
      resolveDir: ROOT,
      loader: "ts",
    },
    outfile: workfile,
  });
  chmodSync(join(ROOT, outfile), 0o755);
}

/** Notes each module that the tree loads lazily, and has it taken from the other file. */
function commandsElsewhere(found, target) {
  return {
    name: "commands-elsewhere",
    setup({ onResolve }) {
      onResolve({ filter: /^\.\// }, ({ kind, importer, path, resolveDir }) => {
        if (kind !== "dynamic-import" || importer !== join(ROOT, TREE)) return undefined;
        found.add(join(resolveDir, path.replace(/\.js$/, ".ts")));
        return { path: target, external: true };
      });
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
