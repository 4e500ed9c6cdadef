/**
 * What the source holds for the device model, gathered from libxl records, from the sections of
 * other containers and from legacy streams, and given as the two libxl records of one moment.
 * Source: libxl stream document; LL-EMU-*, LL-XS-1..5, LG-TS-4.
 */
import {
  EMULATOR_UNKNOWN,
  LIBXL_REC_TYPE_EMULATOR_CONTEXT,
  LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA,
} from "../../format/index.js";
import {
  bodyContext,
  decodeLibxlRecord,
  type EmulatorContext,
  type EmulatorXenstoreData,
  packXenstorePairs,
  type RecordEvent,
  type SectionEvent,
  xenstorePairs,
} from "../../stream/index.js";
import type { EmulatorRecords } from "../writers/libxl.js";
import type { TakeNote } from "./note.js";

const KEY_CHARACTERS = /^[A-Za-z0-9\-_@][A-Za-z0-9\-/_@]*$/;
const VALUE_CHARACTERS = /^[\x20-\x7e]*$/;

/** The device model's records so far. */
export class EmulatorState {
  readonly #note: TakeNote;
  #context: EmulatorContext | null = null;
  #xenstore: EmulatorXenstoreData | null = null;

  constructor(note: TakeNote) {
    this.#note = note;
  }

  /** A libxl record: a later context replaces the earlier one, later keys replace equal ones. */
  record({ head, body }: RecordEvent): void {
    if (body === null) return;
    const { value } = decodeLibxlRecord(head.type, body, bodyContext(head, null));
    if (value === null) return;
    if (head.type === LIBXL_REC_TYPE_EMULATOR_CONTEXT) this.#context = value as EmulatorContext;
    if (head.type === LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA) {
      this.#take(value as EmulatorXenstoreData, head.byteOffset);
    }
  }

  /** What stands in place of a libxl record in other containers. */
  section({ name, body, byteOffset }: SectionEvent): void {
    if (body === null) return;
    const head = { emulatorId: EMULATOR_UNKNOWN, index: 0 };
    if (name === "emulator" || name === "qemu") this.#context = { ...head, context: body };
    if (name === "xenstore") this.#take({ ...head, data: body }, byteOffset);
  }

  /** The records to write; null each where there is none. */
  get records(): EmulatorRecords {
    return { xenstore: this.#xenstore, context: this.#context };
  }

  #take(value: EmulatorXenstoreData, byteOffset: number): void {
    const pairs: [string, string][] = [];
    let dropped = 0;
    for (const { key, value: text } of xenstorePairs(value.data)) {
      if (KEY_CHARACTERS.test(key) && VALUE_CHARACTERS.test(text)) pairs.push([key, text]);
      else dropped += 1;
    }
    if (dropped > 0) {
      const message = `${dropped} Xenstore entries of the device model break LL-XS-3: left out.`;
      this.#note({ note: "xenstore-dropped", message, byteOffset });
    }
    const { emulatorId, index } = value;
    if (this.#xenstore === null) {
      if (pairs.length === 0) return;
      const data = dropped === 0 ? value.data : packXenstorePairs(pairs);
      this.#xenstore = { emulatorId, index, data };
      return;
    }
    const merged = new Map<string, string>();
    for (const { key, value: text } of xenstorePairs(this.#xenstore.data)) merged.set(key, text);
    for (const [key, text] of pairs) merged.set(key, text);
    this.#xenstore = { emulatorId, index, data: packXenstorePairs([...merged]) };
  }
}
