/**
 * The tables of a guest's pfns, one set per bank of 2^19 pfns, made when one of them is first
 * named. What a pfn's page contains is resident.ts; here is whether it has one, its type, and where
 * its last copy stood. Untouched parts of a table cost no memory.
 *
 *   flags   7..5 unused | 4 populated | 3..0 page type
 */
import { CapacityError } from "../../findings/index.js";
import { BANK_PFNS, type PfnRun } from "../port.js";

/** The pfn has a page. */
export const FLAG_POPULATED = 0x10;
/** The type recorded last. */
export const FLAG_TYPE_MASK = 0x0f;

/** Banks whose tables are kept from image to image: 16 GiB of guest. */
const BANKS_KEPT = 8;

const NO_FRAMES = new Uint32Array(0);

/** The tables of one bank; a slot is a pfn minus the bank's first one. */
export class Bank {
  /** The bank covers pfns number * 2^19 and on; up to 2^33. */
  number = 0;
  /** First pfn of the bank. */
  firstPfn = 0;
  /** Which bank of the guest it is, in the order in which they were made. */
  ordinal = 0;
  /** Highest slot ever written, -1 if none. */
  highSlot = -1;
  readonly flags = new Uint8Array(BANK_PFNS);
  /** Ordinal of the last copy in the stream, plus one; 0 = none. */
  readonly ordinals = new Uint32Array(BANK_PFNS);
  /** Frame of the page, plus one; 0 = none, or a zero page. Empty in an indexed guest. */
  frames: Uint32Array = NO_FRAMES;

  /** Become an empty bank of another place. */
  begin(number: number, ordinal: number, resident: boolean): void {
    const used = this.highSlot + 1;
    this.flags.fill(0, 0, used);
    this.ordinals.fill(0, 0, used);
    this.frames.fill(0, 0, used);
    if (resident && this.frames.length === 0) this.frames = new Uint32Array(BANK_PFNS);
    this.number = number;
    this.firstPfn = number * BANK_PFNS;
    this.ordinal = ordinal;
    this.highSlot = -1;
  }
}

/** The banks of one guest. */
export class Banks {
  readonly #byNumber = new Map<number, Bank>();
  readonly #kept: Bank[] = [];
  #maxBanks = 0;
  #resident = false;
  /** The bank looked up last: lookups come in runs. */
  #last: Bank | undefined;
  /** Populated pfns of all banks. */
  populatedPages = 0;

  /** Forget every pfn; keep the tables of a few banks. */
  reset(maxBanks: number, resident: boolean): void {
    for (const bank of this.#byNumber.values()) {
      if (this.#kept.length < BANKS_KEPT) this.#kept.push(bank);
    }
    this.#byNumber.clear();
    this.#last = undefined;
    this.#maxBanks = maxBanks;
    this.#resident = resident;
    this.populatedPages = 0;
  }

  get count(): number {
    return this.#byNumber.size;
  }

  /** The bank that holds a pfn, if one of its pfns was ever named. */
  holding(pfn: number): Bank | undefined {
    const last = this.#last;
    if (last !== undefined && pfn >= last.firstPfn && pfn - last.firstPfn < BANK_PFNS) return last;
    const found = this.#byNumber.get(Math.floor(pfn / BANK_PFNS));
    if (found !== undefined) this.#last = found;
    return found;
  }

  /**
   * The banks of these numbers, made where they are missing.
   *
   * @param numbers  distinct
   * @throws {CapacityError} "max-banks" if there would be too many; none was made then
   */
  demand(numbers: readonly number[]): Bank[] {
    let missing = 0;
    for (const number of numbers) if (!this.#byNumber.has(number)) missing++;
    if (this.count + missing > this.#maxBanks) throw tooManyBanks(this.#maxBanks);
    return numbers.map((number) => this.#byNumber.get(number) ?? this.#make(number));
  }

  /** Populate a pfn if it has no page. Returns true if it had none. */
  populate(pfn: number): boolean {
    const bank = this.holding(pfn) ?? this.demand([Math.floor(pfn / BANK_PFNS)])[0]!;
    const slot = pfn - bank.firstPfn;
    const flags = bank.flags[slot]!;
    if ((flags & FLAG_POPULATED) !== 0) return false;
    bank.flags[slot] = flags | FLAG_POPULATED;
    if (slot > bank.highSlot) bank.highSlot = slot;
    this.populatedPages++;
    return true;
  }

  /** The flags of a pfn; 0 if it was never named. */
  flagsOf(pfn: number): number {
    const bank = this.holding(pfn);
    return bank === undefined ? 0 : bank.flags[pfn - bank.firstPfn]!;
  }

  /** Highest populated pfn, -1 if none. */
  maxPfn(): number {
    for (const bank of this.#ascending().reverse()) {
      for (let slot = bank.highSlot; slot >= 0; slot--) {
        if ((bank.flags[slot]! & FLAG_POPULATED) !== 0) return bank.firstPfn + slot;
      }
    }
    return -1;
  }

  /** Populated pfns as maximal runs, ascending; runs go on from one bank into the next. */
  *populatedRuns(): Generator<PfnRun> {
    let first = 0;
    let count = 0;
    for (const bank of this.#ascending()) {
      let slot = nextSlot(bank, 0, FLAG_POPULATED);
      while (slot <= bank.highSlot) {
        const end = nextSlot(bank, slot, 0);
        const pfn = bank.firstPfn + slot;
        if (count > 0 && pfn !== first + count) {
          yield { first, count };
          count = 0;
        }
        if (count === 0) first = pfn;
        count += end - slot;
        slot = nextSlot(bank, end, FLAG_POPULATED);
      }
    }
    if (count > 0) yield { first, count };
  }

  #ascending(): Bank[] {
    return [...this.#byNumber.values()].sort((a, b) => a.number - b.number);
  }

  #make(number: number): Bank {
    const bank = this.#kept.pop() ?? new Bank();
    bank.begin(number, this.count, this.#resident);
    this.#byNumber.set(number, bank);
    return bank;
  }
}

/** First slot from `slot` on that has (or with 0: lacks) the populated flag; highSlot + 1 if none. */
function nextSlot(bank: Bank, slot: number, populated: number): number {
  const flags = bank.flags;
  const end = bank.highSlot + 1;
  while (slot < end && (flags[slot]! & FLAG_POPULATED) !== populated) slot++;
  return slot;
}

/** The error of a guest that spreads over more banks than allowed. */
function tooManyBanks(maxBanks: number): CapacityError {
  return new CapacityError(
    `the guest's pfns are spread over more than ${maxBanks} banks of 2 GiB`,
    {
      limit: "max-banks",
      asked: maxBanks + 1,
      option: "--max-memory",
    },
  );
}
