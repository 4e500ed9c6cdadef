/**
 * `--genid`: what to do with the VM Generation ID of an image that was read. Draws new ids from the
 * platform's cryptographic source (VG-6); the id's place and its checks are restore/'s.
 */
import { randomBytes } from "node:crypto";
import { type Fault, UsageError } from "../findings/index.js";
import { GENERATION_ID_BYTES } from "../format/index.js";
import type { MemoryState } from "../guest/index.js";
import { applyGenid, type GenidFacts, noGenidDevice } from "../restore/index.js";
import type { Job } from "../stream/index.js";
import type { Image } from "./image.js";

/** Keep the id, draw a new one for each image, or set these 16 bytes. */
export type GenidChange = "keep" | "new" | Uint8Array;

const DIGITS = /^[0-9a-f]{32}$/i;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Read `--genid`: "keep", "new", or an id as parseGenid() takes it.
 *
 * @throws {UsageError} for anything else
 */
export function parseGenidChange(text: string): GenidChange {
  return text === "keep" || text === "new" ? text : parseGenid(text, "keep, new, ");
}

/**
 * Read an id: 32 hex digits in memory order, or a UUID, whose bytes stand in memory in the order of
 * its text.
 *
 * @param besides  what else the option takes, for the error
 * @throws {UsageError} for anything else, and for an id of zeros, which would switch the device off
 */
export function parseGenid(text: string, besides = ""): Uint8Array {
  const allowed = `${besides}32 hex digits in memory order, or a UUID`;
  const digits = UUID.test(text) ? text.replaceAll("-", "") : text;
  if (!DIGITS.test(digits)) {
    throw new UsageError("not a generation id", { option: "--genid", allowed });
  }
  const id = Uint8Array.from(Buffer.from(digits, "hex"));
  if (!isZero(id)) return id;
  throw new UsageError("a generation id is never all zero", { option: "--genid", allowed });
}

/** What a caller may choose of genidJob(). */
export interface GenidJobOptions {
  /** Draws that many bytes; the platform's cryptographic source if left out. */
  readonly random?: (bytes: number) => Uint8Array;
  /** Where the id is to be written; memory as a restore leaves it if left out. */
  readonly into?: MemoryState;
}

/**
 * Apply a change to the guest of an image that was read; findings go to its collector.
 *
 * @returns the old and the new id; null where the guest has none
 */
export function* genidJob(
  image: Image,
  change: GenidChange,
  { random = randomBytes, into = "restored" }: GenidJobOptions = {},
): Job<GenidFacts | null> {
  const { domain, guest, endOffset: byteOffset } = image.restorer;
  const report = (fault: Fault) => image.collector.add(fault);
  if (domain === null || guest === null) return null;
  if (domain.guest !== "hvm") {
    if (change !== "keep" && domain.guest === "pv") report(noGenidDevice(byteOffset));
    return null;
  }
  const request = { id: idOf(change, random), into, byteOffset };
  return yield* applyGenid(domain, guest, request, report);
}

function idOf(change: GenidChange, random: (bytes: number) => Uint8Array): Uint8Array | null {
  if (change === "keep") return null;
  if (change !== "new") return change;
  for (;;) {
    const id = Uint8Array.from(random(GENERATION_ID_BYTES));
    if (!isZero(id)) return id;
  }
}

function isZero(id: Uint8Array): boolean {
  return id.every((byte) => byte === 0);
}
