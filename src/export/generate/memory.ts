/**
 * Which pfns a synthetic guest has and what a saver sends of each in each pass: page types, holes,
 * pages sent again. All of it is a function of seed, pfn, pass and the number of passes; how the
 * guest ends does not depend on the latter: a live save and a plain one are of the same memory.
 * What single pages hold that have a role in the guest is the model's (hvm.ts, pv.ts).
 *
 *   pass 0: every pfn once | passes 1..: those that were written meanwhile, or ballooned out and in
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
/** Of the pages in a dirty block, one in this many is out for a while, and in again at the end. */
const OUT_ONE_IN = 64;
/** Version of what a page holds at the end. */
const LAST_VERSION = 0;

const PURPOSE = { balloon: 16, single: 17, dirty: 18, moved: 19 } as const;

/** The last state of one pfn. */
export interface PfnState {
  readonly populated: boolean;
  /** Version of its contents; null: zero, never sent. */
  readonly version: number | null;
}

/** Entry types by pfn and pass. */
export class MemoryMap {
  /** Ascending, without overlap. */
  readonly segments: readonly Segment[];
  readonly #fixedType: (pfn: number) => number;
  readonly #lastPass: number;
  readonly #salt: Readonly<Record<keyof typeof PURPOSE, number>>;

  /**
   * @param lastPass   the last of all passes, those between checkpoints among them
   * @param fixedType  the type of a pfn that has a role, XTAB for one that never has a page;
   *   NO_ROLE for all others
   */
  constructor(
    seed: Seed,
    lastPass: number,
    segments: readonly Segment[],
    fixedType: (pfn: number) => number,
  ) {
    this.segments = segments;
    this.#lastPass = lastPass;
    this.#fixedType = fixedType;
    this.#salt = {
      balloon: saltOf(seed, PURPOSE.balloon),
      single: saltOf(seed, PURPOSE.single),
      dirty: saltOf(seed, PURPOSE.dirty),
      moved: saltOf(seed, PURPOSE.moved),
    };
  }

  /** Page type that a pfn has at the end, whatever the passes before it say. */
  finalType(pfn: number): number {
    const fixed = this.#fixedType(pfn);
    return fixed === NO_ROLE ? this.#ordinaryType(pfn) : fixed;
  }

  /** Page type of the entry of a pfn in a pass, NOT_SENT if it has none. */
  typeAt(pfn: number, pass: number): number {
    const type = this.finalType(pfn);
    if (type >= PAGE_TYPE_BROKEN) return pass === 0 ? type : NOT_SENT;
    if (pass > 0 && !this.#isDirty(pfn, pass)) return NOT_SENT;
    const isOut = mix(this.#salt.moved ^ Math.imul(pass, 0x85ebca77), pfn) % OUT_ONE_IN === 0;
    if (!isOut || pass === this.#lastSent(pfn)) return type;
    return this.#fixedType(pfn) === NO_ROLE ? PAGE_TYPE_XTAB : type;
  }

  /** Version of the contents that a pass sends: each has another, the last always the same. */
  versionAt(pfn: number, pass: number): number {
    return pass === this.#lastSent(pfn) ? LAST_VERSION : LAST_VERSION + 1 + pass;
  }

  /** What a pfn is after all passes up to `lastPass`. Entries without data erase nothing. */
  stateAfter(pfn: number, lastPass: number): PfnState {
    for (let pass = lastPass; pass >= 0; pass--) {
      const type = this.typeAt(pfn, pass);
      if (type === NOT_SENT || type >= PAGE_TYPE_BROKEN) continue;
      return { populated: true, version: this.versionAt(pfn, pass) };
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

  /** The last pass that sends a pfn which has contents. */
  #lastSent(pfn: number): number {
    for (let pass = this.#lastPass; pass > 0; pass--) {
      if (this.#isDirty(pfn, pass)) return pass;
    }
    return 0;
  }

  #isDirty(pfn: number, pass: number): boolean {
    const salt = this.#salt.dirty ^ Math.imul(pass, 0x9e3779b1);
    return mix(salt, pfn >>> DIRTY_SHIFT) % DIRTY_ONE_IN === 0;
  }

  #ordinaryType(pfn: number): number {
    const balloon = mix(this.#salt.balloon, pfn >>> BALLOON_SHIFT) % BALLOON_ONE_IN === 0;
    if (balloon) return PAGE_TYPE_XTAB;
    const single = mix(this.#salt.single, pfn);
    if ((single & XALLOC_MASK) === 0) return PAGE_TYPE_XALLOC;
    return (single & BROKEN_MASK) === 1 ? PAGE_TYPE_BROKEN : PAGE_TYPE_NOTAB;
  }
}
