/**
 * A batch as long as its entries come: steps are checked in the windows of the desk; what is looked
 * up is taken over by the banks it belongs to once the caller commits. Mostly that is one step and
 * one bank, the desk: then the entries are taken straight from its window. All else is staged, in
 * every bank by itself, and taken or dropped as a whole.
 */
import { InternalError } from "../../findings/index.js";
import { type GuestKind, PAGE_TYPES_POPULATED, PAGE_TYPES_TABLE } from "../../format/index.js";
import { ENTRY_FAULT_PFN, ENTRY_FAULT_TYPE, ENTRY_WINDOW_BYTES, type EntryStep } from "../port.js";
import type { Bank } from "./bank.js";
import type { Banks } from "./banks.js";
import { DATA_PAGES_MAX } from "./layout.js";
import { highHalf, lowHalf, must } from "./numbers.js";
import { groupEntries, writeGroup } from "./spread.js";

const ENTRY_WINDOW_ENTRIES = ENTRY_WINDOW_BYTES / 8;
const ALL_TYPES = 0xffff;

/** What the pages of a committed batch need to know; the desk is the bank of the first of them. */
export interface CommittedBatch {
  readonly dataPages: number;
  /** Entries that are page tables. */
  readonly tablePages: number;
  /** True if not all data pages lie in the desk. */
  readonly spread: boolean;
}

/** Types of entries that are looked up: bound, populated if they populate, remembered. */
export function lookedUpTypes(guest: GuestKind): number {
  return guest === "hvm" ? PAGE_TYPES_POPULATED : ALL_TYPES;
}

export class Batch {
  readonly #banks: Banks;
  readonly #types: number;
  /** Entries that were checked and stand in the desk's window, neither staged nor taken. */
  #pending = 0;
  /** Banks with staged entries, and those of them that were made for this batch. */
  readonly #staged = new Set<Bank>();
  readonly #fresh: Bank[] = [];
  /** Where entries of several banks are grouped; made once, for a batch may have many steps. */
  #places: Uint32Array | null = null;
  /** A fault was seen that forbids to commit. */
  #refused = false;
  #overflow = false;

  /** @param types  bit n set: entries of type n are looked up */
  constructor(banks: Banks, types: number, pfnLimit: number) {
    this.#banks = banks;
    this.#types = types;
    banks.desk.calls.beginBatch(types, lowHalf(pfnLimit), highHalf(pfnLimit));
  }

  /** Banks made for this batch: they do not count before it is committed. */
  get freshBanks(): number {
    return this.#fresh.length;
  }

  window(): Uint8Array {
    this.#handOut("stageEntries");
    return this.#banks.desk.entryWindow;
  }

  check(entryCount: number): EntryStep {
    must(entryCount >= 1 && entryCount <= ENTRY_WINDOW_ENTRIES, "a step fits the entry window");
    const { desk } = this.#banks;
    const step = desk.step(desk.calls.checkEntries(entryCount));
    this.#pending = entryCount;
    const { faultCounts } = step;
    if (faultCounts[ENTRY_FAULT_TYPE]! + faultCounts[ENTRY_FAULT_PFN]! > 0) this.#refused = true;
    if (step.dataPages > DATA_PAGES_MAX) this.#refused = true;
    return step;
  }

