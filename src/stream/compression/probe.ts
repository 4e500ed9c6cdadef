/**
 * Recognises compressed input by its first bytes, so that it can be named; input/ decompresses.
 * Source: RFC 1952, RFC 8878, the xz and lz4 frame formats; DT-13.
 */
import {
  COMPRESSION_MAGIC,
  type Compression,
  GZIP_FLAGS_RESERVED,
  LEGACY_BATCH_MAX,
  LEGACY_CHUNK_TSC_INFO,
} from "../../format/index.js";
import { type Probe, startsWithBytes, viewOf } from "../magic.js";

/**
 * gzip's magic is also the p2m_size of some legacy guest (0x088b1f pages and every 2^24 more), and
 * its time stamp then stands where the first chunk is. Gzip it is, unless there stands what a real
 * legacy saver begins with: TSC info, a full batch, or the PV signature.
 */
function isGzip(head: Uint8Array): boolean {
  if (!startsWithBytes(head, COMPRESSION_MAGIC.gzip)) return false;
  if (((head[3] ?? 0) & GZIP_FLAGS_RESERVED) !== 0) return false;
  if (head.length < 12) return true;
  const second = viewOf(head).getInt32(4, true);
  const first = second === 0 ? viewOf(head).getInt32(8, true) : second;
  return first !== LEGACY_CHUNK_TSC_INFO && first !== LEGACY_BATCH_MAX && first !== -1;
}

function probeOf(name: Compression): Probe {
  const matches = (head: Uint8Array) => startsWithBytes(head, COMPRESSION_MAGIC[name]);
  return { row: "DT-13", name, matches: name === "gzip" ? isGzip : matches };
}

/** DT-13: gzip, whose magic a legacy stream can share. */
export const GZIP_PROBE: Probe = probeOf("gzip");
/** DT-13: zstd. */
export const ZSTD_PROBE: Probe = probeOf("zstd");
/** DT-13: xz. */
export const XZ_PROBE: Probe = probeOf("xz");
/** DT-13: lz4. */
export const LZ4_PROBE: Probe = probeOf("lz4");
