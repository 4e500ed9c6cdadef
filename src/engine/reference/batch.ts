/**
 * The checking of one batch's entries: types, reserved bits, pfns in bounds, and counting. It
 * changes no pfn; what is found good goes to staging.ts, in order, until the batch is taken over or
 * dropped. Source: libxc stream document, PAGE_DATA; specification LC-PG-5, LC-PG-6, LC-PG-8.
 */
import { InternalError } from "../../findings/index.js";
import {
  ENTRY_HIGH_PFN_MASK,
  ENTRY_HIGH_RESERVED_MASK,
  ENTRY_HIGH_TYPE_SHIFT,
  type GuestKind,
  PAGE_TYPES_INVALID,
  PAGE_TYPES_POPULATED,
  PAGE_TYPES_WITH_DATA,
  TWO_POW_32,
} from "../../format/index.js";
import {
  BANK_PFN_SHIFT,
  BANK_PFNS,
  ENTRY_FAULT_PFN,
  ENTRY_FAULT_RESERVED,
  ENTRY_FAULT_TYPE,
  ENTRY_FAULTS_LISTED,
  ENTRY_WINDOW_BYTES,
  type EntryFault,
  type EntryFaultCode,
  type EntryStep,
} from "../port.js";
import type { Banks } from "./banks.js";
import { LISTED_MAX, SLOT_MASK, Staging } from "./staging.js";

/** In the upper half of an entry, and in a listed entry. */
const TYPE_MASK = 0xf000_0000 | 0;
const ALL_TYPES = 0xffff;
/** Bank numbers per value of an entry's upper half. */
const BANKS_PER_HIGH = TWO_POW_32 / BANK_PFNS;
/** Is no entry's bank. */
const NOTHING_ALIKE = -1;

interface Step extends EntryStep {
  faults: EntryFault[];
  dataPages: number;
}

/** Why the batch can no longer be taken over. */
type Refusal = "none" | "faulty" | "too many data pages" | "too many banks";

