/**
 * The records of the libxl layer as they arrive: emulator state and its Xenstore entries are kept,
 * their rules judged. Order and phases are the reader's. Source: libxl stream document.
 */
import {
  type GuestKind,
  LIBXL_REC_TYPE_EMULATOR_CONTEXT,
  LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA,
} from "../format/index.js";
import { bodyOffset, decodeLibxlRecord, placeOf, type RecordEvent } from "../stream/index.js";
import type { KeptRecord } from "./facts.js";
import type { RestoreOptions } from "./options.js";

/** What an emulator record holds, as a restorer hands it on. */
export interface EmulatorState {
  readonly id: number;
  readonly bytes: number;
}

export class LibxlRecords {
  readonly #options: RestoreOptions;
  /** The last EMULATOR_CONTEXT (LL-EMU-4). */
  emulatorContext: KeptRecord | null = null;
  emulator: EmulatorState | null = null;
  /** Key and value pairs of all EMULATOR_XENSTORE_DATA records, in order. */
  readonly xenstore: [string, string][] = [];

  constructor(options: RestoreOptions) {
    this.#options = options;
  }

  record(event: RecordEvent, guest: GuestKind | null): void {
    const { head, body } = event;
    if (body === null) return;
    const place = { ...placeOf(head), bodyByteOffset: bodyOffset(head) };
    const decoded = decodeLibxlRecord(head.type, body, place);
    let stopped = false;
    for (const fault of decoded.faults) stopped = this.#options.report(fault) || stopped;
    const emulator =
      head.type === LIBXL_REC_TYPE_EMULATOR_CONTEXT ||
      head.type === LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA;
    if (emulator && guest === "pv") {
      stopped = this.#options.report({ ...placeOf(head), rule: "LL-EMU-3" }) || stopped;
    }
    if (stopped) return;
  }
}
