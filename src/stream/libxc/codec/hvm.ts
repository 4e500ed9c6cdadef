/**
 * HVM_CONTEXT and HVM_PARAMS. The context is opaque at this layer: its chain of records is
 * stream/hvm-context. What parameters mean is format/hvm.ts, whether they can be set is judged in
 * checks/hvm-params.ts.
 *
 *   HVM_PARAMS: count u32 | reserved u32 | (index u64 | value u64) [count]
 *
 * Source: libxc stream document.
 */
import { counted, type Fault, hex } from "../../../findings/index.js";
import {
  HVM_PARAM_BYTES,
  HVM_PARAMS_HEAD_BYTES,
  type HvmParam,
  hvmParamName,
} from "../../../format/index.js";
import { concatBytes, readU32, readU64, writeU32, writeU64 } from "../../bytes.js";
import { atLeast, fieldFault, type RecordCodec, recordFault, sizeFaults } from "../../codec.js";
import { type EntryFormat, EntryTable } from "../../entry-table.js";
import { printedIfAny, printedTable } from "../../print.js";

/** HVM_CONTEXT: handed to the hypervisor as it is. */
export interface HvmContextBody {
  readonly context: Uint8Array;
}

/** Codec of HVM_CONTEXT. LC-HVM-5 */
export const HVM_CONTEXT_CODEC: RecordCodec<HvmContextBody> = {
  sizes: atLeast(1),
  lengthFaults: (bodyBytes, context) =>
    sizeFaults(HVM_CONTEXT_CODEC.sizes, "LC-HVM-5", bodyBytes, context),
  decode(body, context) {
    const faults = HVM_CONTEXT_CODEC.lengthFaults(body.length, context);
    return { value: faults.length === 0 ? { context: body } : null, faults };
  },
  encode: (value) => value.context.slice(),
  interpret: (value) => ({ bytes: value.context.length }),
};

/** Entries of HVM_PARAMS. */
export const HVM_PARAM: EntryFormat<HvmParam> = {
  bytes: HVM_PARAM_BYTES,
  read: (bytes, offset) => ({ index: readU64(bytes, offset), value: readU64(bytes, offset + 8) }),
  write(entry, bytes, offset) {
    writeU64(bytes, offset, entry.index);
    writeU64(bytes, offset + 8, entry.value);
  },
};

/** HVM_PARAMS: entries in the order in which they are applied. */
export interface HvmParams {
  readonly reserved: number;
  readonly params: EntryTable<HvmParam>;
}

/** Codec of HVM_PARAMS. LC-HVM-1, 2, 3 */
export const HVM_PARAMS_CODEC: RecordCodec<HvmParams> = {
  sizes: atLeast(HVM_PARAMS_HEAD_BYTES, HVM_PARAM_BYTES),
  lengthFaults: (bodyBytes, context) =>
    sizeFaults(HVM_PARAMS_CODEC.sizes, "LC-HVM-1", bodyBytes, context),
  decode(body, context) {
    const short = HVM_PARAMS_CODEC.lengthFaults(body.length, context);
    if (short.length > 0) return { value: null, faults: short };
    const count = readU32(body, 0);
    const reserved = readU32(body, 4);
    const params = new EntryTable(HVM_PARAM, body.subarray(HVM_PARAMS_HEAD_BYTES));
    const faults: Fault[] = [];
    if (count !== params.length) {
      const expected = counted(HVM_PARAMS_HEAD_BYTES + count * HVM_PARAM_BYTES, "byte");
      const text = {
        expected: `${expected} for count ${count}`,
        actual: counted(body.length, "byte"),
      };
      faults.push(recordFault(context, "LC-HVM-1", text));
    } else if (count === 0) {
      faults.push(fieldFault(context, "LC-HVM-2", 0, { expected: "at least 1", actual: "0" }));
    }
    if (reserved !== 0) {
      faults.push(fieldFault(context, "LC-HVM-3", 4, { expected: "0x0", actual: hex(reserved) }));
    }
    return { value: count === params.length ? { reserved, params } : null, faults };
  },
  encode(value) {
    const head = new Uint8Array(HVM_PARAMS_HEAD_BYTES);
    writeU32(head, 0, value.params.length);
    writeU32(head, 4, value.reserved);
    return concatBytes(head, value.params.bytes);
  },
  interpret: (value) => ({
    count: value.params.length,
    ...printedIfAny("reserved", value.reserved),
    ...printedTable("param", value.params, hvmParamJson),
  }),
};

function hvmParamJson(param: HvmParam): Record<string, unknown> {
  // An index fits a number unless it is absurd; then it is a raw value like any other.
  const small = param.index <= BigInt(Number.MAX_SAFE_INTEGER);
  return {
    index: small ? Number(param.index) : hex(param.index),
    name: hvmParamName(param.index),
    value: hex(param.value),
  };
}
