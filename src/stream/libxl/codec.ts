/**
 * The table of record types of the libxl stream: name, codec of each. Exhaustive by type. What a
 * record's place in the stream means is the reader's business.
 * Source: libxl migration stream document.
 */
import type { Fault } from "../../findings/index.js";
import {
  CHECKPOINT_STATE_BYTES,
  CHECKPOINT_STATE_NAMES,
  LIBXL_RECORD_NAMES,
  type LibxlRecordName,
} from "../../format/index.js";
import { concatBytes, readU32, writeU32 } from "../bytes.js";
import {
  ANY_SIZE,
  atLeast,
  type BodyContext,
  type Decoded,
  exactly,
  interpretBody,
  type RecordCodec,
  sizeFaults,
} from "../codec.js";
import { printedIfAny } from "../print.js";
import { EMULATOR_CONTEXT_CODEC, type EmulatorContext } from "./emulator-context.js";
import { EMULATOR_XENSTORE_DATA_CODEC, type EmulatorXenstoreData } from "./emulator-xenstore.js";

/** END, LIBXC_CONTEXT, CHECKPOINT_END: the body should be empty and is dropped by a restorer. */
export interface LibxlMarker {
  readonly body: Uint8Array;
}

/** Codec of the three markers. LL-REC-5 */
export const LIBXL_MARKER_CODEC: RecordCodec<LibxlMarker> = {
  sizes: ANY_SIZE,
  lengthFaults: markerLengthFaults,
  decode: (body, context) => ({
    value: { body },
    faults: markerLengthFaults(body.length, context),
  }),
  encode: (value) => value.body.slice(),
  interpret: (value) => printedIfAny("body", value.body),
};

function markerLengthFaults(bodyBytes: number, context: BodyContext): Fault[] {
  return sizeFaults(exactly(0), "LL-REC-5", bodyBytes, context);
}

/** CHECKPOINT_STATE: what one side of COLO tells the other. */
export interface CheckpointState {
  readonly id: number;
  /** The document draws four more bytes, which no writer writes. */
  readonly surplus: Uint8Array;
}

/** Codec of CHECKPOINT_STATE. LL-CS-1 */
export const CHECKPOINT_STATE_CODEC: RecordCodec<CheckpointState> = {
  sizes: atLeast(CHECKPOINT_STATE_BYTES),
  lengthFaults: stateLengthFaults,
  decode(body, context) {
    const faults = stateLengthFaults(body.length, context);
    if (faults.length > 0) return { value: null, faults };
    const value = { id: readU32(body, 0), surplus: body.subarray(CHECKPOINT_STATE_BYTES) };
    return { value, faults };
  },
  encode(value) {
    const id = new Uint8Array(CHECKPOINT_STATE_BYTES);
    writeU32(id, 0, value.id);
    return concatBytes(id, value.surplus);
  },
  interpret: (value) => ({
    control_id: value.id,
    control_name: CHECKPOINT_STATE_NAMES[value.id] ?? null,
    ...printedIfAny("surplus", value.surplus),
  }),
};

function stateLengthFaults(bodyBytes: number, context: BodyContext): Fault[] {
  return sizeFaults(atLeast(CHECKPOINT_STATE_BYTES), "LL-CS-1", bodyBytes, context);
}

/** The decoded form of each record. */
export interface LibxlRecordValues {
  readonly END: LibxlMarker;
  readonly LIBXC_CONTEXT: LibxlMarker;
  readonly EMULATOR_XENSTORE_DATA: EmulatorXenstoreData;
  readonly EMULATOR_CONTEXT: EmulatorContext;
  readonly CHECKPOINT_END: LibxlMarker;
  readonly CHECKPOINT_STATE: CheckpointState;
}

/** One row of the table. */
export interface LibxlRecordRow<N extends LibxlRecordName> {
  readonly type: number;
  readonly name: N;
  /** The record says all by being there; its body should be empty. */
  readonly marker: boolean;
  readonly codec: RecordCodec<LibxlRecordValues[N]>;
}

function row<N extends LibxlRecordName>(
  name: N,
  codec: RecordCodec<LibxlRecordValues[N]>,
): LibxlRecordRow<N> {
  const marker = (codec as unknown) === LIBXL_MARKER_CODEC;
  return { type: LIBXL_RECORD_NAMES.indexOf(name), name, marker, codec };
}

/** Every record type by name. */
export const LIBXL_RECORD_CODECS: { readonly [N in LibxlRecordName]: LibxlRecordRow<N> } = {
  END: row("END", LIBXL_MARKER_CODEC),
  LIBXC_CONTEXT: row("LIBXC_CONTEXT", LIBXL_MARKER_CODEC),
  EMULATOR_XENSTORE_DATA: row("EMULATOR_XENSTORE_DATA", EMULATOR_XENSTORE_DATA_CODEC),
  EMULATOR_CONTEXT: row("EMULATOR_CONTEXT", EMULATOR_CONTEXT_CODEC),
  CHECKPOINT_END: row("CHECKPOINT_END", LIBXL_MARKER_CODEC),
  CHECKPOINT_STATE: row("CHECKPOINT_STATE", CHECKPOINT_STATE_CODEC),
};

/** The row of a type number whose value's type is not known to the compiler. */
export type AnyLibxlRecordRow = {
  readonly [N in LibxlRecordName]: LibxlRecordRow<N>;
}[LibxlRecordName];

/** The row of a type number; null for a type that is not known. */
export function libxlRecordRow(type: number): AnyLibxlRecordRow | null {
  const name = LIBXL_RECORD_NAMES[type];
  return name === undefined ? null : LIBXL_RECORD_CODECS[name];
}

/** A decoded body with the name of its record: told apart by `name`. */
export type LibxlRecordValue = {
  readonly [N in LibxlRecordName]: LibxlRecordValues[N] & { readonly name: N };
}[LibxlRecordName];

/**
 * Decode the body of a record of any type.
 *
 * @param type  of the record; an unknown one has no value and no faults
 */
export function decodeLibxlRecord(
  type: number,
  body: Uint8Array,
  context: BodyContext,
): Decoded<LibxlRecordValue> {
  const row = libxlRecordRow(type);
  if (row === null) return { value: null, faults: [] };
  const { value, faults } = (row.codec as RecordCodec<object>).decode(body, context);
  return { value: value && ({ ...value, name: row.name } as LibxlRecordValue), faults };
}

/**
 * All that a body says, JSON-able: for inspection.
 *
 * @returns null for an unknown type or a body that does not frame
 */
export function interpretLibxlRecord(
  type: number,
  body: Uint8Array,
  context: BodyContext,
): Record<string, unknown> | null {
  const row = libxlRecordRow(type);
  return row && interpretBody(row.codec as RecordCodec<unknown>, body, context);
}
