/**
 * A sound image of any size that takes next to no disk: all its pages are zero and become holes of
 * a sparse file. For benchmarks that read headers and entries alone.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { imageItems, modelOf, resolveGenerateOptions, writeItem } from "../../src/export/index.js";

/** Zeros shorter than this are written, not skipped. */
const HOLE_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(HOLE_BYTES);

/** Write one to `path`. */
export function writeSparseImage(path: string, guestBytes: number): void {
  const options = resolveGenerateOptions({
    sizeBytes: guestBytes,
    zeroPercent: 100,
    repeatPercent: 0,
  });
  const fd = openSync(path, "w");
  let byteOffset = 0;
  const write = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; at += HOLE_BYTES) {
      const piece = bytes.subarray(at, at + HOLE_BYTES);
      if (Buffer.compare(piece, ZEROS) !== 0)
        writeSync(fd, piece, 0, piece.length, byteOffset + at);
    }
    byteOffset += bytes.length;
  };
  try {
    for (const item of imageItems(modelOf(options), options)) writeItem({ write }, item);
    ftruncateSync(fd, byteOffset);
  } finally {
    closeSync(fd);
  }
}
