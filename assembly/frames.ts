/**
 * Places pages: zero test, digest, dedupe and copy into the frame arena in one pass over a page
 * that stays in the first cache. Compares pages with what is held, and copies held pages out. A
 * bank never has more frames than pfns, so the arena cannot run out before the limit given.
 *
 *   pfn -> pfn frames (frame + 1; 0: zero page or none) -> arena
 */
import { must } from "./assert";
import { localOf } from "./bank";
import { digestOfFrame, findFrame, listFrame, samplePage, unlistFrame } from "./digest-table";
import {
  ARENA,
  DATA_LIST,
  FRAME_REFS,
  FREE_LIST,
  HEADER_FRAMES_FREE,
  HEADER_FRAMES_HIGH,
  HEADER_FRAMES_IN_USE,
  HEADER_LISTED,
  HEADER_MAPPED_PAGES,
  HEADER_PFN_BASE,
  HEADER_RESIDENT,
  OUTBOX,
  OUTBOX_BYTES,
  PAGE_WINDOW,
  PFN_FRAMES,
} from "./generated/layout";
import {
  BANK_PFNS,
  OUTBOX_PAGES,
  PAGE_BYTES,
  PAGE_SHIFT,
  PAGE_WINDOW_PAGES,
  PAIRS_MAX,
  ZERO_PAGE_DIGEST,
} from "./generated/numbers";
import { isZeroPage, samePage, storePair } from "./window";

/**
 * Make the pages in the page window the contents of data pages first..first+count-1; pages of
 * other banks are left out.
 *
 * @param frameLimit  frames that this bank may hold
 * @returns `count`, or the number of pages dealt with before one more frame was refused
 */
export function placePages(first: u32, count: u32, frameLimit: u32): u32 {
  mustBeListed(first, count);
  for (let index: u32 = 0; index < count; index++) {
    const local = localOf(load<u64>(DATA_LIST + (<usize>(first + index) << 3)));
    if (local >= BANK_PFNS) continue;
    const page = PAGE_WINDOW + (<usize>index << PAGE_SHIFT);
    if (!placePage(page, PFN_FRAMES + (<usize>local << 2), frameLimit)) return index;
  }
  return count;
}

/**
 * Make pages of the page window, from page `at` of it on, the contents of the pfns from `local` on.
 *
 * @param frameLimit  frames that this bank may hold
 * @returns `count`, or the number of pages dealt with before one more frame was refused
 */
export function setPages(local: u32, at: u32, count: u32, frameLimit: u32): u32 {
  mustBeResident(local, count);
  must(at <= PAGE_WINDOW_PAGES && count <= PAGE_WINDOW_PAGES - at);
  for (let index: u32 = 0; index < count; index++) {
    const page = PAGE_WINDOW + (<usize>(at + index) << PAGE_SHIFT);
    const pfnFrame = PFN_FRAMES + (<usize>(local + index) << 2);
    if (!placePage(page, pfnFrame, frameLimit)) return index;
  }
  return count;
}

/**
 * Compare the pages in the page window with the contents of their pfns.
 *
 * @returns pages that differ; their data pages stand in the outbox, ascending
 */
export function comparePages(first: u32, count: u32): u32 {
  mustBeListed(first, count);
  let differing: usize = 0;
  for (let index: u32 = 0; index < count; index++) {
    const local = localOf(load<u64>(DATA_LIST + (<usize>(first + index) << 3)));
    if (local >= BANK_PFNS) continue;
    const page = PAGE_WINDOW + (<usize>index << PAGE_SHIFT);
    const held = load<u32>(PFN_FRAMES + (<usize>local << 2));
    const same = held ? samePage(frameAt(held - 1), page) : isZeroPage(page);
    if (same) continue;
    store<u32>(OUTBOX + (differing << 2), first + index);
    differing++;
  }
  return <u32>differing;
}

/** Copy the contents of `count` pages from pfn `local` on into the outbox. */
export function gatherPages(local: u32, count: u32): void {
  must(count <= OUTBOX_PAGES);
  mustBeResident(local, count);
  for (let index: u32 = 0; index < count; index++) {
    const held = load<u32>(PFN_FRAMES + (<usize>(local + index) << 2));
    const into = OUTBOX + (<usize>index << PAGE_SHIFT);
    if (held) memory.copy(into, frameAt(held - 1), PAGE_BYTES);
    else memory.fill(into, 0, PAGE_BYTES);
  }
}

