/**
 * The two emulator records of a libxl stream: EMULATOR_XENSTORE_DATA and EMULATOR_CONTEXT. Whether
 * the domain may have an emulator at all (LL-EMU-3) is not judged here.
 *
 *   emulator_id u32 | index u32 | XENSTORE_DATA: key NUL value NUL ... / CONTEXT: emulator's blob
 *
 * Streams from before the first release hold the legacy toolstack blob in place of the strings.
 *
 * Source: libxl migration stream document; QEMU's migration stream (big-endian) for its head.
 */
import {
  counted,
  type Fault,
  hex,
  MAX_FAULTS_PER_BODY,
  MAX_ITEMS_PRINTED,
} from "../../findings/index.js";
import {
  EMULATOR_HEAD_BYTES,
  EMULATOR_NAMES,
  EMULATOR_UNKNOWN,
  QEMU_MAGIC,
  QEMU_SECTION_EOF,
  QEMU_SECTION_FULL,
  QEMU_SECTION_NAMES,
  QEMU_SECTION_START,
  QEMU_VERSION_MAX,
  QEMU_VERSION_MIN,
} from "../../format/index.js";
import {
  concatBytes,
  hexOfBytes,
  latin1,
  latin1Bytes,
  readU32,
  readU32BE,
  writeU32,
} from "../bytes.js";
import {
  atLeast,
  type BodyContext,
  entryFault,
  fieldFault,
  type RecordCodec,
  recordFault,
  sizeFaults,
} from "../codec.js";
import { toolstackStrings } from "../legacy/toolstack.js";
import { printedIfAny } from "../print.js";

const QEMU_HEAD_BYTES = 8;
const KEY_CHARACTERS = /^[A-Za-z0-9\-/_@]*$/;
const VALUE_CHARACTERS = /^[\x20-\x7e]*$/;

/** What both emulator records begin with. */
export interface EmulatorHead {
  readonly emulatorId: number;
  readonly index: number;
}

/** EMULATOR_XENSTORE_DATA. */
export interface EmulatorXenstoreData extends EmulatorHead {
  /** Packed strings; xenstorePairs() takes them apart. */
  readonly data: Uint8Array;
  /** The body as it came, where it is a toolstack blob (LL-XS-6); `data` is what it says. */
  readonly toolstack?: Uint8Array;
}

/** EMULATOR_CONTEXT. */
export interface EmulatorContext extends EmulatorHead {
  /** The device model's restore file, unchanged. */
  readonly context: Uint8Array;
}

/** One key and value, one character a byte. */
export interface XenstorePair {
  readonly key: string;
  readonly value: string;
  /** Of the key, in the packed strings. */
  readonly keyOffset: number;
  /** Of the value, in the packed strings. */
  readonly valueOffset: number;
}

/** The whole pairs of packed strings; an unfinished one at the end is left out. */
export function* xenstorePairs(data: Uint8Array): Generator<XenstorePair, void, undefined> {
  for (const { key, value, keyOffset, valueOffset } of pairsOf(data)) {
    if (value !== null) yield { key, value, keyOffset, valueOffset };
  }
}

/** The same, and a last key whose value is missing or has no NUL. */
function* pairsOf(
  data: Uint8Array,
): Generator<Omit<XenstorePair, "value"> & { readonly value: string | null }, void, undefined> {
  let keyOffset = 0;
  while (keyOffset < data.length) {
    const keyEnd = data.indexOf(0, keyOffset);
    if (keyEnd === -1) return;
    const key = latin1(data.subarray(keyOffset, keyEnd));
    const valueOffset = keyEnd + 1;
    const valueEnd = data.indexOf(0, valueOffset);
    const value = valueEnd === -1 ? null : latin1(data.subarray(valueOffset, valueEnd));
    yield { key, value, keyOffset, valueOffset };
    if (valueEnd === -1) return;
    keyOffset = valueEnd + 1;
  }
}

/** Pack keys and values. Characters above U+00FF have no place in them. */
export function packXenstorePairs(
  pairs: readonly (readonly [key: string, value: string])[],
): Uint8Array {
  return latin1Bytes(pairs.map(([key, value]) => `${key}\0${value}\0`).join(""));
}

