/**
 * EMULATOR_XENSTORE_DATA of a libxl stream: packed strings, keys of the device model and their
 * values. Streams from before the first release hold the legacy toolstack blob in their place. What
 * a restorer does with the keys is not known here. Source: libxl migration stream document.
 */
import {
  counted,
  type Fault,
  hex,
  MAX_FAULTS_PER_BODY,
  MAX_ITEMS_PRINTED,
} from "../../findings/index.js";
import { EMULATOR_HEAD_BYTES, EMULATOR_UNKNOWN } from "../../format/index.js";
import { concatBytes, latin1, latin1Bytes } from "../bytes.js";
import {
  atLeast,
  type BodyContext,
  entryFault,
  fieldFault,
  type RecordCodec,
  recordFault,
} from "../codec.js";
import { toolstackStrings } from "../legacy/toolstack.js";
import { printedIfAny } from "../print.js";
import {
  decodeHead,
  type EmulatorHead,
  emulatorLengthFaults,
  encodeHead,
  headFaults,
  headJson,
} from "./emulator-head.js";

const KEY_CHARACTERS = /^[A-Za-z0-9\-/_@]*$/;
const VALUE_CHARACTERS = /^[\x20-\x7e]*$/;

/** EMULATOR_XENSTORE_DATA. */
export interface EmulatorXenstoreData extends EmulatorHead {
  /** Packed strings; xenstorePairs() takes them apart. */
  readonly data: Uint8Array;
  /** The body as it came, where it is a toolstack blob (LL-XS-6); `data` is what it says. */
  readonly toolstack?: Uint8Array;
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
