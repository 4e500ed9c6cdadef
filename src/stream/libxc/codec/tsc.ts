/**
 * X86_TSC_INFO: how the guest's time stamp counter is to go on.
 *
 *   mode u32 | khz u32 | nsec u64 | incarnation u32 | reserved u32
 *
 * Source: libxc stream document.
 */
import { type Fault, hex } from "../../../findings/index.js";
import {
  layout,
  type Struct,
  TSC_INFO_BYTES,
  TSC_MODE_MAX,
  TSC_MODE_NAMES,
} from "../../../format/index.js";
import { exactly, fieldFault, type RecordCodec, sizeFaults } from "../../codec.js";
import { decodeStruct, encodeStruct, structJson } from "../../struct.js";

const TSC_INFO_LAYOUT = layout([
  ["mode", "u32"],
  ["khz", "u32"],
  ["nsec", "u64"],
  ["incarnation", "u32"],
  ["reserved", "u32"],
]);
const RESERVED_OFFSET = 20;

/** The record's fields, by their names in the standard. */
export type TscInfo = Struct<typeof TSC_INFO_LAYOUT>;

/** Codec of X86_TSC_INFO. LC-TSC-1, 2, 3 */
export const TSC_INFO_CODEC: RecordCodec<TscInfo> = {
  sizes: exactly(TSC_INFO_BYTES),
  lengthFaults: (bodyBytes, context) =>
    sizeFaults(TSC_INFO_CODEC.sizes, "LC-TSC-1", bodyBytes, context),
  decode(body, context) {
    const short = TSC_INFO_CODEC.lengthFaults(body.length, context);
    if (short.length > 0) return { value: null, faults: short };
    const value = decodeStruct(TSC_INFO_LAYOUT, body);
    const faults: Fault[] = [];
    if (value.mode > TSC_MODE_MAX) {
      const text = { expected: `at most ${TSC_MODE_MAX}`, actual: String(value.mode) };
      faults.push(fieldFault(context, "LC-TSC-3", 0, text));
    }
    if (value.reserved !== 0) {
      const text = { expected: "0x0", actual: hex(value.reserved) };
      faults.push(fieldFault(context, "LC-TSC-2", RESERVED_OFFSET, text));
    }
    return { value, faults };
  },
  encode: (value) => encodeStruct(TSC_INFO_LAYOUT, value),
  interpret: (value) => ({
    ...structJson(value),
    mode_name: TSC_MODE_NAMES[value.mode] ?? null,
  }),
};
