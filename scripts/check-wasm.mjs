/**
 * Fails if dist/engine.wasm breaks the law of assembly/: no static data (each new instance would
 * write it again over the same shared memory), no import but the memory, which is shared, exactly
 * the exports that the layout declares, and no state in mutable globals.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadTypeScript } from "./lib/load-typescript.mjs";
import { ROOT } from "./lib/root.mjs";
import { readModule } from "./lib/wasm-sections.mjs";

const { EXPORTS } = await loadTypeScript("src/engine/wasm/layout.ts");
const path = process.argv[2] ?? join(ROOT, "dist/engine.wasm");
const module = readModule(readFileSync(path));

const faults = [];
if (module.dataSegments > 0) faults.push(`${module.dataSegments} data segments`);
if (module.hasStart) faults.push("a start function");
if (module.mutableGlobals > 0) faults.push(`${module.mutableGlobals} mutable globals`);
for (const { module: from, name, kind, shared } of module.imports) {
  if (from !== "env" || name !== "memory" || kind !== "memory") {
    faults.push(`import ${from}.${name} (${kind})`);
  } else if (!shared) {
    faults.push("the memory is not shared");
  }
}
if (module.imports.length === 0) faults.push("no import of env.memory");
for (const { name, kind } of module.exports) {
  if (kind !== "function" || !EXPORTS.includes(name)) faults.push(`export ${name} (${kind})`);
}
for (const name of EXPORTS) {
  if (!module.exports.some((e) => e.name === name)) faults.push(`no export ${name}`);
}

for (const fault of faults) console.error(`engine.wasm: ${fault}`);
if (faults.length === 0) {
  console.log(`engine.wasm: ${module.exports.length} exports, no static data, env.memory alone`);
}
process.exitCode = faults.length > 0 ? 1 : 0;
