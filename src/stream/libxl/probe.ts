/**
 * Recognises a libxl stream by its ident. Source: libxl migration stream document; DT-2.
 */
import { LIBXL_IDENT } from "../../format/index.js";
import { type Probe, startsWith } from "../magic.js";

/** DT-2: the libxl stream. */
export const LIBXL_PROBE: Probe = {
  row: "DT-2",
  name: "libxl",
  matches: (head) => startsWith(head, LIBXL_IDENT),
};
