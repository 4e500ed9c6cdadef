/**
 * The limit on what a reader takes into memory besides pages. No format knowledge here.
 */
import { Budget, type Limits } from "../findings/index.js";
import type { Job } from "./protocol.js";
import { readBytes, skipBytes } from "./requests.js";

/** A section with its claimed length, or how much of it is there. */
export type SectionRead =
  | { readonly kind: "whole"; readonly body: Uint8Array }
  | { readonly kind: "cut"; readonly present: number };

/**
 * Agree to hold `bytes` bytes of one section, or of facts collected from many.
 *
 * @throws {CapacityError} where that is more than `limits.maxMetadataBytes`
 */
export function mayHold(limits: Limits, bytes: number): void {
  new Budget(limits, "maxMetadataBytes").take(bytes);
}

/**
 * Read a section that must be whole. One beyond the limit is passed over first: if the input ends
 * inside it, its length is wrong, and no limit of ours is in the way.
 *
 * @throws {CapacityError} where it is there, but longer than `limits.maxMetadataBytes`
 */
export function* readSection(byteOffset: number, bytes: number, limits: Limits): Job<SectionRead> {
  if (bytes <= limits.maxMetadataBytes) {
    const body = yield* readBytes(byteOffset, bytes);
    if (body.length === bytes) return { kind: "whole", body };
    return { kind: "cut", present: body.length };
  }
  const present = yield* skipBytes(byteOffset, bytes);
  if (present === bytes) mayHold(limits, bytes);
  return { kind: "cut", present };
}
