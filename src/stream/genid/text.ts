/**
 * The two ways to write a VM Generation ID as text: a UUID, as configs have it, and Xenstore's pair
 * of words. Neither says where the id stands. Source: VG-1, VG-10, VG-26.
 */
import { GENERATION_ID_BYTES } from "../../format/index.js";
import { hexOfBytes, readU64, writeU64 } from "../bytes.js";

/**
 * An id that a config gives its guest: 16 bytes in memory order, not all zero, or `drawn` where the
 * toolstack draws one by itself.
 */
export type ConfiguredGenid = Uint8Array | "drawn";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** A word as strtoull() takes it with base 0: decimal, 0x and hex, 0 and octal. */
const WORD = /^(?:0x[0-9a-f]{1,16}|0[0-7]{0,22}|[1-9]\d{0,19})$/i;
const WORD_END = 2n ** 64n;

/** The id as Xenstore has it: two decimal words with a colon between (VG-1). */
export function xenstoreGenid(id: Uint8Array): string {
  return `${readU64(id, 0)}:${readU64(id, 8)}`;
}

/** The id of Xenstore's pair; null for what is none, and for two zeros. */
export function genidOfXenstore(pair: string): Uint8Array | null {
  const words = pair.split(":").map(wordOf);
  const [low, high] = words;
  if (words.length !== 2 || low === undefined || high === undefined) return null;
  if (low === null || high === null) return null;
  const id = new Uint8Array(GENERATION_ID_BYTES);
  writeU64(id, 0, low);
  writeU64(id, 8, high);
  return nonZero(id);
}

/** The id as a UUID, whose text has the bytes in the order of memory. */
export function uuidOfGenid(id: Uint8Array): string {
  const digits = hexOfBytes(id);
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20]]
    .map(([from, to]) => digits.slice(from, to))
    .join("-");
}

/** The id of a UUID; null for what is none, and for zeros. */
export function genidOfUuid(text: string): Uint8Array | null {
  if (!UUID.test(text)) return null;
  const digits = text.replaceAll("-", "");
  const byteAt = (index: number) => Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16);
  return nonZero(Uint8Array.from({ length: GENERATION_ID_BYTES }, (_, index) => byteAt(index)));
}

/** Text that gives the same bytes when it is encoded; null where the bytes are no UTF-8. */
export function exactText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null; // Not UTF-8, which is all that a fatal decoder throws for.
  }
}

function wordOf(text: string): bigint | null {
  if (!WORD.test(text)) return null;
  const word = BigInt(/^0[0-7]/.test(text) ? `0o${text.slice(1)}` : text);
  return word < WORD_END ? word : null;
}

function nonZero(id: Uint8Array): Uint8Array | null {
  return id.some((byte) => byte !== 0) ? id : null;
}
