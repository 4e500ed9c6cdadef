/**
 * Pages that are sent behind VERIFY against those that were sent before. Nothing is written, and
 * what a difference means is not said here. Source: LC-VER-2, LC-VER-3.
 */
import { PAGE_BYTES } from "../format/index.js";
import type { Job } from "../stream/index.js";
import type { Guest } from "./guest.js";

/**
 * The data pages of the current batch that differ from the guest's, fix-ups included.
 *
 * @param first  data page that the page window begins with
 * @param count  pages in the window
 * @returns indexes of data pages, ascending
 */
export function* differingPages(
  guest: Guest,
  first: number,
  count: number,
): Job<readonly number[]> {
  if (guest.model === "resident" && guest.fixedPfns().length === 0) {
    return guest.engine.comparePages(first, count);
  }
  return yield* compareOneByOne(guest, first, count);
}

/** Page by page, through reads that use the window again: VERIFY is rare. */
function* compareOneByOne(guest: Guest, first: number, count: number): Job<number[]> {
  const sent = guest.engine.pageWindow().slice(0, count * PAGE_BYTES);
  const differing: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const pfn = guest.engine.dataPagePfn(first + i);
    const held = yield* guest.readPage(pfn, "restored");
    const start = i * PAGE_BYTES;
    if (!equalBytes(held, sent.subarray(start, start + PAGE_BYTES))) differing.push(first + i);
  }
  return differing;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < PAGE_BYTES; i += 1) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}
