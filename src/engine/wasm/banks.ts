/**
 * The banks of one engine: which pfns have one, which stand spare, and the desk: the bank whose
 * windows the next bytes go to. Banks are made when one of their pfns is first looked up and
 * recycled from image to image.
 */
import { CapacityError } from "../../findings/index.js";
import { PAGE_BYTES } from "../../format/index.js";
import type { EngineOptions, MemoryModel } from "../port.js";
import { Bank, UNBOUND } from "./bank.js";
import type { EngineModule } from "./platform.js";

/** Banks kept from one image to the next, of each model: enough for a guest of 128 GiB. */
const SPARE_BANKS_MAX = 64;

export class Banks {
  readonly #module: EngineModule;
  readonly #spares: Record<MemoryModel, Bank[]> = { indexed: [], resident: [] };
  readonly #byNumber = new Map<number, Bank>();
  #desk: Bank | null = null;
  #maxBanks = 0;
  #model: MemoryModel = "indexed";

  constructor(module: EngineModule) {
    this.#module = module;
  }

  /** Banks that have pfns. */
  get size(): number {
    return this.#byNumber.size;
  }

  /** The bank whose windows are used: that of the batch before, or one not bound yet. */
  get desk(): Bank {
    this.#desk ??= this.#takeSpare();
    return this.#desk;
  }

  /** Use the windows of this bank from now on; a desk that is bound to no pfns becomes a spare. */
  moveDesk(bank: Bank): void {
    if (this.#desk !== null && this.#desk !== bank && this.#desk.number === UNBOUND) {
      this.#spares[this.#model].push(this.#desk);
    }
    this.#desk = bank;
  }

  /**
   * Forget the image. Banks are kept for the next one, as long as what they have touched would fit
   * into its frames: those that have touched most first, for touched memory is fast.
   */
  reset(options: EngineOptions): void {
    const before = this.#spares[this.#model];
    if (this.#desk !== null && this.#desk.number === UNBOUND) before.push(this.#desk);
    for (const bank of this.#byNumber.values()) {
      bank.reset();
      before.push(bank);
    }
    this.#byNumber.clear();
    this.#desk = null;
    this.#maxBanks = options.maxBanks;
    this.#model = options.model;
    this.#spares.resident = keepWithin(this.#spares.resident, options.maxFrameBytes);
    this.#spares.indexed = keepWithin(this.#spares.indexed, options.maxFrameBytes);
  }

  get(number: number): Bank | undefined {
    return this.#byNumber.get(number);
  }

  /** True if so many banks more may be made. */
  hasRoomFor(banks: number): boolean {
    return this.#byNumber.size + banks <= this.#maxBanks;
  }

  /**
   * The bank of this number, made if there is none.
   *
   * @throws {CapacityError} "max-banks"
   */
  take(number: number): Bank {
    const known = this.#byNumber.get(number);
    if (known !== undefined) return known;
    if (!this.hasRoomFor(1)) throw this.tooMany();
    const bank = this.#desk?.number === UNBOUND ? this.#desk : this.#takeSpare();
    bank.bind(number);
    this.#byNumber.set(number, bank);
    return bank;
  }

  /** Undo take() for a bank that was made by it and into which nothing was taken over. */
  giveBack(bank: Bank): void {
    this.#byNumber.delete(bank.number);
    bank.unbind();
    if (bank !== this.#desk) this.#spares[this.#model].push(bank);
  }

  /** The error for one bank too many. */
  tooMany(): CapacityError {
    return new CapacityError(
      `the guest's pfns spread over more than ${this.#maxBanks} banks of 2 GiB`,
      { limit: "max-banks", asked: this.#maxBanks + 1, option: "--max-memory" },
    );
  }

  /** Every bank that has pfns, in no order. */
  values(): Iterable<Bank> {
    return this.#byNumber.values();
  }

  /** Every bank that has pfns, by ascending pfn. */
  ascending(): Bank[] {
    return [...this.#byNumber.values()].sort((a, b) => a.number - b.number);
  }

  #takeSpare(): Bank {
    return this.#spares[this.#model].pop() ?? new Bank(this.#module, this.#model);
  }
}

/** The banks to keep, that which has touched most last: it is taken first. */
function keepWithin(banks: readonly Bank[], maxFrameBytes: number): Bank[] {
  const mostTouchedFirst = [...banks].sort((a, b) => b.framesTouched - a.framesTouched);
  const kept: Bank[] = [];
  let bytes = 0;
  for (const bank of mostTouchedFirst) {
    bytes += bank.framesTouched * PAGE_BYTES;
    if (bytes <= maxFrameBytes && kept.length < SPARE_BANKS_MAX) kept.push(bank);
  }
  return kept.reverse();
}
