/**
 * Judges HVM parameters as they are set, one after another, as a hypervisor would: HP-1 to HP-5,
 * HP-10; and what a tool says of the set as a whole: HP-6 to HP-8, VG-5. What setting them does to
 * memory (LC-SIM-4) is not done here.
 * Source: Xen public hvm/params.h and the behaviour of its set operation (facts).
 */
import { type Fault, hex, type Place } from "../findings/index.js";
import {
  GENERATION_ID_ALIGN,
  GENERATION_ID_BYTES,
  HVM_NR_PARAMS,
  HVM_PARAM_BYTES,
  HVM_PARAM_IOREQ_SERVER_PFN,
  HVM_PARAM_NR_IOREQ_SERVER_PAGES,
  HVM_PARAM_PAE_ENABLED,
  HVM_PARAM_VM_GENERATION_ID_ADDR,
  HVM_PARAMS,
  HVM_PARAMS_HEAD_BYTES,
  type HvmParamInfo,
  type HvmParamValues,
  PAGE_BYTES,
} from "../format/index.js";

const FOUR_GIB = 0x1_0000_0000n;
const PAGE = BigInt(PAGE_BYTES);

/** Where an entry of an HVM_PARAMS record stands. */
export interface ParamPlace extends Place {
  /** Of the record's body. */
  readonly bodyByteOffset: number;
  /** Of the entry in the record, from 0. */
  readonly ordinal: number;
  /** Where the field at `offset` of the body stands, if not there. */
  readonly fieldByteOffset?: ((offset: number) => number) | undefined;
}

/** Where an entry stands, and how far behind that its value does. */
export function paramEntryAt({ bodyByteOffset, ordinal, fieldByteOffset }: ParamPlace): {
  readonly byteOffset: number;
  readonly valueAt: number;
} {
  const at = HVM_PARAMS_HEAD_BYTES + ordinal * HVM_PARAM_BYTES;
  const valueAt = HVM_PARAM_BYTES / 2;
  if (fieldByteOffset === undefined) return { byteOffset: bodyByteOffset + at, valueAt };
  const byteOffset = fieldByteOffset(at);
  return { byteOffset, valueAt: fieldByteOffset(at + valueAt) - byteOffset };
}

/** Whether a guest has a page at a pfn. */
export type PagePresence = (pfn: number) => boolean;

/** A value that was taken, and the entry that brought it. */
interface Held {
  readonly value: bigint;
  readonly place: ParamPlace;
}

/** The parameters of one domain as they are set. Holds state: one instance for one restore. */
export class ParamState {
  readonly #held = new Map<number, Held>();
  readonly #seenInEpoch = new Set<number>();
  /** Indices with a refused value: what they are set to is not known to be missing. */
  readonly #refused = new Set<number>();

  /**
   * Set one parameter. A refused one changes nothing.
   *
   * @param index  as in the stream, 64 bits: the hypervisor sees the lower 32 (HP-2)
   * @returns what is wrong with it: HP-1 to HP-5, HP-6 (case "zero-count"), HP-10
   */
  set(index: bigint, value: bigint, place: ParamPlace): Fault[] {
    const fault = faultAt(place);
    if (index === BigInt(HVM_PARAM_PAE_ENABLED)) {
      return [fault("HP-3", { ruleCase: "pae", actual: "index 4" })];
    }
    const faults: Fault[] = [];
    const cut = Number(BigInt.asUintN(32, index));
    if (index >= FOUR_GIB) {
      faults.push(fault("HP-2", { expected: "an index below 2^32", actual: hex(index) }));
    }
    const refusals = this.#refusals(cut, value, fault);
    if (refusals.length > 0) {
      this.#refused.add(cut);
      return [...faults, ...refusals];
    }
    if (this.#seenInEpoch.has(cut)) {
      faults.push(fault("HP-5", { expected: "an index once", actual: `index ${cut} again` }));
    }
    this.#seenInEpoch.add(cut);
    this.#held.set(cut, { value, place });
    return faults;
  }

  /** Another epoch of a checkpointed stream begins: each index may come again (HP-5). */
  beginEpoch(): void {
    this.#seenInEpoch.clear();
  }

