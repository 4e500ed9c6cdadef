/**
 * What the oracle knows of HVM records: which parameters the hypervisor takes, what setting them
 * does to memory, and the framing of the HVM context.
 * Source: hvm-state section 1 (HP-*), sections 3 and 4 (HC-*); libxc-stream LC-SIM-4, LC-HVM-*.
 */
import { type Image, Reject, type StreamRecord } from "./image.js";
import type { Memory } from "./memory.js";

const STORE_PFN = 1n;
const PAE_ENABLED = 4n;
const IOREQ_PFN = 5n;
const BUFIOREQ_PFN = 6n;
const CONSOLE_PFN = 17n;
/** Byte of the console page that says "initialised". */
const CONSOLE_READY = 0xc10;

const PARAM_COUNT = 39;
const REFUSED = new Set([4, 13, 20, 21, 22, 23, 24, 25, 26, 30, 35]);
const SET_ONCE = new Set([5, 6, 9, 32, 33, 38]);

/** Does the hypervisor take this value for this index? (Column "Set" of the parameter table.) */
function valueIsTaken(index: number, value: bigint): boolean {
  switch (index) {
    case 9:
      return (value & 1n) === 1n && value <= 0x1fffn;
    case 10:
      return value <= 3n;
    case 14:
      return value === 0n || value === 3n;
    case 15:
      return value <= 0xffff_ffffn;
    case 19:
    case 38:
      return value <= 1n;
    case 31:
      return value <= 5n;
    case 33:
      return value >= 1n && value <= 64n;
    case 36:
      return value === 0n || value === 4n || value === 8n;
    case 37:
      return value >> 32n >= 104n;
    default:
      return true;
  }
}

/** Set one parameter, as the hypervisor does. `at` is where the entry stands. */
function setParam(params: Map<number, bigint>, index: number, value: bigint, at: number): void {
  if (index >= PARAM_COUNT) throw new Reject("HP-1", at);
  if (REFUSED.has(index)) throw new Reject("HP-3", at);
  const old = params.get(index) ?? 0n;
  if (SET_ONCE.has(index) && old !== 0n && old !== value) throw new Reject("HP-4", at);
  if (!valueIsTaken(index, value))
    throw new Reject(index === 33 && value === 0n ? "HP-6" : "HP-10", at);
  params.set(index, value);
}

/** Apply an HVM_PARAMS record: each entry first touches its page, then is set. */
export function applyHvmParams(
  image: Image,
  record: StreamRecord,
  memory: Memory,
  params: Map<number, bigint>,
): void {
  if (record.length < 8) throw new Reject("LC-HVM-1", record.at);
  const count = image.u32(record.body);
  if (record.length !== 8 + 16 * count) throw new Reject("LC-HVM-1", record.at);
  for (let i = 0; i < count; i += 1) {
    const at = record.body + 8 + 16 * i;
    const index = image.u64(at);
    const value = image.u64(at + 8);
    if (index === PAE_ENABLED) continue;
    // The page is chosen by all 64 bits of the index, the parameter by the low 32 (HP-2).
    const pfn = Number(value);
    if (index === STORE_PFN || index === IOREQ_PFN || index === BUFIOREQ_PFN) memory.clear(pfn);
    if (index === CONSOLE_PFN && memory.has(pfn)) {
      memory.clear(pfn);
      memory.patch(pfn).setUint8(CONSOLE_READY, 1);
    }
    setParam(params, Number(index & 0xffff_ffffn), value, at);
  }
}

type LengthRule = readonly ["=" | "<=", number] | null;

/** Typecode -> length of its content; null where the length is a matter of content checks. */
const CONTEXT_LENGTHS = new Map<number, LengthRule>([
  [2, ["<=", 1032]],
  [3, ["=", 8]],
  [4, ["=", 400]],
  [5, ["<=", 32]],
  [6, ["=", 1024]],
  [7, ["=", 16]],
  [8, ["=", 8]],
  [9, ["=", 8]],
  [10, ["=", 56]],
  [11, ["<=", 24]],
  [12, ["=", 1048]],
  [13, ["=", 8]],
  [14, ["=", 240]],
  [15, ["<=", 32]],
  [16, null],
  [17, ["<=", 216]],
  [18, ["<=", 32]],
  [19, ["=", 8]],
  [20, null],
]);

/** Judge the framing of the HVM context that will be loaded: the last one of the stream. */
export function checkHvmContext(image: Image, record: StreamRecord): void {
  const end = record.body + record.length;
  let at = record.body;
  const isHeader = end - at >= 8 && image.u16(at) === 1 && image.u32(at + 4) === 24;
  if (!isHeader) throw new Reject("HC-1", at);
  if (end - at < 32) throw new Reject("HC-6", at);
  if (image.u32(at + 8) !== 0x5438_1286) throw new Reject("HC-2", at + 8);
  if (image.u32(at + 12) !== 1) throw new Reject("HC-2", at + 12);
  for (at += 32; ; at += 8 + image.u32(at + 4)) {
    if (end - at < 8) throw new Reject("HC-4", at);
    const typecode = image.u16(at);
    const length = image.u32(at + 4);
    if (typecode === 0) return;
    const rule = CONTEXT_LENGTHS.get(typecode);
    if (rule === undefined) throw new Reject("HC-5", at);
    if (length > end - at - 8) throw new Reject("HC-6", at);
    if (rule !== null && (rule[0] === "=" ? length !== rule[1] : length > rule[1])) {
      throw new Reject("HC-7", at);
    }
  }
}