/** Write the digests of `count` pages from pfn `local` on into the outbox. */
export function digestPages(local: u32, count: u32): void {
  must(<usize>count << 3 <= OUTBOX_BYTES);
  mustBeResident(local, count);
  for (let index: u32 = 0; index < count; index++) {
    store<u64>(OUTBOX + (<usize>index << 3), digestOfPfn(local + index));
  }
}

/** Write pairs of pfn and digest of `count` pages from pfn `local` on into the outbox. */
export function pairPages(local: u32, count: u32): void {
  must(count <= PAIRS_MAX);
  mustBeResident(local, count);
  const pfn = load<u64>(HEADER_PFN_BASE) + local;
  for (let index: u32 = 0; index < count; index++) {
    storePair(index, pfn + index, digestOfPfn(local + index));
  }
}

/** Digest of what a pfn holds. */
@inline
function digestOfPfn(local: u32): u64 {
  const held = load<u32>(PFN_FRAMES + (<usize>local << 2));
  return held ? digestOfFrame(held - 1) : ZERO_PAGE_DIGEST;
}

function mustBeListed(first: u32, count: u32): void {
  must(load<u32>(HEADER_RESIDENT) != 0);
  must(count <= PAGE_WINDOW_PAGES);
  must(first <= load<u32>(HEADER_LISTED) && count <= load<u32>(HEADER_LISTED) - first);
}

function mustBeResident(local: u32, count: u32): void {
  must(load<u32>(HEADER_RESIDENT) != 0);
  must(local <= BANK_PFNS && count <= BANK_PFNS - local);
}

@inline
function frameAt(frame: u32): usize {
  return ARENA + (<usize>frame << PAGE_SHIFT);
}

/** Place one page. Returns false, with nothing changed, if it needs a frame too many. */
function placePage(page: usize, pfnFrame: usize, frameLimit: u32): bool {
  const held = load<u32>(pfnFrame);
  if (isZeroPage(page)) {
    if (held) {
      store<u32>(pfnFrame, 0);
      countMapped(-1);
      leaveFrame(held - 1);
    }
    return true;
  }
  const sample = samplePage(page);
  const found = findFrame(sample, page);
  if (found) {
    if (found == held) return true;
    const refs = refsOf(found - 1);
    store<u32>(refs, load<u32>(refs) + 1);
    store<u32>(pfnFrame, found);
    if (held) leaveFrame(held - 1);
    else countMapped(1);
    return true;
  }
  if (held && load<u32>(refsOf(held - 1)) == 1) {
    unlistFrame(held - 1);
    memory.copy(frameAt(held - 1), page, PAGE_BYTES);
    listFrame(held - 1, sample);
    return true;
  }
  if (load<u32>(HEADER_FRAMES_IN_USE) >= frameLimit) return false;
  if (held) leaveFrame(held - 1);
  else countMapped(1);
  const frame = takeFrame();
  store<u32>(pfnFrame, frame + 1);
  memory.copy(frameAt(frame), page, PAGE_BYTES);
  listFrame(frame, sample);
  return true;
}

@inline
function refsOf(frame: u32): usize {
  return FRAME_REFS + (<usize>frame << 2);
}

@inline
function countMapped(change: i32): void {
  store<i32>(HEADER_MAPPED_PAGES, load<i32>(HEADER_MAPPED_PAGES) + change);
}

/** A frame with one owner: a freed one first, for its memory has been touched. */
function takeFrame(): u32 {
  const free = load<u32>(HEADER_FRAMES_FREE);
  let frame: u32;
  if (free > 0) {
    store<u32>(HEADER_FRAMES_FREE, free - 1);
    frame = load<u32>(FREE_LIST + (<usize>(free - 1) << 2));
  } else {
    frame = load<u32>(HEADER_FRAMES_HIGH);
    must(frame < BANK_PFNS);
    store<u32>(HEADER_FRAMES_HIGH, frame + 1);
  }
  store<u32>(HEADER_FRAMES_IN_USE, load<u32>(HEADER_FRAMES_IN_USE) + 1);
  store<u32>(refsOf(frame), 1);
  return frame;
}

/** One owner of a frame goes; with the last one the frame is free. */
function leaveFrame(frame: u32): void {
  const refs = load<u32>(refsOf(frame)) - 1;
  store<u32>(refsOf(frame), refs);
  if (refs > 0) return;
  unlistFrame(frame);
  const free = load<u32>(HEADER_FRAMES_FREE);
  store<u32>(FREE_LIST + (<usize>free << 2), frame);
  store<u32>(HEADER_FRAMES_FREE, free + 1);
  store<u32>(HEADER_FRAMES_IN_USE, load<u32>(HEADER_FRAMES_IN_USE) - 1);
}
