/**
 * The checks of an .xz stream: what its flags name for decoded bytes, and CRC-32 for its own parts.
 * Source: The .xz File Format 1.2.1, 2.1.1.2 and 3.4.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Crc64 } from "./crc64.js";
import type { Feed } from "./decoder.js";

/** Stream Flags, as they stand in header and footer. */
export type StreamFlags = readonly [number, number];

/** A running check of decoded bytes. */
export interface Check {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** The check that Stream Flags name; null for none. */
export function makeCheck(feed: Feed, flags: StreamFlags): Check | null {
  if (flags[0] === 0) {
    if (flags[1] === 0x00) return null;
    if (flags[1] === 0x01) return new Crc32();
    if (flags[1] === 0x04) return new Crc64();
    if (flags[1] === 0x0a) return createHash("sha256");
  }
  const what = `xz stream with unknown flags ${flags[0]}, ${flags[1]}`;
  throw feed.fault("compressed-unsupported", what);
}

class Crc32 implements Check {
  #sum = 0;

  update(bytes: Uint8Array): void {
    this.#sum = crc32(bytes, this.#sum);
  }

  digest(): Uint8Array {
    return new Uint8Array(Uint32Array.of(this.#sum).buffer); // little-endian, as all Node runs on
  }
}

/** Insist on the CRC-32 of a part of the container. */
export function checkCrc32(feed: Feed, bytes: Uint8Array, stored: number, what: string): void {
  if (crc32(bytes) !== stored) throw feed.fault("compressed-checksum", `${what} fails its check`);
}
