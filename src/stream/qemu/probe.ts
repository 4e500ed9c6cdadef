/**
 * Recognises bare QEMU device state by its magic. Source: QEMU migration/savevm.c (facts); DT-9.
 */
import { QEMU_MAGIC } from "../../format/index.js";
import { type Probe, viewOf } from "../magic.js";

/** DT-9: QEMU device state. */
export const QEMU_PROBE: Probe = {
  row: "DT-9",
  name: "qemu",
  matches: (head) => head.length >= 4 && viewOf(head).getUint32(0, false) === QEMU_MAGIC,
};
