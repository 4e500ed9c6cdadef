/** Runs a JavaScript tool of node_modules in a process of its own. */
import { spawnSync } from "node:child_process";
import { ROOT } from "./root.mjs";

/**
 * Run a tool, its output going to ours; if it fails, the script ends with the tool's exit code.
 *
 * @param {string} path of the tool's script, from the root of the project
 * @param {string[]} args
 */
export function runTool(path, args) {
  const { status } = spawnSync(process.execPath, [path, ...args], { cwd: ROOT, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
