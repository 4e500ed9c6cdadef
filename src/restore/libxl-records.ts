/**
 * The records of the libxl layer as they arrive: emulator state and its Xenstore entries are kept,
 * their rules judged. Order and phases are the reader's. Source: libxl stream document.
 */
import {
  EMULATOR_UNKNOWN,
  type GuestKind,
  LIBXL_REC_TYPE_EMULATOR_CONTEXT,
  LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA,
} from "../format/index.js";
import {
  bodyContext,
  type EmulatorContext,
  type EmulatorXenstoreData,
  libxlRecordRow,
  placeOf,
  type RecordCodec,
  type RecordEvent,
  type RecordHead,
  type SectionEvent,
  xenstorePairs,
} from "../stream/index.js";
import type { DomainType } from "./config.js";
import type { RestoreOptions } from "./options.js";

/** What an emulator record holds, as a restorer hands it on. */
export interface EmulatorState {
  readonly id: number;
  readonly bytes: number;
}

export class LibxlRecords {
  readonly #options: RestoreOptions;
  /** What the last EMULATOR_CONTEXT holds for the device model (LL-EMU-4). */
  emulatorContext: Uint8Array | null = null;
  emulator: EmulatorState | null = null;
  /** Key and value pairs of all EMULATOR_XENSTORE_DATA records, in order. */
  readonly xenstore: [string, string][] = [];

  /** Emulator records that came before it was known whether the domain may have them. */
  readonly #early: RecordHead[] = [];
  #contextInEpoch = false;
  /** What the container's config says of the domain: only an HVM domain has a device model. */
  domainType: DomainType | null = null;

  constructor(options: RestoreOptions) {
    this.#options = options;
  }

  /** What other containers and legacy streams hold in place of emulator records. */
  section(section: SectionEvent): void {
    if (section.name === "emulator") {
      this.emulatorContext = section.body;
      this.emulator = { id: EMULATOR_UNKNOWN, bytes: section.bytes };
    }
    if (section.name === "xenstore" && section.body !== null) this.#takePairs(section.body);
  }

  #takePairs(strings: Uint8Array): void {
    for (const { key, value } of xenstorePairs(strings)) this.xenstore.push([key, value]);
  }

  /** The domain's kind is known now: judge the emulator records that came before (LL-EMU-3). */
  guestKnown(guest: GuestKind): void {
    for (const head of this.#early.splice(0)) {
      if (guest === "pv") this.#options.report({ ...placeOf(head), rule: "LL-EMU-3" });
    }
  }

  /** A checkpoint is over: its emulator state may come again. */
  epochCommitted(): void {
    this.#contextInEpoch = false;
  }

  record(event: RecordEvent, guest: GuestKind | null): void {
    const { head, body } = event;
    if (body === null) return;
    const row = libxlRecordRow(head.type);
    if (row === null) return;
    const codec: RecordCodec<unknown> = row.codec as RecordCodec<never>;
    const { value, faults } = codec.decode(body, bodyContext(head));
    let stopped = value === null;
    for (const fault of faults) stopped = this.#options.report(fault) || stopped;
    const emulator =
      head.type === LIBXL_REC_TYPE_EMULATOR_CONTEXT ||
      head.type === LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA;
    // What the domain is, its config decides: a stream of another kind is LC-DOM-1.
    const type = this.domainType ?? guest;
    if (emulator && type === null) this.#early.push(head);
    if (emulator && (type === "pv" || type === "pvh")) {
      stopped = this.#options.report({ ...placeOf(head), rule: "LL-EMU-3" }) || stopped;
    }
    if (stopped) return;
    if (head.type === LIBXL_REC_TYPE_EMULATOR_CONTEXT) {
      if (this.#contextInEpoch) this.#options.report({ ...placeOf(head), rule: "LL-EMU-4" });
      this.#contextInEpoch = true;
      const { emulatorId, context } = value as EmulatorContext;
      this.emulatorContext = context;
      this.emulator = { id: emulatorId, bytes: context.length };
    }
    if (head.type === LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA) {
      this.#takePairs((value as EmulatorXenstoreData).data);
    }
  }
}
