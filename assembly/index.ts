/**
 * The whole WASM surface on one screen; exports only. A module works on one memory: that of a bank,
 * or a small one that only digests streams. src/engine/wasm/ is its only caller.
 */
import { LAYOUT_HASH } from "./generated/numbers";

export { bindBank, nextRun, populate, resetBank } from "./bank";
export { commitEntries, commitStaged, dropStaged, indexPages, stageEntries } from "./commit";
export { xxh3Consume, xxh3Digest, xxh3Reset } from "./digest";
export { beginBatch, checkEntries } from "./entries";
export { comparePages, digestPages, gatherPages, pairPages, placePages, setPages } from "./frames";
export { scanTables } from "./page-tables";
export { digestWindow, pairWindow, pairZeroPages, zeroPages } from "./window";

/** Hash of the numbers that the module was built with; the bridge refuses any but its own. */
export function layoutHash(): u32 {
  return LAYOUT_HASH;
}
