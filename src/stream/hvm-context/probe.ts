/**
 * Recognises a bare HVM context: its first descriptor is HEADER, instance 0, 24 bytes, and the
 * header begins with its magic. Source: Xen public hvm/save.h (facts); DT-10.
 */
import { type Probe, startsWithBytes } from "../magic.js";

/** u16 typecode 1, u16 instance 0, u32 length 24, u32 magic 0x54381286. */
const FIRST_BYTES = [0x01, 0, 0, 0, 0x18, 0, 0, 0, 0x86, 0x12, 0x38, 0x54] as const;

/** DT-10: the bare HVM context. */
export const HVM_CONTEXT_PROBE: Probe = {
  row: "DT-10",
  name: "hvm-context",
  matches: (head) => startsWithBytes(head, FIRST_BYTES),
};
