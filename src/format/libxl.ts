/**
 * Numbers of the libxl domain image stream, version 2. Numbers only.
 *
 *   header (16, BE): ident "LibxlFmt" u64 | version u32 | options u32
 *   record:          type u32 | body_length u32 | body | zero padding to 8
 *
 * Source: libxl migration stream document.
 */

export const LIBXL_HEADER_BYTES = 16;
export const LIBXL_IDENT = "LibxlFmt";
export const LIBXL_VERSION = 2;
export const LIBXL_OPTION_BIG_ENDIAN = 0x1;
export const LIBXL_OPTION_LEGACY = 0x2;

export const LIBXL_REC_TYPE_END = 0;
export const LIBXL_REC_TYPE_LIBXC_CONTEXT = 1;
export const LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA = 2;
export const LIBXL_REC_TYPE_EMULATOR_CONTEXT = 3;
export const LIBXL_REC_TYPE_CHECKPOINT_END = 4;
export const LIBXL_REC_TYPE_CHECKPOINT_STATE = 5;

/** Record names by type number, as the document spells them. */
export const LIBXL_RECORD_NAMES = [
  "END",
  "LIBXC_CONTEXT",
  "EMULATOR_XENSTORE_DATA",
  "EMULATOR_CONTEXT",
  "CHECKPOINT_END",
  "CHECKPOINT_STATE",
] as const;

export type LibxlRecordName = (typeof LIBXL_RECORD_NAMES)[number];

export const EMULATOR_HEAD_BYTES = 8;
export const EMULATOR_UNKNOWN = 0;
export const EMULATOR_QEMU_TRADITIONAL = 1;
export const EMULATOR_QEMU_UPSTREAM = 2;
export const EMULATOR_NAMES = ["unknown", "qemu-traditional", "qemu"] as const;
export const CHECKPOINT_STATE_BYTES = 4;
export const CHECKPOINT_STATE_NAMES = ["new", "suspended", "ready", "resumed"] as const;
