/**
 * Questions about single pages and about those in the page window that need no pfn: all zero, the
 * same as another, digests.
 */
import { must } from "./assert";
import { digestPage } from "./digest";
import { OUTBOX, PAGE_WINDOW } from "./generated/layout";
import { PAGE_BYTES, PAGE_SHIFT, PAGE_WINDOW_PAGES } from "./generated/numbers";

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
    const digest = digestPage(PAGE_WINDOW + (<usize>index << PAGE_SHIFT));
    store<u64>(OUTBOX + (<usize>index << 3), digest);
  }
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
