/**
 * What the frame formats of zstd and LZ4 have in common: little-endian numbers and frames that
 * carry no data. Source: RFC 8878, 3.1.2; LZ4 Frame Format, Skippable Frames.
 */
import type { Feed, Feeding } from "./decoder.js";

const SKIPPABLE_MAGIC = 0x184d2a50;
const SKIPPABLE_MASK = 0xfffffff0;
const SKIP_STEP_BYTES = 64 * 1024;

/** Little-endian. */
export function u32(bytes: Uint8Array, at: number): number {
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  return (low | (bytes[at + 3]! << 24)) >>> 0;
}

/** True for the sixteen magics of frames whose payload is nobody's business. */
export function isSkippable(magic: number): boolean {
  return (magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC;
}

/** Pass over the payload of a skippable frame, whose magic was taken. */
export function* skipFrame(feed: Feed): Feeding<void> {
  let left = u32(yield* feed.take(4, "the length of a skippable frame"), 0);
  while (left > 0) {
    const step = Math.min(left, SKIP_STEP_BYTES);
    yield* feed.take(step, "a skippable frame");
    left -= step;
  }
}
