/**
 * LiME memory images, as Volatility reads them: each run of pages behind a header of its own.
 *
 *   0 u32 magic "EMiL" | 4 u32 version 1 | 8 u64 first address | 16 u64 last address | 24 8 x zero
 *
 * Source: the LiME project's description of its format (facts); all fields little-endian.
 */
import { PAGE_BYTES } from "../../format/index.js";
import type { MemoryLayout, Runs } from "./parts.js";

const MAGIC = 0x4c69_4d45;
const VERSION = 1;
/** Bytes of a run's header. */
export const LIME_HEADER_BYTES = 32;

/** The LiME layout of runs. */
export function limeLayout(runs: Runs): MemoryLayout {
  let sizeBytes = 0;
  for (const { count } of runs()) sizeBytes += LIME_HEADER_BYTES + count * PAGE_BYTES;
  return {
    sizeBytes,
    *parts() {
      let fileOffset = 0;
      for (const { first, count } of runs()) {
        yield { part: "bytes", fileOffset, bytes: header(first, count) };
        fileOffset += LIME_HEADER_BYTES;
        yield { part: "pages", fileOffset, first, count };
        fileOffset += count * PAGE_BYTES;
      }
    },
  };
}

function header(first: number, count: number): Uint8Array {
  const bytes = new Uint8Array(LIME_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setBigUint64(8, BigInt(first * PAGE_BYTES), true);
  view.setBigUint64(16, BigInt((first + count) * PAGE_BYTES - 1), true);
  return bytes;
}
