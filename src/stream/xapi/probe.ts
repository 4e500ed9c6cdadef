/**
 * Recognises a XAPI suspend image, structured or old, by its signature. Source: xen-api
 * suspend_image.ml (facts); DT-5, DT-6.
 */
import { XAPI_SIGNATURE, XAPI_SIGNATURE_OLD } from "../../format/index.js";
import { type Probe, startsWith } from "../magic.js";

/** DT-5: the structured image. */
export const XAPI_PROBE: Probe = {
  row: "DT-5",
  name: "xapi",
  matches: (head) => startsWith(head, XAPI_SIGNATURE),
};

/** DT-6: the old image, around a legacy stream. */
export const XAPI_OLD_PROBE: Probe = {
  row: "DT-6",
  name: "xapi",
  matches: (head) => startsWith(head, XAPI_SIGNATURE_OLD),
};