  /**
   * Take over all entries of the batch and move the desk to the bank of its first data page.
   *
   * @throws {CapacityError} "max-banks"; nothing was taken then
   */
  commit(): CommittedBatch {
    if (this.#refused) {
      this.drop();
      throw new InternalError("no batch with a fault of type or pfn is committed", {
        code: "engine-order",
      });
    }
    const { desk } = this.#banks;
    this.#handOut(this.#staged.size === 0 ? "commitEntries" : "stageEntries");
    if (this.#overflow) {
      this.drop();
      throw this.#banks.tooMany();
    }
    for (const bank of this.#staged) bank.calls.commitStaged();
    this.#staged.clear();
    this.#fresh.length = 0;
    return this.#describe(desk);
  }

  /** Leave no trace: staged entries are cleared, banks made for them given back. */
  drop(): void {
    this.#pending = 0;
    for (const bank of this.#staged) bank.calls.dropStaged();
    for (const bank of this.#fresh) {
      // A single pfn may have been populated there meanwhile: then the bank stays.
      if (bank.header("populatedPages") === 0) this.#banks.giveBack(bank);
    }
    this.#staged.clear();
    this.#fresh.length = 0;
  }

  /**
   * Give the entries in the desk's window to the banks they belong to: staged before the window is
   * filled again, taken over at once if the batch has no other. All banks are made before the first
   * of them takes anything.
   */
  #handOut(call: "stageEntries" | "commitEntries"): void {
    const count = this.#pending;
    this.#pending = 0;
    const { desk } = this.#banks;
    if (count === 0 || this.#refused || this.#overflow || desk.result("lookedUp") === 0) return;
    if (desk.result("lookedUpSpread") === 0) {
      this.#handToOne(desk.resultBank("lookedUpFirst"), count, call);
      return;
    }
    let newBanks = 0;
    const mayTake = (number: number) =>
      this.#banks.get(number) !== undefined || this.#banks.hasRoomFor(++newBanks);
    this.#places ??= new Uint32Array(ENTRY_WINDOW_ENTRIES);
    const groups = groupEntries(desk.entryHalves, count, this.#types, mayTake, this.#places);
    if (groups === null) {
      this.#dropAsOverflow();
      return;
    }
    const parts = [...groups].map(([number, indexes]) => [this.#take(number), indexes] as const);
    for (const [bank, indexes] of parts) {
      // The desk finds its own entries in the window; others get theirs written to their own.
      if (bank !== desk) writeGroup(desk.entryHalves, indexes, bank.entryHalves);
      this.#giveTo(bank, bank === desk ? count : indexes.length, call);
    }
  }

  /** All of the window belongs to one bank, mostly the desk, or a desk that has no number yet. */
  #handToOne(number: number, count: number, call: "stageEntries" | "commitEntries"): void {
    const { desk } = this.#banks;
    if (this.#banks.get(number) === undefined && !this.#banks.hasRoomFor(1)) {
      this.#dropAsOverflow();
      return;
    }
    const bank = number === desk.number ? desk : this.#take(number);
    if (bank !== desk) bank.entryHalves.set(desk.entryHalves.subarray(0, 2 * count));
    this.#giveTo(bank, count, call);
  }

  #dropAsOverflow(): void {
    this.drop();
    this.#overflow = true;
  }

  #giveTo(bank: Bank, count: number, call: "stageEntries" | "commitEntries"): void {
    if (call === "stageEntries") this.#staged.add(bank);
    bank.calls[call](count, this.#types);
  }

  #take(number: number): Bank {
    const known = this.#banks.get(number);
    if (known !== undefined) return known;
    try {
      const bank = this.#banks.take(number);
      this.#fresh.push(bank);
      return bank;
    } catch (error) {
      // No address space for one more: nothing of the batch may stay behind.
      this.drop();
      throw error;
    }
  }

  #describe(checkedIn: Bank): CommittedBatch {
    const dataPages = checkedIn.result("dataPages");
    const spread = checkedIn.result("dataSpread") !== 0;
    const { typeCounts } = checkedIn.step(0);
    let tablePages = 0;
    for (let type = 0; type < 16; type++) {
      if ((PAGE_TYPES_TABLE >> type) & 1) tablePages += typeCounts[type]!;
    }
    if (dataPages > 0) {
      const home = this.#banks.get(checkedIn.resultBank("dataFirst"));
      must(home !== undefined, "a committed data page has a bank");
      if (home !== checkedIn) {
        home.listHalves.set(checkedIn.listHalves.subarray(0, dataPages * 2));
        home.setListed(dataPages);
        this.#banks.moveDesk(home);
      }
    }
    return { dataPages, tablePages, spread };
  }
}
