/**
 * Loads packages that one feature needs and that users install themselves: optional peers, never in
 * the bundle. Looked for beside xenstream first, then where the user is, as npx does. No feature
 * of its own: what a package is for is told by the caller.
 */
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { InputError } from "../findings/index.js";

/** Where packages are looked for: each is a file or folder, whose node_modules count upwards. */
export type PackagePlaces = readonly string[];

/**
 * Load packages by name, all or none.
 *
 * @param feature  what asks for them, as the user named it: `--queue`
 * @param names    npm packages; each is a CommonJS module, or an ES module without top-level await
 * @param places   searched in turn; default: xenstream's own, then the working directory
 * @returns what each package exports, by its name; the caller knows the types
 * @throws {InputError} code "package-missing": the message has the line that installs them;
 *   "package-broken": one is there and cannot be loaded
 */
export function loadOptionalPackages<Exports extends Readonly<Record<string, unknown>>>(
  feature: string,
  names: readonly (keyof Exports & string)[],
  places: PackagePlaces = defaultPlaces(),
): Exports {
  const paths = names.map((name) => ({ name, path: find(name, places) }));
  const missing = paths.filter(({ path }) => path === null).map(({ name }) => name);
  if (missing.length > 0) {
    const what = names.length > 1 ? `packages ${names.join(" and ")}` : `package ${names[0]}`;
    const not = missing.length < names.length ? `, but ${missing.join(" and ")}` : ", which";
    const are = missing.length > 1 ? "are" : "is";
    const advice = `npm install ${names.join(" ")}`;
    throw new InputError(
      `${feature} needs the ${what}${not} ${are} not installed. Install: ${advice} ` +
        "(with -g if xenstream was installed so)",
      { code: "package-missing", source: missing[0] ?? "" },
    );
  }
  const found = paths.map(({ name, path }) => [name, load(feature, name, path ?? "")] as const);
  return Object.fromEntries(found) as Exports;
}

/** Beside the file that runs, which is the bundle or a module of the library; where the user is. */
function defaultPlaces(): PackagePlaces {
  const own = typeof __filename === "string" ? __filename : import.meta.url;
  return [own, join(resolve(), "here.js")];
}

function find(name: string, places: PackagePlaces): string | null {
  for (const place of places) {
    try {
      return createRequire(place).resolve(name);
    } catch {
      // not there: the next place
    }
  }
  return null;
}

function load(feature: string, name: string, path: string): unknown {
  try {
    return createRequire(path)(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new InputError(`the package ${name}, which ${feature} needs, cannot be loaded: ${why}`, {
      code: "package-broken",
      source: path,
      cause,
    });
  }
}
