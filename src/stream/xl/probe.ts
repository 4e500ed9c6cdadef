/**
 * Recognises an xl save file by its 32-byte magic. Source: libxl specification page, DT-3.
 */
import { XL_MAGIC } from "../../format/index.js";
import { type Probe, startsWith } from "../magic.js";

/** DT-3: the xl save file. */
export const XL_PROBE: Probe = {
  row: "DT-3",
  name: "xl",
  matches: (head) => startsWith(head, XL_MAGIC),
};
