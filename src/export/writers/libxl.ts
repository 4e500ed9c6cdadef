/**
 * Writes libxl streams around a libxc stream: begin, the libxc stream, end. The libxc stream needs
 * no length, so it streams through. Source: libxl migration stream document.
 */
import { LIBXL_REC_TYPE_END, type LibxlRecordName } from "../../format/index.js";
import {
  encodeLibxlHeader,
  LIBXL_RECORD_CODECS,
  type LibxlRecordValues,
  libxlHeader,
  type RecordCodec,
} from "../../stream/index.js";
import { writeRecord, writeRecordHeader } from "./records.js";
import type { ByteSink } from "./sink.js";

/** What the device model left behind: both records of one moment. */
export interface EmulatorRecords {
  /** Null: no EMULATOR_XENSTORE_DATA record. */
  readonly xenstore: LibxlRecordValues["EMULATOR_XENSTORE_DATA"] | null;
  /** Null: no EMULATOR_CONTEXT record. */
  readonly context: LibxlRecordValues["EMULATOR_CONTEXT"] | null;
}

/** Write a libxl record from its decoded value. */
export function writeLibxlRecord<N extends LibxlRecordName>(
  sink: ByteSink,
  name: N,
  value: LibxlRecordValues[N],
): void {
  const { type, codec } = LIBXL_RECORD_CODECS[name];
  writeRecord(sink, type, (codec as RecordCodec<LibxlRecordValues[N]>).encode(value));
}

/**
 * Write the header and LIBXC_CONTEXT. The libxc stream follows.
 *
 * @param converted the libxc stream was made of a legacy one
 */
export function beginLibxl(sink: ByteSink, converted = false): void {
  sink.write(encodeLibxlHeader(libxlHeader(converted)));
  writeRecordHeader(sink, LIBXL_RECORD_CODECS.LIBXC_CONTEXT.type, 0);
}

/** Write what stands behind a libxc CHECKPOINT: emulator records, CHECKPOINT_END. */
export function writeLibxlCheckpoint(sink: ByteSink, emulator: EmulatorRecords | null): void {
  writeEmulator(sink, emulator);
  writeRecordHeader(sink, LIBXL_RECORD_CODECS.CHECKPOINT_END.type, 0);
}

/** Write what stands behind the libxc END of a plain stream: emulator records, END. */
export function endLibxl(sink: ByteSink, emulator: EmulatorRecords | null): void {
  writeEmulator(sink, emulator);
  writeRecordHeader(sink, LIBXL_REC_TYPE_END, 0);
}

function writeEmulator(sink: ByteSink, emulator: EmulatorRecords | null): void {
  if (emulator === null) return;
  const { xenstore, context } = emulator;
  if (xenstore !== null) writeLibxlRecord(sink, "EMULATOR_XENSTORE_DATA", xenstore);
  if (context !== null) writeLibxlRecord(sink, "EMULATOR_CONTEXT", context);
}