  #refusals(index: number, value: bigint, fault: FaultMaker): Fault[] {
    const info = HVM_PARAMS[index];
    if (info === undefined) {
      const expected = `an index below ${HVM_NR_PARAMS}`;
      return [fault("HP-1", { expected, actual: String(index) })];
    }
    if (info.set === "refused" || info.set === "dropped") {
      const actual = `index ${index} (${info.name})`;
      return [fault("HP-3", { expected: "no withdrawn parameter", actual })];
    }
    const faults: Fault[] = [];
    const before = this.#held.get(index)?.value ?? 0n;
    if (info.set === "once" && before !== 0n && before !== value) {
      const expected = `${info.name} to keep ${hex(before)}`;
      faults.push(fault("HP-4", { expected, actual: hex(value) }));
    }
    if (info.values !== undefined && !takes(info.values, value)) {
      faults.push(valueFault(index, info, value, fault));
    }
    return faults;
  }

  /**
   * What is to be said of the parameters once all are set: HP-6, HP-8, VG-5. Nothing of it refuses
   * a guest.
   *
   * @param present  null where the guest's memory is not known
   */
  complete(present: PagePresence | null): Fault[] {
    return [...this.#ioreqFaults(), ...this.#generationIdFaults(present)];
  }

  #ioreqFaults(): Fault[] {
    const pfn = this.#held.get(HVM_PARAM_IOREQ_SERVER_PFN);
    const pages = this.#held.get(HVM_PARAM_NR_IOREQ_SERVER_PAGES);
    const hasPfn = (pfn?.value ?? 0n) !== 0n;
    const hasPages = (pages?.value ?? 0n) !== 0n;
    const alone = hasPfn ? pfn : pages;
    if (hasPfn === hasPages || alone === undefined) return [];
    const [there, missing] = hasPfn ? [32, 33] : [33, 32];
    if (this.#refused.has(missing)) return [];
    const text = { expected: `index ${missing} beside index ${there}`, actual: "it is not set" };
    return [faultAt(alone.place)("HP-6", text)];
  }

  #generationIdFaults(present: PagePresence | null): Fault[] {
    const held = this.#held.get(HVM_PARAM_VM_GENERATION_ID_ADDR);
    if (held === undefined || held.value === 0n) return [];
    const fault = faultAt(held.place);
    const faults: Fault[] = [];
    const address = held.value;
    const actual = hex(address);
    if (address % BigInt(GENERATION_ID_ALIGN) !== 0n) {
      faults.push(fault("HP-8", { expected: "an 8-aligned address", actual }));
    }
    if (address >= FOUR_GIB) {
      faults.push(fault("HP-8", { expected: "an address below 4 GiB", actual }));
      return faults;
    }
    const first = address / PAGE;
    const last = (address + BigInt(GENERATION_ID_BYTES) - 1n) / PAGE;
    if (last !== first) {
      faults.push(fault("VG-5", { expected: "a buffer inside one page", actual }));
    }
    for (let pfn = first; present !== null && pfn <= last; pfn++) {
      if (present(Number(pfn))) continue;
      const text = { expected: "a buffer in populated memory", actual: `no page at ${hex(pfn)}` };
      faults.push(fault("HP-8", text));
    }
    return faults;
  }
}

/**
 * Judge the page that a parameter names, at the moment when a restorer would zero it. HP-7
 *
 * @param index  all 64 bits: a restorer compares them all before it touches a page (HP-2)
 */
export function checkParamPage(
  index: bigint,
  value: bigint,
  place: ParamPlace,
  present: PagePresence,
): Fault[] {
  const info = index < BigInt(HVM_NR_PARAMS) ? HVM_PARAMS[Number(index)] : undefined;
  if (info?.pageTouched !== true) return [];
  if (value <= BigInt(Number.MAX_SAFE_INTEGER) && present(Number(value))) return [];
  const text = { expected: `a page for ${info.name}`, actual: `no page at pfn ${hex(value)}` };
  return [faultAt(place)("HP-7", text)];
}

type FaultMaker = (
  rule: string,
  text: Pick<Fault, "ruleCase" | "message" | "expected" | "actual">,
) => Fault;

// Faults of an entry point to the entry.
function faultAt(place: ParamPlace): FaultMaker {
  const { layer, recordIndex, recordType, ordinal } = place;
  const { byteOffset, valueAt } = paramEntryAt(place);
  // An entry without an index is its value; otherwise the rule tells the field.
  const field = valueAt === 0 ? { at: 0, bytes: HVM_PARAM_BYTES / 2 } : undefined;
  return (rule, text) => ({
    rule,
    layer,
    byteOffset,
    recordIndex,
    recordType,
    entryIndex: ordinal,
    field,
    ...text,
  });
}

function valueFault(index: number, info: HvmParamInfo, value: bigint, fault: FaultMaker): Fault {
  if (index === HVM_PARAM_NR_IOREQ_SERVER_PAGES && value === 0n) {
    return fault("HP-6", { ruleCase: "zero-count", expected: "at least 1 page", actual: "0" });
  }
  const expected = `${info.name} ${valuesText(info.values as HvmParamValues)}`;
  return fault("HP-10", { expected, actual: hex(value) });
}

function takes(values: HvmParamValues, value: bigint): boolean {
  if ("only" in values) return values.only.includes(value);
  if ("min" in values) return value >= values.min && value <= values.max;
  return (value & ~values.mask) === 0n && (value & values.required) === values.required;
}

function valuesText(values: HvmParamValues): string {
  if ("only" in values) return `one of ${values.only.join(", ")}`;
  if ("min" in values) return `from ${hex(values.min)} to ${hex(values.max)}`;
  const required = values.required === 0n ? "" : `, among them ${hex(values.required)}`;
  return `of bits ${hex(values.mask)}${required}`;
}
