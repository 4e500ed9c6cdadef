/**
 * First bytes of the compressions that may stand around a file. Xen's tools write none of them.
 * Source: RFC 1952 (gzip), RFC 8878 (zstd), the xz and the lz4 frame formats.
 */
import type { Compression } from "./containers.js";

/** First bytes by compression; gzip's are those of its only method, deflate. */
export const COMPRESSION_MAGIC: Readonly<Record<Compression, readonly number[]>> = {
  gzip: [0x1f, 0x8b, 0x08],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  lz4: [0x04, 0x22, 0x4d, 0x18],
};

/** Flag bits of a gzip header (its byte 3) that are reserved and zero. */
export const GZIP_FLAGS_RESERVED = 0xe0;
