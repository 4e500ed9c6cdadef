/**
 * Which pfns a synthetic guest has and what a saver sends of each in each pass: page types, holes,
 * pages sent again. All of it is a function of seed, pfn and pass. What single pages hold that have
 * a role in the guest is the model's (hvm.ts, pv.ts).
 *
 *   pass 0: every pfn once | passes 1..: those that were written meanwhile, or moved by ballooning
 */
import {
  PAGE_TYPE_BROKEN,
  PAGE_TYPE_NOTAB,
  PAGE_TYPE_XALLOC,
  PAGE_TYPE_XTAB,
} from "../../format/index.js";
import { mix, type Seed, saltOf } from "./random.js";

/** Consecutive pfns that the saver walks. */
export interface Segment {
  readonly first: number;
  /** The first pfn behind it. */
  readonly end: number;
}

/** What an entry says of a pfn in a pass in which it is not sent. */
export const NOT_SENT = -1;
/** What fixedType() says of a pfn that has no role. */
export const NO_ROLE = -1;

/** Blocks of pfns that ballooning takes, and that are written together. */
const BALLOON_SHIFT = 4;
const BALLOON_ONE_IN = 32;
const DIRTY_SHIFT = 3;
const DIRTY_ONE_IN = 8;
const XALLOC_MASK = 0x3ff;
const BROKEN_MASK = 0xfff;
/** Of the pages in a dirty block, one in this many is ballooned out, or in if it was out. */
const OUT_ONE_IN = 64;
const IN_ONE_IN = 4;

const PURPOSE = { balloon: 16, single: 17, dirty: 18, moved: 19 } as const;

/** The last state of one pfn. */
export interface PfnState {
  readonly populated: boolean;
  /** Version of its contents: the pass that sent them last; null: zero, never sent. */
  readonly version: number | null;
}

/** Entry types by pfn and pass. */
export class MemoryMap {
  /** Ascending, without overlap. */
  readonly segments: readonly Segment[];
  readonly #fixedType: (pfn: number) => number;
  readonly #salt: Readonly<Record<keyof typeof PURPOSE, number>>;

  /**
   * @param fixedType  the type of a pfn that has a role, XTAB for one that never has a page;
   *   NO_ROLE for all others
   */
  constructor(seed: Seed, segments: readonly Segment[], fixedType: (pfn: number) => number) {
    this.segments = segments;
    this.#fixedType = fixedType;
    this.#salt = {
      balloon: saltOf(seed, PURPOSE.balloon),
      single: saltOf(seed, PURPOSE.single),
      dirty: saltOf(seed, PURPOSE.dirty),
      moved: saltOf(seed, PURPOSE.moved),
    };
  }

  /** Page type of the entry of a pfn in a pass, NOT_SENT if it has none. */
  typeAt(pfn: number, pass: number): number {
    const fixed = this.#fixedType(pfn);
    if (pass === 0) return fixed === NO_ROLE ? this.#firstType(pfn) : fixed;
    const dirty =
      mix(this.#salt.dirty ^ Math.imul(pass, 0x9e3779b1), pfn >>> DIRTY_SHIFT) % DIRTY_ONE_IN === 0;
    if (!dirty) return NOT_SENT;
    if (fixed !== NO_ROLE) return fixed === PAGE_TYPE_XTAB ? NOT_SENT : fixed;
    const first = this.#firstType(pfn);
    if (first === PAGE_TYPE_BROKEN) return NOT_SENT;
    const moved = mix(this.#salt.moved ^ Math.imul(pass, 0x85ebca77), pfn);
    if (first === PAGE_TYPE_XTAB) return moved % IN_ONE_IN === 0 ? PAGE_TYPE_NOTAB : NOT_SENT;
    return moved % OUT_ONE_IN === 0 ? PAGE_TYPE_XTAB : PAGE_TYPE_NOTAB;
  }

  /** What a pfn is after all passes up to `lastPass`. Entries without data erase nothing. */
  stateAfter(pfn: number, lastPass: number): PfnState {
    for (let pass = lastPass; pass >= 0; pass--) {
      const type = this.typeAt(pfn, pass);
      if (type !== NOT_SENT && type < PAGE_TYPE_BROKEN) return { populated: true, version: pass };
    }
    return { populated: this.typeAt(pfn, 0) === PAGE_TYPE_XALLOC, version: null };
  }

  /** The entry that repeats a pfn's state after all passes, as behind VERIFY. */
  typeAfter(pfn: number, lastPass: number): number {
    for (let pass = lastPass; pass >= 0; pass--) {
      const type = this.typeAt(pfn, pass);
      if (type !== NOT_SENT) return type;
    }
    return NOT_SENT;
  }

  #firstType(pfn: number): number {
    const balloon = mix(this.#salt.balloon, pfn >>> BALLOON_SHIFT) % BALLOON_ONE_IN === 0;
    if (balloon) return PAGE_TYPE_XTAB;
    const single = mix(this.#salt.single, pfn);
    if ((single & XALLOC_MASK) === 0) return PAGE_TYPE_XALLOC;
    return (single & BROKEN_MASK) === 1 ? PAGE_TYPE_BROKEN : PAGE_TYPE_NOTAB;
  }
}
