/**
 * EMULATOR_CONTEXT of a libxl stream: the device model's restore file, of which the head alone is
 * looked at. Source: libxl migration stream document; QEMU's migration stream (big-endian).
 */
import { type Fault, hex } from "../../findings/index.js";
import {
  EMULATOR_HEAD_BYTES,
  QEMU_MAGIC,
  QEMU_SECTION_EOF,
  QEMU_SECTION_FULL,
  QEMU_SECTION_NAMES,
  QEMU_SECTION_START,
  QEMU_VERSION_MAX,
  QEMU_VERSION_MIN,
} from "../../format/index.js";
import { concatBytes, hexOfBytes, latin1, readU32BE } from "../bytes.js";
import { atLeast, type BodyContext, fieldFault, type RecordCodec } from "../codec.js";
import {
  decodeHead,
  type EmulatorHead,
  emulatorLengthFaults,
  encodeHead,
  headFaults,
  headJson,
} from "./emulator-head.js";

const QEMU_HEAD_BYTES = 8;

/** EMULATOR_CONTEXT. */
export interface EmulatorContext extends EmulatorHead {
  /** The device model's restore file, unchanged. */
  readonly context: Uint8Array;
}

/** Codec of EMULATOR_CONTEXT. LL-EMU-1, 2, LL-QE-2, 3 */
export const EMULATOR_CONTEXT_CODEC: RecordCodec<EmulatorContext> = {
  sizes: atLeast(EMULATOR_HEAD_BYTES),
  lengthFaults: emulatorLengthFaults,
  decode(body, context) {
    const short = emulatorLengthFaults(body.length, context);
    if (short.length > 0) return { value: null, faults: short };
    const head = decodeHead(body);
    const blob = body.subarray(EMULATOR_HEAD_BYTES);
    const faults = [...headFaults(head, context), ...qemuFaults(blob, context)];
    return { value: { ...head, context: blob }, faults };
  },
  encode: (value) => concatBytes(encodeHead(value), value.context),
  interpret: (value) => ({
    ...headJson(value),
    bytes: value.context.length,
    qemu: qemuHeadJson(value.context),
  }),
};

// Whatever the id says, a restorer hands the blob to QEMU: its head is judged for every id.
function qemuFaults(blob: Uint8Array, context: BodyContext): Fault[] {
  const fault = (rule: string, offset: number, expected: string, actual: string): Fault =>
    fieldFault(context, rule, EMULATOR_HEAD_BYTES + offset, { expected, actual });
  if (blob.length < QEMU_HEAD_BYTES || readU32BE(blob, 0) !== QEMU_MAGIC) {
    const actual = hexOfBytes(blob.subarray(0, QEMU_HEAD_BYTES)) || "nothing";
    return [fault("LL-QE-2", 0, '"QEVM" and a version', actual)];
  }
  const faults: Fault[] = [];
  const version = readU32BE(blob, 4);
  if (version < QEMU_VERSION_MIN || version > QEMU_VERSION_MAX) {
    const expected = `version ${QEMU_VERSION_MIN} or ${QEMU_VERSION_MAX}`;
    const at4 = fault("LL-QE-2", 4, expected, String(version));
    faults.push({ ...at4, field: { at: 0, bytes: 4 } });
  }
  const last = blob.at(-1) as number;
  if (blob.length === QEMU_HEAD_BYTES || last !== QEMU_SECTION_EOF) {
    const actual = blob.length === QEMU_HEAD_BYTES ? "no section" : hex(last);
    faults.push(fault("LL-QE-3", blob.length - 1, "0x0 as the last byte", actual));
  }
  return faults;
}

/**
 * The head of QEMU's device state: version, and the first section as far as it says of itself.
 * Nothing behind it can be walked without knowing every device.
 *
 * @returns null for a blob that does not begin as QEMU's does
 */
export function qemuHeadJson(blob: Uint8Array): Record<string, unknown> | null {
  if (blob.length < QEMU_HEAD_BYTES || readU32BE(blob, 0) !== QEMU_MAGIC) return null;
  const head = { magic: "QEVM", version: readU32BE(blob, 4) };
  const type = blob[QEMU_HEAD_BYTES];
  if (type === undefined) return head;
  const name = QEMU_SECTION_NAMES.get(type) ?? hex(type);
  const first: Record<string, unknown> = { type: name };
  const idOffset = QEMU_HEAD_BYTES + 6;
  const idBytes = blob[idOffset - 1] ?? 0;
  const named = type === QEMU_SECTION_START || type === QEMU_SECTION_FULL;
  if (named && blob.length >= idOffset + idBytes + 8) {
    first.section_id = readU32BE(blob, QEMU_HEAD_BYTES + 1);
    first.id = latin1(blob.subarray(idOffset, idOffset + idBytes));
    first.instance = readU32BE(blob, idOffset + idBytes);
    first.version = readU32BE(blob, idOffset + idBytes + 4);
  }
  return { ...head, first_section: first };
}
