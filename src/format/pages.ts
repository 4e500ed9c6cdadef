/**
 * Pages, PAGE_DATA entries and their types. Numbers only.
 *
 *   entry   63..60 type | 59..52 reserved | 51..0 pfn
 *
 * Source: libxc stream document, PAGE_DATA; Xen public domctl.h page types.
 */

export const PAGE_SHIFT = 12;
/** Bytes of a page, and of a frame. */
export const PAGE_BYTES = 4096;
export const ENTRY_BYTES = 8;

/** In the upper u32 half of an entry: 31..28 type, 27..20 reserved, 19..0 pfn bits 51..32. */
export const ENTRY_HIGH_TYPE_SHIFT = 28;
export const ENTRY_HIGH_RESERVED_MASK = 0x0ff0_0000;
export const ENTRY_HIGH_PFN_MASK = 0x000f_ffff;
/** 2^32, to join the halves of a pfn into a number. */
export const TWO_POW_32 = 0x1_0000_0000;
/** First pfn that an HVM entry which populates may not name (LC-PG-8). */
export const HVM_PFN_LIMIT = 0x10_0000_0000;

export const PAGE_TYPE_NOTAB = 0x0;
export const PAGE_TYPE_L1TAB = 0x1;
export const PAGE_TYPE_L2TAB = 0x2;
export const PAGE_TYPE_L3TAB = 0x3;
export const PAGE_TYPE_L4TAB = 0x4;
export const PAGE_TYPE_PIN = 0x8;
export const PAGE_TYPE_BROKEN = 0xd;
export const PAGE_TYPE_XALLOC = 0xe;
export const PAGE_TYPE_XTAB = 0xf;

/** Names by type number; null where the type is invalid. */
export const PAGE_TYPE_NAMES: readonly (string | null)[] = [
  "NOTAB",
  "L1TAB",
  "L2TAB",
  "L3TAB",
  "L4TAB",
  null,
  null,
  null,
  null,
  "L1TAB_PIN",
  "L2TAB_PIN",
  "L3TAB_PIN",
  "L4TAB_PIN",
  "BROKEN",
  "XALLOC",
  "XTAB",
];

/** Bit n set: type n carries a page of data (0..4, 9..12). */
export const PAGE_TYPES_WITH_DATA = 0x1e1f;
/** Bit n set: the restorer populates a pfn of type n (those with data, and XALLOC). */
export const PAGE_TYPES_POPULATED = 0x5e1f;
/** Bit n set: type n does not exist (5..8). */
export const PAGE_TYPES_INVALID = 0x01e0;
/** Bit n set: type n is a page table of level 1..4, pinned or not. */
export const PAGE_TYPES_TABLE = 0x1e1e;
/** Bit n set: type n is a pinned page table of level 1..4 (9..12). */
export const PAGE_TYPES_PINNED = 0x1e00;
