/**
 * Loads a TypeScript module of the project into a script: bundled in memory, nothing is written.
 */
import { build } from "esbuild";
import { ROOT } from "./root.mjs";

/**
 * @param {string} path of the module, from the root of the project
 * @returns {Promise<Record<string, any>>} its exports
 */
export async function loadTypeScript(path) {
  const result = await build({
    entryPoints: [path],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
  });
  const source = Buffer.from(result.outputFiles[0].contents).toString("base64");
  return import(`data:text/javascript;base64,${source}`);
}
