/**
 * Recognises a libvirt save file by its 16-byte magic. Source: libxl specification page, DT-4.
 */
import { LIBVIRT_MAGIC } from "../../format/index.js";
import { type Probe, startsWith } from "../magic.js";

/** DT-4: the libvirt save file. */
export const LIBVIRT_PROBE: Probe = {
  row: "DT-4",
  name: "libvirt",
  matches: (head) => startsWith(head, LIBVIRT_MAGIC),
};
