/**
 * Small arithmetic that the bridge does over and over: which bank a pfn lies in, halves of 64-bit
 * values, invariants. Numbers reach 2^52 here, so shifts will not do.
 */
import { InternalError } from "../../findings/index.js";
import { ENTRY_HIGH_PFN_MASK, TWO_POW_32 } from "../../format/index.js";
import { BANK_PFN_SHIFT, BANK_PFNS } from "../port.js";

const BANKS_IN_HIGH_HALF = TWO_POW_32 / BANK_PFNS;

/** First number that is no pfn: a pfn has 52 bits. */
export const PFN_END = 2 ** 52;

/** Number of the bank that a pfn lies in. */
export function bankOfPfn(pfn: number): number {
  return Math.floor(pfn / BANK_PFNS);
}

/** The same from the halves of an entry, whatever its type and reserved bits. */
export function bankOfEntry(low: number, high: number): number {
  return (high & ENTRY_HIGH_PFN_MASK) * BANKS_IN_HIGH_HALF + (low >>> BANK_PFN_SHIFT);
}

/** Pfn from the halves of an entry, whatever its type and reserved bits. */
export function pfnOfEntry(low: number, high: number): number {
  return (high & ENTRY_HIGH_PFN_MASK) * TWO_POW_32 + (low >>> 0);
}

/** Lower half of a number below 2^53, unsigned. */
export function lowHalf(value: number): number {
  return value % TWO_POW_32;
}

/** Upper half of a number below 2^53. */
export function highHalf(value: number): number {
  return Math.floor(value / TWO_POW_32);
}

/**
 * Hold an invariant between the caller and the bridge.
 *
 * @throws {InternalError} code "engine-order" if it does not hold
 */
export function must(holds: boolean, invariant: string): asserts holds {
  if (!holds) throw new InternalError(invariant, { code: "engine-order" });
}
