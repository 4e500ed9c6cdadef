/**
 * A plugin of the bundler: imports from a room's door (`src/<room>/index.ts`) are taken from the
 * files behind it. Otherwise all that stands behind a door goes to the same part of the bundle, and
 * a command loads what only others need. The law of imports is not touched: it is about sources.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const IMPORT = /^import \{([^}]*)\} from "(\.[^"]*\/index\.js)";$/gm;
const EXPORT_ALL = /^export \* from "(\.[^"]*)";$/gm;
const EXPORT_NAMES = /^export \{([^}]*)\} from "(\.[^"]*)";$/gm;
const EXPORT_OWN = /^export (?:async )?(?:function\*?|const|abstract class|class) (\w+)/gm;

export function pastDoors() {
  const doors = new Map();
  const behind = (door) => {
    if (!doors.has(door)) doors.set(door, exportsOf(door));
    return doors.get(door);
  };
  return {
    name: "past-doors",
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
        loader: "ts",
        contents: readFileSync(path, "utf8").replace(IMPORT, (_, names, from) =>
          importsOf(names, from, behind(sourceOf(path, from))),
        ),
      }));
    },
  };
}

/** One import for each file behind the door; what is not found there stays with the door. */
function importsOf(names, from, files) {
  return valuesIn(names)
    .map((name) => {
      const file = files.get(name.split(" as ")[0]);
      return `import { ${name} } from ${JSON.stringify(file ?? from)};`;
    })
    .join(" ");
}

/** Name of each value that a file exports -> the file that defines it. */
function exportsOf(path) {
  const text = readFileSync(path, "utf8");
  const found = new Map();
  for (const [, from] of text.matchAll(EXPORT_ALL)) {
    for (const [name, file] of exportsOf(sourceOf(path, from))) found.set(name, file);
  }
  for (const [, names, from] of text.matchAll(EXPORT_NAMES)) {
    const inner = exportsOf(sourceOf(path, from));
    // A name that changes on its way is left to the door.
    for (const name of valuesIn(names)) if (inner.has(name)) found.set(name, inner.get(name));
  }
  for (const [, name] of text.matchAll(EXPORT_OWN)) found.set(name, path);
  return found;
}

function valuesIn(names) {
  const all = names.split(",").map((name) => name.trim());
  return all.filter((name) => name !== "" && !name.startsWith("type "));
}

function sourceOf(importer, from) {
  const path = join(dirname(importer), from);
  const source = path.replace(/\.js$/, ".ts");
  return existsSync(source) ? source : path;
}
