/**
 * What both emulator records of a libxl stream begin with: whose data follow. Whether the domain may
 * have an emulator at all (LL-EMU-3) is not judged here.
 *
 *   emulator_id u32 | index u32 | XENSTORE_DATA: key NUL value NUL ... / CONTEXT: emulator's blob
 *
 * Source: libxl migration stream document.
 */
import type { Fault } from "../../findings/index.js";
import { EMULATOR_HEAD_BYTES, EMULATOR_NAMES } from "../../format/index.js";
import { readU32, writeU32 } from "../bytes.js";
import { atLeast, type BodyContext, fieldFault, sizeFaults } from "../codec.js";

/** What both emulator records begin with. */
export interface EmulatorHead {
  readonly emulatorId: number;
  readonly index: number;
}

/** LL-EMU-1: a body too short for its head. */
export function emulatorLengthFaults(bodyBytes: number, context: BodyContext): Fault[] {
  return sizeFaults(atLeast(EMULATOR_HEAD_BYTES), "LL-EMU-1", bodyBytes, context);
}

/** The head of a body that is long enough for it. */
export function decodeHead(body: Uint8Array): EmulatorHead {
  return { emulatorId: readU32(body, 0), index: readU32(body, 4) };
}

/** LL-EMU-2. */
export function headFaults(head: EmulatorHead, context: BodyContext): Fault[] {
  if (head.emulatorId < EMULATOR_NAMES.length) return [];
  const text = { expected: "0, 1 or 2", actual: String(head.emulatorId) };
  return [fieldFault(context, "LL-EMU-2", 0, text)];
}

/** The head as it stands in a body. */
export function encodeHead(head: EmulatorHead): Uint8Array {
  const bytes = new Uint8Array(EMULATOR_HEAD_BYTES);
  writeU32(bytes, 0, head.emulatorId);
  writeU32(bytes, 4, head.index);
  return bytes;
}

/** What the head says, for inspection. */
export function headJson(head: EmulatorHead): Record<string, unknown> {
  return {
    emulator_id: head.emulatorId,
    emulator_name: EMULATOR_NAMES[head.emulatorId] ?? null,
    index: head.index,
  };
}
