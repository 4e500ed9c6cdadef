/**
 * Loads a package that users install if they want what it is for. The bundled command may stand
 * anywhere (a global folder, npx's cache), so the package is looked for beside it and then in the
 * project that the command is called from.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { cwd } from "node:process";
import { inputError } from "../source.js";

/**
 * @param name    of the package
 * @param wanted  the input that needs it, for the message
 * @param places  files from which it is looked for, as their own imports would be
 * @returns its exports
 * @throws {InputError} code "module-missing", with the line that installs it
 */
export function loadPeer(
  name: string,
  wanted: string,
  places: readonly string[] = [ownPlace(), join(cwd(), "package.json")],
): unknown {
  for (const place of places) {
    try {
      return createRequire(place)(name);
    } catch (cause) {
      if (isMissing(cause, name)) continue;
      const [reason] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
      const text = `the package ${name} cannot be loaded: ${reason}`;
      throw inputError("module-missing", wanted, text, { cause });
    }
  }
  const text = `this kind of URL wants a package that is not installed: npm install ${name}`;
  throw inputError("module-missing", wanted, text);
}

/** This file; in the bundle, which is CommonJS, the bundle's. */
function ownPlace(): string {
  return typeof __filename === "string" ? __filename : import.meta.url;
}

/** False if it is there and something that it needs is not. */
function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return code === "MODULE_NOT_FOUND" && error.message.includes(`'${name}'`);
}
