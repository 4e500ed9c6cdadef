/**
 * Recognises a Xenstore stream by its ident. Source: Xenstore migration stream document; DT-7.
 */
import { XENSTORE_IDENT } from "../../format/index.js";
import { type Probe, startsWith } from "../magic.js";

/** DT-7: the Xenstore stream. */
export const XENSTORE_PROBE: Probe = {
  row: "DT-7",
  name: "xenstore",
  matches: (head) => startsWith(head, XENSTORE_IDENT),
};
