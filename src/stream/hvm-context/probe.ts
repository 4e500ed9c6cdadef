/**
 * Recognises a bare HVM context: its first descriptor is HEADER, instance 0, 24 bytes, and the
 * header begins with its magic. Source: Xen public hvm/save.h (facts); DT-10.
 */
import {
  HVM_DESCRIPTOR_BYTES,
  HVM_HEADER_BYTES,
  HVM_HEADER_MAGIC,
  HVM_TYPE_HEADER,
} from "../../format/index.js";
import { type Probe, viewOf } from "../magic.js";

/** DT-10: the bare HVM context. */
export const HVM_CONTEXT_PROBE: Probe = {
  row: "DT-10",
  name: "hvm-context",
  matches: (head) => {
    if (head.length < HVM_DESCRIPTOR_BYTES + 4) return false;
    const view = viewOf(head);
    return (
      view.getUint16(0, true) === HVM_TYPE_HEADER &&
      view.getUint16(2, true) === 0 &&
      view.getUint32(4, true) === HVM_HEADER_BYTES &&
      view.getUint32(HVM_DESCRIPTOR_BYTES, true) === HVM_HEADER_MAGIC
    );
  },
};
