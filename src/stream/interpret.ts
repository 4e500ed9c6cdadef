/**
 * Inspection of a record of any layer: all that its body says, JSON-able. Verdicts do not come from
 * here.
 */
import type { Layer } from "../format/index.js";
import type { BodyContext } from "./codec.js";
import { interpretLibxcRecord } from "./libxc/records.js";
import { interpretLibxlRecord } from "./libxl/codec.js";

/**
 * What the body of a record says, with the field names of its standard.
 *
 * @returns undefined for a type that is not known, a body that does not frame, and layers whose
 *   records have no codec here
 */
export function interpretRecord(
  layer: Layer,
  type: number,
  body: Uint8Array,
  context: BodyContext,
): Record<string, unknown> | undefined {
  // A legacy stream is read as the libxc records that it stands for.
  if (layer === "libxc" || layer === "legacy") {
    return interpretLibxcRecord(type, body, context) ?? undefined;
  }
  if (layer === "libxl") return interpretLibxlRecord(type, body, context) ?? undefined;
  return undefined;
}