/** Codec of EMULATOR_XENSTORE_DATA. LL-EMU-1, 2, LL-XS-1, 2, 3, 6 */
export const EMULATOR_XENSTORE_DATA_CODEC: RecordCodec<EmulatorXenstoreData> = {
  sizes: atLeast(EMULATOR_HEAD_BYTES),
  lengthFaults: emulatorLengthFaults,
  decode(body, context) {
    const short = emulatorLengthFaults(body.length, context);
    if (short.length > 0) return { value: null, faults: short };
    const early = toolstackStrings(body);
    if (early !== null) {
      const value = { emulatorId: EMULATOR_UNKNOWN, index: 0, data: early, toolstack: body };
      return { value, faults: [earlyFault(context)] };
    }
    const head = decodeHead(body);
    const data = body.subarray(EMULATOR_HEAD_BYTES);
    const faults = [
      ...headFaults(head, context),
      ...packingFaults(data, context),
      ...pairFaults(data, context),
    ];
    return { value: { ...head, data }, faults };
  },
  encode: (value) => value.toolstack?.slice() ?? concatBytes(encodeHead(value), value.data),
  interpret(value) {
    const pairs: [string, string][] = [];
    for (const { key, value: text } of xenstorePairs(value.data)) {
      if (pairs.length === MAX_ITEMS_PRINTED) break;
      pairs.push([key, text]);
    }
    const omitted = Math.floor(countStrings(value.data) / 2) - pairs.length;
    const head = value.toolstack === undefined ? headJson(value) : { form: "toolstack blob" };
    return { ...head, pairs, ...printedIfAny("pairs_omitted", omitted) };
  },
};

function earlyFault(context: BodyContext): Fault {
  return recordFault(context, "LL-XS-6", {
    expected: "strings behind an emulator id",
    actual: "the blob",
    field: null,
  });
}

function packingFaults(data: Uint8Array, context: BodyContext): Fault[] {
  if (data.length === 0) return [];
  if (data.at(-1) !== 0) {
    const text = { expected: "NUL as the last byte", actual: hex(data.at(-1) as number) };
    const offset = EMULATOR_HEAD_BYTES + data.length - 1;
    return [fieldFault(context, "LL-XS-1", offset, text)];
  }
  const strings = countStrings(data);
  if (strings % 2 === 0) return [];
  const text = { expected: "a value for every key", actual: counted(strings, "string") };
  return [recordFault(context, "LL-XS-1", { ...text, field: null })];
}

function countStrings(data: Uint8Array): number {
  let strings = 0;
  for (const byte of data) if (byte === 0) strings++;
  return strings;
}

function pairFaults(data: Uint8Array, context: BodyContext): Fault[] {
  const faults: Fault[] = [];
  let index = 0;
  for (const { key, value, keyOffset, valueOffset } of pairsOf(data)) {
    const fault = (rule: string, offset: number, expected: string, actual: string): void => {
      const bytes = Math.max(1, latin1Bytes(actual).length);
      const text = { expected, actual: printable(actual), field: { at: 0, bytes } };
      faults.push(entryFault(context, rule, EMULATOR_HEAD_BYTES + offset, index, text));
    };
    if (key === "" || key.startsWith("/")) {
      fault("LL-XS-2", keyOffset, "a relative path, not empty", key);
    }
    if (!KEY_CHARACTERS.test(key)) {
      fault("LL-XS-3", keyOffset, "letters, digits and - / _ @ in a key", key);
    }
    if (value !== null && !VALUE_CHARACTERS.test(value)) {
      fault("LL-XS-3", valueOffset, "printable ASCII in a value", value);
    }
    if (faults.length >= MAX_FAULTS_PER_BODY) break;
    index++;
  }
  return faults;
}

/** A string of a stream as one can print it: quoted, cut, what is not ASCII escaped. */
function printable(text: string): string {
  const shown = text.slice(0, 64).replace(/[^\x20-\x7e]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${shown}"${text.length > 64 ? "..." : ""}`;
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

function emulatorLengthFaults(bodyBytes: number, context: BodyContext): Fault[] {
  return sizeFaults(atLeast(EMULATOR_HEAD_BYTES), "LL-EMU-1", bodyBytes, context);
}

function decodeHead(body: Uint8Array): EmulatorHead {
  return { emulatorId: readU32(body, 0), index: readU32(body, 4) };
}

function headFaults(head: EmulatorHead, context: BodyContext): Fault[] {
  if (head.emulatorId < EMULATOR_NAMES.length) return [];
  const text = { expected: "0, 1 or 2", actual: String(head.emulatorId) };
  return [fieldFault(context, "LL-EMU-2", 0, text)];
}

function encodeHead(head: EmulatorHead): Uint8Array {
  const bytes = new Uint8Array(EMULATOR_HEAD_BYTES);
  writeU32(bytes, 0, head.emulatorId);
  writeU32(bytes, 4, head.index);
  return bytes;
}

function headJson(head: EmulatorHead): Record<string, unknown> {
  return {
    emulator_id: head.emulatorId,
    emulator_name: EMULATOR_NAMES[head.emulatorId] ?? null,
    index: head.index,
  };
}
