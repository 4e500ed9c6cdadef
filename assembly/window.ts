/**
 * Questions about single pages and about those in the page window that need no pfn: all zero, the
 * same as another, digests.
 */
import { must } from "./assert";
import { digestPage } from "./digest";
import { OUTBOX, PAGE_WINDOW } from "./generated/layout";
import {
  PAGE_BYTES,
  PAGE_SHIFT,
  PAGE_WINDOW_PAGES,
  PAIRS_MAX,
  ZERO_PAGE_DIGEST,
} from "./generated/numbers";

const STEP_BYTES: usize = 128;

/** True if all bytes of a page are zero. */
export function isZeroPage(page: usize): bool {
  for (let at = page; at < page + PAGE_BYTES; at += STEP_BYTES) {
    const any = v128.or(
      v128.or(
        v128.or(v128.load(at), v128.load(at, 16)),
        v128.or(v128.load(at, 32), v128.load(at, 48)),
      ),
      v128.or(
        v128.or(v128.load(at, 64), v128.load(at, 80)),
        v128.or(v128.load(at, 96), v128.load(at, 112)),
      ),
    );
    if (v128.any_true(any)) return false;
  }
  return true;
}

/** True if two pages are the same. */
export function samePage(left: usize, right: usize): bool {
  for (let offset: usize = 0; offset < PAGE_BYTES; offset += 64) {
    const a = left + offset;
    const b = right + offset;
    const differ = v128.or(
      v128.or(
        v128.xor(v128.load(a), v128.load(b)),
        v128.xor(v128.load(a, 16), v128.load(b, 16)),
      ),
      v128.or(
        v128.xor(v128.load(a, 32), v128.load(b, 32)),
        v128.xor(v128.load(a, 48), v128.load(b, 48)),
      ),
    );
    if (v128.any_true(differ)) return false;
  }
  return true;
}

/** Write the digests of the first `count` pages of the page window into the outbox. */
export function digestWindow(count: u32): void {
  must(count <= PAGE_WINDOW_PAGES);
  for (let index: u32 = 0; index < count; index++) {
    const page = PAGE_WINDOW + (<usize>index << PAGE_SHIFT);
    const digest = isZeroPage(page) ? ZERO_PAGE_DIGEST : digestPage(page);
    store<u64>(OUTBOX + (<usize>index << 3), digest);
  }
}

/**
 * Write pairs of pfn and digest into the outbox, for `count` pages of the page window from page
 * `at` of it on, the first being that of the pfn given.
 *
 * @returns how many of the pages are zero
 */
export function pairWindow(at: u32, count: u32, pfnLow: u32, pfnHigh: u32): u32 {
  must(at <= PAGE_WINDOW_PAGES && count <= PAGE_WINDOW_PAGES - at);
  const pfn = (<u64>pfnHigh << 32) | pfnLow;
  let zeros: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    const page = PAGE_WINDOW + (<usize>(at + index) << PAGE_SHIFT);
    const zero = isZeroPage(page);
    storePair(index, pfn + index, zero ? ZERO_PAGE_DIGEST : digestPage(page));
    zeros += u32(zero);
  }
  return zeros;
}

/** The same for pages that are known to be zero. */
export function pairZeroPages(count: u32, pfnLow: u32, pfnHigh: u32): void {
  must(count <= PAIRS_MAX);
  const pfn = (<u64>pfnHigh << 32) | pfnLow;
  for (let index: u32 = 0; index < count; index++) storePair(index, pfn + index, ZERO_PAGE_DIGEST);
}

/** One pair of the outbox. */
@inline
export function storePair(index: u32, pfn: u64, digest: u64): void {
  const pair = OUTBOX + (<usize>index << 4);
  store<u64>(pair, pfn);
  store<u64>(pair, digest, 8);
}

/** Write a bit for each of the first `count` pages of the page window into the outbox: zero. */
export function zeroPages(count: u32): void {
  must(count <= PAGE_WINDOW_PAGES);
  for (let byte: u32 = 0; byte < (count + 7) >> 3; byte++) {
    let bits: u32 = 0;
    for (let bit: u32 = 0; bit < 8 && (byte << 3) + bit < count; bit++) {
      const page = PAGE_WINDOW + (<usize>((byte << 3) + bit) << PAGE_SHIFT);
      bits |= u32(isZeroPage(page)) << bit;
    }
    store<u8>(OUTBOX + byte, bits);
  }
}
