/**
 * Records that wait to be written: those of a stream's end, which a later checkpoint may replace.
 * What a restorer has at the end is the same whether it saw every epoch's records or these alone.
 * Source: LC-CP-2, LC-HVM-4, LC-HVM-6, LC-PV-16; bounds are ours.
 */
import {
  REC_TYPE_HVM_PARAMS,
  REC_TYPE_X86_PV_VCPU_BASIC,
  REC_TYPE_X86_PV_VCPU_EXTENDED,
  REC_TYPE_X86_PV_VCPU_MSRS,
  REC_TYPE_X86_PV_VCPU_XSAVE,
} from "../../format/index.js";
import { concatBytes, EntryTable, HVM_PARAM, readU32, writeU32 } from "../../stream/index.js";

/** A record with the body that is to be written. */
export interface HeldRecord {
  readonly type: number;
  readonly body: Uint8Array;
}

/** What a record costs beyond its body. */
const OVERHEAD_BYTES = 256;
const PARAMS_HEAD_BYTES = 8;
const OF_A_VCPU: ReadonlySet<number> = new Set([
  REC_TYPE_X86_PV_VCPU_BASIC,
  REC_TYPE_X86_PV_VCPU_EXTENDED,
  REC_TYPE_X86_PV_VCPU_XSAVE,
  REC_TYPE_X86_PV_VCPU_MSRS,
]);

/** Records of the epochs so far, and of the one that is read. */
export class HeldRecords {
  #before: HeldRecord[] = [];
  #now: HeldRecord[] = [];
  #bytes = 0;

  /** Estimated memory that is held. */
  get bytes(): number {
    return this.#bytes;
  }

  add(record: HeldRecord): void {
    this.#now.push(record);
    this.#bytes += record.body.length + OVERHEAD_BYTES;
  }

  /** The epoch is over: its records take the place of those of earlier ones. */
  commit(): void {
    const keys = new Set(this.#now.map(keyOf));
    const params = new Set(this.#now.flatMap(paramIndices));
    const kept: HeldRecord[] = [];
    for (const record of this.#before) {
      if (record.type === REC_TYPE_HVM_PARAMS) {
        const rest = withoutParams(record, params);
        if (rest !== null) kept.push(rest);
      } else if (!keys.has(keyOf(record))) {
        kept.push(record);
      }
    }
    this.#before = [...kept, ...this.#now];
    this.#now = [];
    this.#bytes = this.#before.reduce((sum, { body }) => sum + body.length + OVERHEAD_BYTES, 0);
  }

  /** Take all, in order; nothing is held afterwards. */
  take(): HeldRecord[] {
    const all = [...this.#before, ...this.#now];
    this.#before = [];
    this.#now = [];
    this.#bytes = 0;
    return all;
  }
}

/** What a later record must equal to replace this one: its type, and whose it is. */
function keyOf({ type, body }: HeldRecord): string {
  return OF_A_VCPU.has(type) ? `${type}/${readU32(body, 0)}` : `${type}`;
}

function paramIndices(record: HeldRecord): bigint[] {
  if (record.type !== REC_TYPE_HVM_PARAMS) return [];
  return [...paramsOf(record)].map(({ index }) => index);
}

function paramsOf({ body }: HeldRecord) {
  return new EntryTable(HVM_PARAM, body.subarray(PARAMS_HEAD_BYTES));
}

/** The record without the parameters that are set anew; null if none is left. */
function withoutParams(record: HeldRecord, again: ReadonlySet<bigint>): HeldRecord | null {
  const { bytes: entryBytes } = HVM_PARAM;
  const parts: Uint8Array[] = [];
  for (const [i, { index }] of [...paramsOf(record)].entries()) {
    const at = PARAMS_HEAD_BYTES + i * entryBytes;
    if (!again.has(index)) parts.push(record.body.subarray(at, at + entryBytes));
  }
  if (parts.length === 0) return null;
  const head = new Uint8Array(PARAMS_HEAD_BYTES);
  writeU32(head, 0, parts.length);
  return { type: record.type, body: concatBytes(head, ...parts) };
}
