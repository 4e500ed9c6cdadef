/**
 * Recognises a legacy stream, which has no magic: by a plausible p2m_size and by what follows it,
 * toolstack width and kind of guest are found out too. Source: legacy specification page, LG-DET-*.
 *
 *   64-bit: p2m_size u64 (octets 4..7 are 0) | PV: all ones u64, total u32, tag | HVM: chunk id i32
 *   32-bit: p2m_size u32 | PV: all ones u32, total u32, tag | HVM: chunk id i32 (never 0)
 */
import {
  type GuestKind,
  LEGACY_BATCH_MAX,
  LEGACY_BLOCK_EXTV,
  LEGACY_BLOCK_HEAD_BYTES,
  LEGACY_BLOCK_VCPU,
  LEGACY_BLOCK_XCNT,
  LEGACY_CHUNK_ID_MIN,
  LEGACY_EXTENDED_INFO_BYTES_MAX,
  LEGACY_P2M_SIZE_MAX,
  type LegacyWidth,
} from "../../format/index.js";
import { GZIP_PROBE } from "../compression/probe.js";
import { HVM_CONTEXT_PROBE } from "../hvm-context/probe.js";
import { latin1, type Probe, viewOf } from "../magic.js";

/** What a reader of a legacy stream must know before its first byte (LG-HDR-3). */
export interface LegacyShape {
  readonly width: LegacyWidth;
  readonly guest: GuestKind;
}

const ALL_ONES = 0xffff_ffff;
const BLOCK_IDS: readonly string[] = [LEGACY_BLOCK_VCPU, LEGACY_BLOCK_EXTV, LEGACY_BLOCK_XCNT];

/**
 * The shape of a legacy stream, from its first 8 to 24 bytes. A head that is shorter, because the
 * file is, is judged by what is there.
 *
 * @returns null if the bytes are no legacy stream, as far as can be seen
 */
export function probeLegacy(head: Uint8Array): LegacyShape | null {
  if (head.length < 8 || GZIP_PROBE.matches(head) || HVM_CONTEXT_PROBE.matches(head)) return null;
  const view = viewOf(head);
  const p2mSize = view.getUint32(0, true);
  if (p2mSize < 1 || p2mSize > LEGACY_P2M_SIZE_MAX) return null;
  const second = view.getInt32(4, true);
  if (second !== 0) {
    if (second === -1) return pvFollows(head, 8) ? { width: 32, guest: "pv" } : null;
    return isChunkId(second) ? { width: 32, guest: "hvm" } : null;
  }
  if (head.length < 12) return null;
  if (hasSignature64(view)) return pvFollows(head, 16) ? { width: 64, guest: "pv" } : null;
  const first = view.getInt32(8, true);
  return first === 0 || isChunkId(first) ? { width: 64, guest: "hvm" } : null;
}

/**
 * The shape where the width is known (told by the user or by a container): only the kind of guest
 * is read from the bytes, and nothing is refused.
 */
export function legacyShapeOf(head: Uint8Array, width: LegacyWidth): LegacyShape {
  const view = viewOf(head);
  const signature =
    width === 32
      ? head.length >= 8 && view.getUint32(4, true) === ALL_ONES
      : head.length >= 12 && hasSignature64(view);
  return { width, guest: signature || hasBlockTag(head, width) ? "pv" : "hvm" };
}

/** The tag of a first block, where extended info has it: its signature may be what is damaged. */
function hasBlockTag(head: Uint8Array, width: LegacyWidth): boolean {
  const at = width === 32 ? 12 : 20;
  return BLOCK_IDS.includes(latin1(head.subarray(at, at + 4)));
}

/** The all-ones u64 at 8, or as much of it as the head holds (at least four octets). */
function hasSignature64(view: DataView): boolean {
  if (view.getUint32(8, true) !== ALL_ONES) return false;
  return view.byteLength < 16 || view.getUint32(12, true) === ALL_ONES;
}

/** A total in bounds (LG-DET-6) and the tag of a block, as far as the head holds them. */
function pvFollows(head: Uint8Array, totalAt: number): boolean {
  if (head.length < totalAt + 8) return true;
  const total = viewOf(head).getUint32(totalAt, true);
  if (total < LEGACY_BLOCK_HEAD_BYTES || total >= LEGACY_EXTENDED_INFO_BYTES_MAX) return false;
  return BLOCK_IDS.includes(latin1(head.subarray(totalAt + 4, totalAt + 8)));
}

function isChunkId(id: number): boolean {
  return (id >= LEGACY_CHUNK_ID_MIN && id <= -1) || (id >= 1 && id <= LEGACY_BATCH_MAX);
}

/** DT-11 and DT-12: the legacy stream. */
export const LEGACY_PROBE: Probe = {
  row: "DT-11",
  name: "legacy",
  matches: (head) => probeLegacy(head) !== null,
};
