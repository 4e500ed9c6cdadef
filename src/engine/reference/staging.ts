/**
 * The checked entries of one batch, until they are taken over: so few bytes that the largest record
 * costs 64 MiB. Not the checking, which is batch.ts. Source: specification LC-PG-8..11, LC-SIM-1.
 *
 * Entries that carry a page are listed, for their pages come later. The others are staged as
 * words, in order with runs of listed entries of one bank:
 *
 *   listed      31..28 type | 18..0 slot
 *   staged   00 | bank 29..19 | listed entries in this run 18..0
 *            tt | bank 29..19 | slot 18..0     tt + 0xc is the type: BROKEN, XALLOC, XTAB
 *
 * `bank` is the ordinal of a bank in the batch; 2047 stands for "in the next word", which no guest
 * of less than 4 TiB needs.
 */
import { PAGE_BYTES, PAGE_TYPES_POPULATED, RECORD_BODY_MAX } from "../../format/index.js";
import { BANK_PFN_SHIFT, BANK_PFNS } from "../port.js";
import { type Bank, type Banks, FLAG_POPULATED } from "./banks.js";
import { StagedWords } from "./staged-words.js";

/** Listed entries: more pages than that do not fit into the longest record (LC-REC-4). */
export const LISTED_MAX = RECORD_BODY_MAX / PAGE_BYTES;
const LISTED_TYPE_SHIFT = 28;
/** Bits of a slot, and of the lower half of an entry that are its slot. */
export const SLOT_MASK = BANK_PFNS - 1;
const KIND_SHIFT = 30;
const KIND_MASK = 0x3;
const KIND_TYPE = 0xc;
const FAR_BANK = 0x7ff;

/** The staged entries of one batch; the object and its memory serve one batch after the other. */
export class Staging {
  /** Listed entries; check loops append to it directly, after continueRun(). */
  readonly listed = new Int32Array(LISTED_MAX);
  listedCount = 0;
  readonly #listedBanks = new Uint32Array(LISTED_MAX);
  readonly #words = new StagedWords();
  // The run of listed entries that is not yet staged: its first one and its bank.
  #runFirst = 0;
  #runBank = 0;
  #banks: readonly Bank[] = [];

  clear(): void {
    this.listedCount = 0;
    this.#words.clear();
    this.#runFirst = 0;
    this.#banks = [];
  }

  bankOf(dataPage: number): Bank {
    return this.#banks[this.#listedBanks[dataPage]!]!;
  }

  slotOf(dataPage: number): number {
    return this.listed[dataPage]! & SLOT_MASK;
  }

  typeOf(dataPage: number): number {
    return this.listed[dataPage]! >>> LISTED_TYPE_SHIFT;
  }

  /** Entries of this bank are listed next. */
  continueRun(bank: number): void {
    if (bank !== this.#runBank) this.#stageRun();
    this.#runBank = bank;
  }

  /** Stage an entry that carries no page. */
  addBodiless(type: number, bank: number, slot: number): void {
    this.#stageRun();
    this.#stage(type & KIND_MASK, bank, slot);
  }

  /** Populate and type the pfns of all staged entries, in order. */
  take(all: Banks, batchBanks: readonly Bank[]): void {
    this.#stageRun();
    this.#banks = batchBanks;
    const words = this.#words;
    let listed = 0;
    for (let at = 0; at < words.length; at++) {
      const word = words.at(at);
      const kind = word >>> KIND_SHIFT;
      let ordinal = (word >>> BANK_PFN_SHIFT) & FAR_BANK;
      if (ordinal === FAR_BANK) ordinal = words.at(++at);
      const bank = batchBanks[ordinal]!;
      if (kind === 0) {
        const end = listed + (word & SLOT_MASK);
        this.#listedBanks.fill(ordinal, listed, end);
        this.#takeListed(all, bank, listed, end);
        listed = end;
      } else takeBodiless(all, bank, word & SLOT_MASK, kind | KIND_TYPE);
    }
  }

  /** See PageEngine.indexPages(). */
  index(wholePages: number, firstOrdinal: number): void {
    const listed = this.listed;
    const listedBanks = this.#listedBanks;
    for (let page = 0; page < wholePages; ) {
      const bank = listedBanks[page]!;
      const ordinals = this.#banks[bank]!.ordinals;
      for (; page < wholePages && listedBanks[page] === bank; page++) {
        ordinals[listed[page]! & SLOT_MASK] = firstOrdinal + page + 1;
      }
    }
  }

  #takeListed(all: Banks, bank: Bank, first: number, end: number): void {
    const flags = bank.flags;
    const listed = this.listed;
    let populated = 0;
    let highSlot = bank.highSlot;
    for (let i = first; i < end; i++) {
      const entry = listed[i]!;
      const slot = entry & SLOT_MASK;
      if ((flags[slot]! & FLAG_POPULATED) === 0) populated++;
      flags[slot] = FLAG_POPULATED | (entry >>> LISTED_TYPE_SHIFT);
      if (slot > highSlot) highSlot = slot;
    }
    bank.highSlot = highSlot;
    all.populatedPages += populated;
  }

  /** Stage the run of listed entries, if there is one, before something else is staged. */
  #stageRun(): void {
    const count = this.listedCount - this.#runFirst;
    if (count > 0) this.#stage(0, this.#runBank, count);
    this.#runFirst = this.listedCount;
  }

  #stage(kind: number, bank: number, value: number): void {
    const far = bank >= FAR_BANK;
    this.#words.push((kind << KIND_SHIFT) | ((far ? FAR_BANK : bank) << BANK_PFN_SHIFT) | value);
    if (far) this.#words.push(bank);
  }
}

function takeBodiless(all: Banks, bank: Bank, slot: number, type: number): void {
  let populated = bank.flags[slot]! & FLAG_POPULATED;
  if (populated === 0 && ((PAGE_TYPES_POPULATED >> type) & 1) !== 0) {
    populated = FLAG_POPULATED;
    all.populatedPages++;
  }
  bank.flags[slot] = populated | type;
  if (slot > bank.highSlot) bank.highSlot = slot;
}
