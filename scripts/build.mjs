/**
 * Builds dist/: `node scripts/build.mjs [wasm|lib|bundle]`, all three without an argument. A step
 * is left out when nothing it reads has changed since it last succeeded.
 *
 *   wasm     assembly/ -> engine.wasm
 *   lib      src/ -> lib/**.js and .d.ts, engine.wasm beside them
 *   bundle   src/cli/main.ts -> xenstream.cjs and its parts, with the module inside
 *
 * The bundle holds the module as base64 text in the constant XENSTREAM_ENGINE_BASE64; where that is
 * not defined (the library), engine.wasm is read from beside lib/index.js.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import asc from "assemblyscript/asc";
import { bundleCommand } from "./lib/bundle.mjs";
import { ROOT } from "./lib/root.mjs";
import { runTool } from "./lib/run-tool.mjs";
import { fingerprint, isFresh, remember } from "./lib/stamps.mjs";

const WASM = "dist/engine.wasm";
const CLI = "src/cli/main.ts";
const BUNDLE = "dist/xenstream.cjs";
const PARTS = "dist/xenstream.parts.cjs";

const STEPS = {
  wasm: {
    inputs: ["assembly", "asconfig.json", "package-lock.json"],
    outputs: [WASM],
    run: buildWasm,
  },
  lib: {
    inputs: ["src", "tsconfig.json", "tsconfig.lib.json", "package-lock.json", WASM],
    outputs: ["dist/lib/engine.wasm"],
    run: buildLibrary,
  },
  bundle: {
    inputs: ["src", "package.json", "package-lock.json", "scripts", WASM],
    outputs: [BUNDLE, PARTS],
    run: buildBundle,
  },
};

process.chdir(ROOT);
mkdirSync("dist", { recursive: true });
const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!(name in STEPS)) {
    console.error(`no step "${name}": ${Object.keys(STEPS).join(", ")}`);
    process.exit(2);
  }
}
for (const [name, step] of Object.entries(STEPS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (name === "bundle" && !existsSync(CLI)) {
    console.log(`bundle: left out, for there is no ${CLI}`);
    continue;
  }
  const print = fingerprint(step.inputs);
  if (step.outputs.every((path) => existsSync(path)) && isFresh(name, print)) continue;
  const begin = performance.now();
  await step.run();
  remember(name, print);
  console.log(`${name}: built in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
}

async function buildWasm() {
  const { error, stdout, stderr } = await asc.main(["--target", "release"]);
  process.stdout.write(stdout.toString());
  process.stderr.write(stderr.toString());
  if (error) {
    console.error(error.message);
    process.exit(1);
  }
}

function buildLibrary() {
  rmSync("dist/lib", { recursive: true, force: true });
  runTool("node_modules/typescript/bin/tsc", ["-p", "tsconfig.lib.json"]);
  mkdirSync("dist/lib", { recursive: true });
  copyFileSync(WASM, "dist/lib/engine.wasm");
}

async function buildBundle() {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  await bundleCommand({
    main: CLI,
    // Most users wait for the tree, and for verdicts.
    together: [CLI, "src/cli/verify.ts"],
    outfile: BUNDLE,
    define: {
      XENSTREAM_ENGINE_BASE64: JSON.stringify(readFileSync(WASM).toString("base64")),
      XENSTREAM_VERSION: JSON.stringify(version),
    },
  });
}
