/**
 * Numbers of QEMU's device state, as far as it can be read without knowing every device.
 *
 *   all BE: magic u32 | version u32 | sections, each beginning with its type u8
 *
 * Source: QEMU's migration documentation.
 */

/** "QEVM". */
export const QEMU_MAGIC = 0x5145_564d;
/** Version 2 is obsolete. */
export const QEMU_VERSION_MIN = 2;
export const QEMU_VERSION_MAX = 3;

export const QEMU_SECTION_EOF = 0x00;
export const QEMU_SECTION_START = 0x01;
export const QEMU_SECTION_FULL = 0x04;

/** Section names by type. */
export const QEMU_SECTION_NAMES: ReadonlyMap<number, string> = new Map([
  [QEMU_SECTION_EOF, "end-of-file"],
  [QEMU_SECTION_START, "start"],
  [0x02, "part"],
  [0x03, "end"],
  [QEMU_SECTION_FULL, "full"],
  [0x05, "subsection"],
  [0x06, "description"],
  [0x07, "configuration"],
  [0x08, "command"],
  [0x7e, "footer"],
]);