/** One batch at a time; the object and its memory serve one batch after the other. */
export class EntryBatch {
  /** What was found good; asked about its data pages once it is taken over. */
  readonly staging = new Staging();
  readonly window = new Uint8Array(ENTRY_WINDOW_BYTES);
  /** Signed, as all numbers of the hot loop: so they stay machine integers. */
  readonly #windowWords = new Int32Array(this.window.buffer);
  readonly #bankOrdinals = new Map<number, number>();
  readonly #bankNumbers: number[] = [];
  readonly #step: Step = {
    faults: [],
    faultCounts: new Uint32Array(4),
    typeCounts: new Uint32Array(16),
    dataPages: 0,
  };
  #entryCount = 0;
  #refusal: Refusal = "none";
  #maxBanks = 0;
  #limitHigh = 0;
  #limitLow = 0;
  /** Bit n set: entries of type n are held to the limit, and remembered. */
  #boundTypes = ALL_TYPES;
  // What the next entry must be like to be listed without a closer look: its upper half, its bank
  // as bits 31..19 of the lower half, and a bound of its slot.
  #alikeHigh = 0;
  #alikeBank = NOTHING_ALIKE;
  #alikeSlotEnd = 0;

  /** Forget the batch before. Parameters as in PageEngine.reset() and beginBatch(). */
  begin(guest: GuestKind, maxBanks: number, pfnLimit: number): void {
    this.staging.clear();
    this.#bankOrdinals.clear();
    this.#bankNumbers.length = 0;
    this.#step.typeCounts.fill(0);
    this.#step.dataPages = 0;
    this.#entryCount = 0;
    this.#alikeBank = NOTHING_ALIKE;
    this.#refusal = "none";
    this.#maxBanks = maxBanks;
    this.#limitHigh = Math.floor(pfnLimit / TWO_POW_32);
    this.#limitLow = pfnLimit % TWO_POW_32;
    this.#boundTypes = guest === "hvm" ? PAGE_TYPES_POPULATED : ALL_TYPES;
  }

  /** Entries that carry a page, all steps so far; those beyond a valid record's are counted too. */
  get dataPages(): number {
    return this.#step.dataPages;
  }

  /**
   * Check one window step. See PageEngine.checkEntries(). Entries come in long runs of one type
   * and bank, so those that are like the one before are listed after three comparisons.
   */
  check(entryCount: number): EntryStep {
    const step = this.#step;
    const words = this.#windowWords;
    const staging = this.staging;
    const listed = staging.listed;
    let listedCount = staging.listedCount;
    let alikeHigh = this.#alikeHigh;
    let alikeBank = this.#alikeBank;
    let alikeSlotEnd = this.#alikeSlotEnd;
    let alikeFirst = 0;
    step.faults = [];
    step.faultCounts.fill(0);
    for (let i = 0; i < entryCount; i++) {
      const low = words[2 * i]!;
      const high = words[2 * i + 1]!;
      const slot = low & SLOT_MASK;
      if (
        high === alikeHigh &&
        low >>> BANK_PFN_SHIFT === alikeBank &&
        slot < alikeSlotEnd &&
        listedCount < LISTED_MAX
      ) {
        listed[listedCount++] = (high & TYPE_MASK) | slot;
        continue;
      }
      this.#countTypes(alikeHigh, i - alikeFirst);
      staging.listedCount = listedCount;
      this.#checkOne(i, low >>> 0, high >>> 0);
      listedCount = staging.listedCount;
      alikeHigh = this.#alikeHigh;
      alikeBank = this.#alikeBank;
      alikeSlotEnd = this.#alikeSlotEnd;
      alikeFirst = i + 1;
    }
    this.#countTypes(alikeHigh, entryCount - alikeFirst);
    staging.listedCount = listedCount;
    this.#entryCount += entryCount;
    step.dataPages = countDataPages(step.typeCounts);
    return step;
  }

  /**
   * Take over what was staged, in order.
   *
   * @throws {CapacityError} "max-banks"; nothing was taken then
   */
  take(banks: Banks): void {
    if (this.#refusal === "faulty" || this.#refusal === "too many data pages") {
      throw new InternalError(`a refused batch is dropped, not committed (${this.#refusal})`);
    }
    this.staging.take(banks, banks.demand(this.#bankNumbers));
  }

  #checkOne(index: number, low: number, high: number): void {
    const type = high >>> ENTRY_HIGH_TYPE_SHIFT;
    const typeBit = 1 << type;
    const pfnHigh = high & ENTRY_HIGH_PFN_MASK;
    this.#countTypes(high, 1);
    if ((PAGE_TYPES_INVALID & typeBit) !== 0) this.#fault(ENTRY_FAULT_TYPE, index, low, high);
    if ((high & ENTRY_HIGH_RESERVED_MASK) !== 0) {
      this.#fault(ENTRY_FAULT_RESERVED, index, low, high);
    }
    if ((this.#boundTypes & typeBit) === 0) return;
    const lowEnd = this.#lowEnd(pfnHigh);
    if (low >= lowEnd) this.#fault(ENTRY_FAULT_PFN, index, low, high);
    if (this.#refusal !== "none") return;
    const bankLow = low >>> BANK_PFN_SHIFT;
    const bank = this.#bankOrdinal(pfnHigh * BANKS_PER_HIGH + bankLow);
    const { staging } = this;
    if ((PAGE_TYPES_WITH_DATA & typeBit) === 0) {
      staging.addBodiless(type, bank, low & SLOT_MASK);
    } else if (staging.listedCount === LISTED_MAX) this.#refusal = "too many data pages";
    else {
      staging.continueRun(bank);
      staging.listed[staging.listedCount++] = (high & TYPE_MASK) | (low & SLOT_MASK);
      this.#alikeHigh = high & ~ENTRY_HIGH_RESERVED_MASK;
      this.#alikeBank = bankLow;
      this.#alikeSlotEnd = Math.min(lowEnd - bankLow * BANK_PFNS, BANK_PFNS);
    }
  }

  /** First lower half of an entry that is out of bounds, given the upper bits of its pfn. */
  #lowEnd(pfnHigh: number): number {
    if (pfnHigh === this.#limitHigh) return this.#limitLow;
    return pfnHigh < this.#limitHigh ? TWO_POW_32 : 0;
  }

  #countTypes(high: number, entries: number): void {
    const { typeCounts } = this.#step;
    const type = high >>> ENTRY_HIGH_TYPE_SHIFT;
    typeCounts[type] = typeCounts[type]! + entries;
  }

  /** Ordinal of a bank in the batch; a batch of too many banks is staged no further. */
  #bankOrdinal(number: number): number {
    const last = this.#bankNumbers.length - 1;
    if (this.#bankNumbers[last] === number) return last;
    const known = this.#bankOrdinals.get(number);
    if (known !== undefined) return known;
    if (last + 1 === this.#maxBanks) this.#refusal = "too many banks";
    this.#bankNumbers.push(number);
    this.#bankOrdinals.set(number, last + 1);
    return last + 1;
  }

  #fault(code: EntryFaultCode, index: number, low: number, high: number): void {
    const { faults, faultCounts } = this.#step;
    faultCounts[code] = faultCounts[code]! + 1;
    if (code !== ENTRY_FAULT_RESERVED) this.#refusal = "faulty";
    if (faults.length === ENTRY_FAULTS_LISTED) return;
    faults.push({ entryIndex: this.#entryCount + index, code, low, high });
  }
}

function countDataPages(typeCounts: Uint32Array): number {
  let pages = 0;
  for (let type = 0; type < 16; type++) {
    if (((PAGE_TYPES_WITH_DATA >> type) & 1) !== 0) pages += typeCounts[type]!;
  }
  return pages;
}
