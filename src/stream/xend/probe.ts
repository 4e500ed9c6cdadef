/**
 * Recognises a xend save file by its magic. Source: Xen 4.4 XendCheckpoint.py (facts); DT-8.
 */
import { XEND_MAGIC } from "../../format/index.js";
import { type Probe, startsWith } from "../magic.js";

/** DT-8: the xend save file. */
export const XEND_PROBE: Probe = {
  row: "DT-8",
  name: "xend",
  matches: (head) => startsWith(head, XEND_MAGIC),
};
