/**
 * The version that --version prints without loading anything. Documents take theirs from ops/,
 * which a test holds to the same package.json.
 */

/** Defined by the bundler alone. */
declare const XENSTREAM_VERSION: string | undefined;

/** As in package.json; where nothing was bundled, a word that says so. */
export function bundledVersion(): string {
  return typeof XENSTREAM_VERSION === "undefined" ? "(not bundled)" : XENSTREAM_VERSION;
}
