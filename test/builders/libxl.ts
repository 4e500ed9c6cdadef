/**
 * Builders of libxl streams and xl save files around a libxc stream.
 * Source: libxl-stream sections 1 to 3, 6 and 7.
 */
import { ascii, concat, u32be, u32le } from "./bytes.js";
import { qemuState } from "./hvm.js";
import { libxlRecord, type Part } from "./parts.js";

/** Record types of a libxl stream, by their names in the document. */
export const LIBXL_REC = {
  END: 0,
  LIBXC_CONTEXT: 1,
  EMULATOR_XENSTORE_DATA: 2,
  EMULATOR_CONTEXT: 3,
  CHECKPOINT_END: 4,
  CHECKPOINT_STATE: 5,
} as const;

/** Stream header: ident, version and options, big-endian. */
export function libxlHeader(fields: { version?: number; options?: number } = {}): Part {
  const { version = 2, options = 0 } = fields;
  return {
    layer: "libxl",
    type: null,
    bytes: concat(ascii("LibxlFmt"), u32be(version), u32be(options)),
  };
}

/** LIBXC_CONTEXT; a libxc stream follows. */
export const libxcContext = (): Part => libxlRecord(LIBXL_REC.LIBXC_CONTEXT);
/** END of the libxl stream. */
export const libxlEnd = (): Part => libxlRecord(LIBXL_REC.END);
/** CHECKPOINT_END. */
export const checkpointEnd = (): Part => libxlRecord(LIBXL_REC.CHECKPOINT_END);

/** Emulator id of upstream QEMU. */
const QEMU_UPSTREAM = 2;

function emulatorBody(content: Uint8Array, id: number): Uint8Array {
  return concat(u32le(id), u32le(0), content);
}

/** Keys and values, each ended by a NUL; or text that is not so, for tests. */
export function emulatorXenstore(
  content: readonly (readonly [key: string, value: string])[] | string,
  id = QEMU_UPSTREAM,
): Part {
  const text =
    typeof content === "string"
      ? content
      : content.map(([key, value]) => `${key}\0${value}\0`).join("");
  return libxlRecord(LIBXL_REC.EMULATOR_XENSTORE_DATA, emulatorBody(ascii(text), id));
}

/** EMULATOR_CONTEXT around the device state. */
export function emulatorContext(state = qemuState(), id = QEMU_UPSTREAM): Part {
  return libxlRecord(LIBXL_REC.EMULATOR_CONTEXT, emulatorBody(state, id));
}

/** What libxl writes for the graphics memory of a guest. */
export const PHYSMAP: readonly (readonly [string, string])[] = [
  ["physmap/f0000000/start_addr", "f0000000"],
  ["physmap/f0000000/size", "800000"],
  ["physmap/f0000000/name", "vga.vram"],
];

/** A plain libxl stream around a libxc stream; `emulator` records stand behind it. */
export function libxlStream(libxc: readonly Part[], emulator: readonly Part[] = []): Part[] {
  return [libxlHeader(), libxcContext(), ...libxc, ...emulator, libxlEnd()];
}

/**
 * A checkpointed libxl stream. `libxc` is the whole libxc stream, CHECKPOINTs included; libxl's
 * part, `emulator` and CHECKPOINT_END, goes behind each of them.
 */
export function libxlCheckpointed(
  libxc: readonly Part[],
  emulator: readonly Part[],
  checkpointType = 0x0e,
): Part[] {
  const interleaved = libxc.flatMap((part) =>
    part.type === checkpointType ? [part, ...emulator, checkpointEnd()] : [part],
  );
  return [libxlHeader(), libxcContext(), ...interleaved];
}

/** Fields of an xl header that are not to be what xl writes. */
export interface XlFields {
  readonly byteorder?: number;
  /** Bit 0 JSON config, bit 1 v2 stream. */
  readonly mandatoryFlags?: number;
  readonly optionalFlags?: number;
  /** Config as xl stores it, with its trailing NUL; null for none and no optional data. */
  readonly config?: string | null;
  /** Claimed length of the config. */
  readonly configBytes?: number;
  /** Claimed length of the optional data. */
  readonly optionalBytes?: number;
  /** Bytes behind the config that belong to the optional data. */
  readonly rest?: Uint8Array;
}

/** The header of an xl save file, config included. */
export function xlHeader(fields: XlFields = {}): Part {
  const { config = "{}\0", rest = new Uint8Array(0) } = fields;
  const data =
    config === null
      ? rest
      : concat(u32le(fields.configBytes ?? config.length), ascii(config), rest);
  const bytes = concat(
    ascii("Xen saved domain, xl format\n \0 \r"),
    u32le(fields.byteorder ?? 0x0102_0304),
    u32le(fields.mandatoryFlags ?? 3),
    u32le(fields.optionalFlags ?? 0),
    u32le(fields.optionalBytes ?? data.length),
    data,
  );
  return { layer: "xl", type: null, bytes };
}
