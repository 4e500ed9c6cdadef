/**
 * Recognises a format by its first bytes: the table of probes and the order they are asked in. It
 * guesses from nothing else (DT-16); what is done about the answer is open.ts. Source: libxl
 * specification page, DT-1..16.
 */
import { UsageError } from "../findings/index.js";
import { type Compression, LAYERS, type Layer, type LegacyWidth } from "../format/index.js";
import { GZIP_PROBE, LZ4_PROBE, XZ_PROBE, ZSTD_PROBE } from "./compression/probe.js";
import { HVM_CONTEXT_PROBE } from "./hvm-context/probe.js";
import { LEGACY_PROBE, type LegacyShape, legacyShapeOf, probeLegacy } from "./legacy/probe.js";
import { LIBVIRT_PROBE } from "./libvirt/probe.js";
import { hasImageMarker, LIBXC_PROBE } from "./libxc/probe.js";
import { LIBXL_PROBE } from "./libxl/probe.js";
import type { Probe } from "./magic.js";
import { QEMU_PROBE } from "./qemu/probe.js";
import { XAPI_OLD_PROBE, XAPI_PROBE } from "./xapi/probe.js";
import { XEND_PROBE } from "./xend/probe.js";
import { XENSTORE_PROBE } from "./xenstore/probe.js";
import { XL_PROBE } from "./xl/probe.js";

/** Bytes that detection looks at; fewer only where the input is shorter. */
export const DETECT_BYTES = 64;

/** What a user may name where the bytes cannot tell: a format, or a legacy stream's width too. */
export type FormatHint = Layer | "legacy32" | "legacy64";

/** Every FormatHint. */
export const FORMAT_HINTS: readonly FormatHint[] = [...LAYERS, "legacy32", "legacy64"];

function isFormatHint(hint: string): hint is FormatHint {
  return (FORMAT_HINTS as readonly string[]).includes(hint);
}

/** What the first bytes are. */
export type Detected =
  | { readonly name: Exclude<Layer, "legacy"> | Compression; readonly row: string }
  | { readonly name: "legacy"; readonly row: string; readonly legacy: LegacyShape }
  | { readonly name: "unknown"; readonly row: "DT-14"; readonly reason: string };

/** Every probe, in the order of the specification page; the formats with a magic come first. */
export const PROBES: readonly Probe[] = [
  LIBXC_PROBE,
  LIBXL_PROBE,
  XL_PROBE,
  LIBVIRT_PROBE,
  XAPI_PROBE,
  XAPI_OLD_PROBE,
  XENSTORE_PROBE,
  XEND_PROBE,
  QEMU_PROBE,
  HVM_CONTEXT_PROBE,
  GZIP_PROBE,
  ZSTD_PROBE,
  XZ_PROBE,
  LZ4_PROBE,
  LEGACY_PROBE,
];

/**
 * Name the format that `head` begins.
 *
 * A magic decides whatever the hint says, so that a hint for the inner stream of a container does
 * no harm outside; a hint decides before the guess that a legacy stream needs.
 *
 * @param head  the first DETECT_BYTES bytes, fewer only where the input is shorter
 * @param hint  one of FORMAT_HINTS, as the user gave it; null if he gave none
 * @throws {UsageError} where the hint is none of them
 */
export function detect(head: Uint8Array, hint: string | null = null): Detected {
  if (hint !== null && !isFormatHint(hint)) {
    const allowed = FORMAT_HINTS.join(", ");
    throw new UsageError(`"${hint}" is no format`, { option: "--format-hint", allowed });
  }
  const probe = PROBES.find((candidate) => candidate.matches(head));
  if (probe !== undefined && probe.name !== "legacy") {
    return { name: probe.name, row: probe.row };
  }
  if (hint !== null) return hinted(head, hint);
  const legacy = probeLegacy(head);
  if (legacy !== null) {
    return { name: "legacy", row: legacy.width === 64 ? "DT-11" : "DT-12", legacy };
  }
  return { name: "unknown", row: "DT-14", reason: reasonOf(head) };
}

function hinted(head: Uint8Array, hint: FormatHint): Detected {
  switch (hint) {
    case "legacy32":
    case "legacy64": {
      const width: LegacyWidth = hint === "legacy32" ? 32 : 64;
      return { name: "legacy", row: "LG-HDR-3", legacy: legacyShapeOf(head, width) };
    }
    case "legacy": {
      const legacy = probeLegacy(head) ?? legacyShapeOf(head, widthOf(head));
      return { name: "legacy", row: "LG-HDR-2", legacy };
    }
    default:
      return { name: hint, row: "hint" };
  }
}

/** LG-HDR-2: octets 4..7 are zero in a stream of a 64-bit toolstack, and never in another. */
function widthOf(head: Uint8Array): LegacyWidth {
  return head.subarray(4, 8).every((byte) => byte === 0) ? 64 : 32;
}

function reasonOf(head: Uint8Array): string {
  if (head.length === 0) return "The input is empty.";
  if (hasImageMarker(head)) {
    return "It begins with the marker of a libxc image header, but the id XENF does not follow.";
  }
  if (head.length < 8) return `It holds ${head.length} bytes, too few for any format.`;
  return "Its first bytes are those of no known format, nor plausible as a legacy stream.";
}
