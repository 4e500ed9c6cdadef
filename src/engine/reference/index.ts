/**
 * The door of the reference engine: the page engine in plain TypeScript, made from the
 * specification. Not to be named outside of engine/.
 */
import type { PageEngine } from "../port.js";
import { comparePages, type PageComparer } from "./compare.js";
import { ReferenceEngine } from "./engine.js";

export type { PageComparer } from "./compare.js";

/**
 * Make a reference engine.
 *
 * @param compare  tells whether two pages are equal, such as node's `Buffer.compare`; without it
 *   they are compared in plain TypeScript, which is slower
 * @returns an engine with memory of its own; reset() it before the first batch
 */
export function createReferenceEngine(compare: PageComparer = comparePages): PageEngine {
  return new ReferenceEngine(compare);
}
