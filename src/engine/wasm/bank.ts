/**
 * One bank: an instance over a memory of its own, and the views of it that the bridge needs, made
 * once. A bank belongs to no pfns until it is bound to a number. It knows nothing of other banks.
 */
import { PAGE_BYTES } from "../../format/index.js";
import {
  BANK_PFNS,
  ENTRY_FAULTS_LISTED,
  type EntryFault,
  type EntryFaultCode,
  type EntryStep,
  type MemoryModel,
} from "../port.js";
import {
  FAULT_BYTES,
  HEADER,
  OUTBOX_BYTES,
  PFN_BASE_UNBOUND,
  REGIONS,
  RESULT,
  type Region,
} from "./layout.js";
import { type EngineCalls, makeInstance } from "./module.js";
import { highHalf, lowHalf } from "./numbers.js";
import type { EngineModule } from "./platform.js";

/** Number of a bank that is bound to no pfns. */
export const UNBOUND = -1;

const NO_FAULTS: readonly EntryFault[] = [];
const FLAG_POPULATED = 0x10;
const FLAG_TYPE_MASK = 0x0f;

/** One entry of a list of faults as it stands in the bank: four u32. */
export interface RawFault {
  readonly index: number;
  readonly detail: number;
  readonly low: number;
  readonly high: number;
}

export class Bank {
  readonly model: MemoryModel;
  readonly calls: EngineCalls;
  /** Pfns of the bank are number * 2^19 and the 2^19 - 1 after it; UNBOUND has none. */
  number = UNBOUND;
  /** Frames that any image touched so far: what the arena costs in RAM. */
  framesTouched = 0;

  readonly entryWindow: Uint8Array;
  readonly pageWindow: Uint8Array;
  readonly outbox: Uint8Array;
  readonly outboxWords: Uint32Array;
  readonly outboxDigests: BigUint64Array;
  /** Halves of the entries in the entry window and in the data list, lower half first. */
  readonly entryHalves: Uint32Array;
  readonly listHalves: Uint32Array;
  readonly ordinals: Uint32Array;

  readonly #flags: Uint8Array;
  /** Everything up to the list of faults, as u32. */
  readonly #words: Uint32Array;
  readonly #step: { -readonly [K in keyof EntryStep]: EntryStep[K] };

  /**
   * @throws {CapacityError} "address-space"
   */
  constructor(module: EngineModule, model: MemoryModel) {
    const { memory, calls } = makeInstance(module, model);
    const { buffer } = memory;
    this.model = model;
    this.calls = calls;
    this.entryWindow = bytesOf(buffer, REGIONS.entryWindow);
    this.pageWindow = bytesOf(buffer, REGIONS.pageWindow);
    this.outbox = bytesOf(buffer, REGIONS.outbox);
    this.outboxWords = wordsOf(buffer, REGIONS.outbox);
    this.outboxDigests = new BigUint64Array(buffer, REGIONS.outbox.location, OUTBOX_BYTES / 8);
    this.entryHalves = wordsOf(buffer, REGIONS.entryWindow);
    this.listHalves = wordsOf(buffer, REGIONS.dataList);
    this.ordinals = wordsOf(buffer, REGIONS.pfnOrdinals);
    this.#flags = bytesOf(buffer, REGIONS.pfnFlags);
    this.#words = new Uint32Array(buffer, 0, REGIONS.xxh3State.location / 4);
    this.#step = {
      faults: NO_FAULTS,
      faultCounts: wordsOf(buffer, RESULT.faultCounts),
      typeCounts: wordsOf(buffer, RESULT.typeCounts),
      dataPages: 0,
    };
    this.#words[HEADER.resident.location / 4] = model === "resident" ? 1 : 0;
    calls.resetBank();
  }

  /** First pfn of the bank. */
  get base(): number {
    return this.number * BANK_PFNS;
  }

  /** Make the bank that of the pfns from number * 2^19 on. It must be fresh or reset. */
  bind(number: number): void {
    this.number = number;
    const base = number * BANK_PFNS;
    this.calls.bindBank(lowHalf(base), highHalf(base));
  }

  /** Undo bind() before anything was taken over. */
  unbind(): void {
    this.number = UNBOUND;
    this.calls.bindBank(0, Number(PFN_BASE_UNBOUND >> 32n));
  }

  /** Forget the image and belong to no pfns; the memory stays touched. */
  reset(): void {
    this.framesTouched = Math.max(this.framesTouched, this.header("framesHigh"));
    this.number = UNBOUND;
    this.calls.resetBank();
  }

  /** A u32 field of the header. */
  header(field: keyof typeof HEADER): number {
    return this.#words[HEADER[field].location / 4]!;
  }

  /** A u32 field of the result block, or the lower half of a u64 field. */
  result(field: keyof typeof RESULT): number {
    return this.#words[RESULT[field].location / 4]!;
  }

  /** Number of the bank that the pfn in a u64 field of the result block lies in. */
  resultBank(field: "dataFirst" | "lookedUpFirst"): number {
    const at = RESULT[field].location / 4;
    const pfn = this.#words[at]! + this.#words[at + 1]! * 2 ** 32;
    return Math.floor(pfn / BANK_PFNS);
  }

  /** Frames in use now. */
  get framesInUse(): number {
    return this.header("framesInUse");
  }

  isPopulated(local: number): boolean {
    return (this.#flags[local]! & FLAG_POPULATED) !== 0;
  }

  pageType(local: number): number {
    return this.#flags[local]! & FLAG_TYPE_MASK;
  }

  /** Say that the first `entries` entries of the data list were written by the bridge. */
  setListed(entries: number): void {
    this.#words[HEADER.listed.location / 4] = entries;
  }

  /** What checkEntries() left in the result block; the object is reused. */
  step(faultCount: number): EntryStep {
    this.#step.faults = faultCount === 0 ? NO_FAULTS : this.#entryFaults(faultCount);
    this.#step.dataPages = this.result("dataPages");
    return this.#step;
  }

  /** The listed ones of `faultCount` faults, as they stand in the bank. */
  rawFaults(faultCount: number): RawFault[] {
    const faults: RawFault[] = [];
    const words = this.#words;
    for (let i = 0; i < Math.min(faultCount, ENTRY_FAULTS_LISTED); i++) {
      const at = (REGIONS.faults.location + i * FAULT_BYTES) / 4;
      faults.push({
        index: words[at]!,
        detail: words[at + 1]!,
        low: words[at + 2]!,
        high: words[at + 3]!,
      });
    }
    return faults;
  }

  /** A page of the page window, by its place there. */
  windowPage(index: number): Uint8Array {
    return this.pageWindow.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES);
  }

  #entryFaults(faultCount: number): EntryFault[] {
    return this.rawFaults(faultCount).map(({ index, detail, low, high }) => ({
      entryIndex: index,
      code: detail as EntryFaultCode,
      low,
      high,
    }));
  }
}

function bytesOf(buffer: SharedArrayBuffer, region: Region): Uint8Array {
  return new Uint8Array(buffer, region.location, region.bytes);
}

function wordsOf(buffer: SharedArrayBuffer, region: Region): Uint32Array {
  return new Uint32Array(buffer, region.location, region.bytes / 4);
}
