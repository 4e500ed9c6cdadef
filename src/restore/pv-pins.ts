/**
 * The page tables of a PV guest that a restore has pinned again, as completion steps. The
 * hypervisor's checks on them need machine frames and are not simulated. Source: LC-PV-24.
 */
import { MAX_PINS_LISTED } from "../findings/index.js";
import { PAGE_TYPE_PIN, PAGE_TYPES_PINNED } from "../format/index.js";
import type { Guest } from "../guest/index.js";
import type { DomainFacts } from "./facts.js";

const isPinned = (type: number) => ((PAGE_TYPES_PINNED >>> type) & 1) === 1;

/** Tell of each pinned table, ascending; of those beyond a bound only how many they are. */
export function listPins({ completion }: DomainFacts, guest: Guest): void {
  const { engine, counts } = guest;
  if (!counts.entriesByType.some((count, type) => count > 0 && isPinned(type))) return;
  const step = "LC-PV-24";
  let pinned = 0;
  for (const { first, count } of guest.populatedRuns()) {
    for (let pfn = first; pfn < first + count; pfn += 1) {
      const type = engine.pageType(pfn);
      if (!isPinned(type)) continue;
      pinned += 1;
      const what = `pinned as a table of level ${type & ~PAGE_TYPE_PIN}`;
      if (pinned <= MAX_PINS_LISTED) completion.push({ step, pfn, what });
    }
  }
  const more = pinned - MAX_PINS_LISTED;
  if (more > 0) completion.push({ step, what: `${more} more tables pinned` });
}
