/**
 * The few ways in which readers ask for bytes, as jobs to delegate to. They bound what a claimed
 * length can cost: memory grows only as bytes really arrive.
 */
import type { Job } from "./protocol.js";

/** First allocation for a body whose claimed length is larger; doubled while bytes keep coming. */
const BODY_STEP_BYTES = 1024 * 1024;

/**
 * Fill `into` from `byteOffset` on.
 *
 * @returns bytes got; fewer than `into.length` only at the end of the input
 */
export function* readInto(byteOffset: number, into: Uint8Array): Job<number> {
  if (into.length === 0) return 0;
  return yield { request: "read", byteOffset, into };
}

/**
 * Read `bytes` bytes into memory of their own.
 *
 * @returns the bytes, owned by the caller; shorter than asked only at the end of the input
 */
export function* readBytes(byteOffset: number, bytes: number): Job<Uint8Array> {
  let held = new Uint8Array(Math.min(bytes, BODY_STEP_BYTES));
  let got = yield* readInto(byteOffset, held);
  while (got === held.length && got < bytes) {
    const grown = new Uint8Array(Math.min(bytes, got * 2));
    grown.set(held);
    held = grown;
    got += yield* readInto(byteOffset + got, held.subarray(got));
  }
  return got === held.length ? held : held.slice(0, got);
}

/**
 * Pass over `bytes` bytes.
 *
 * @returns bytes present; fewer than asked only at the end of the input
 */
export function* skipBytes(byteOffset: number, bytes: number): Job<number> {
  if (bytes === 0) return 0;
  return yield { request: "skip", byteOffset, bytes };
}

/** Round a length up to the next multiple of 8, exactly also above 2^31. */
export function roundUp8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
