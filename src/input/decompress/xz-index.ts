/**
 * What stands behind the blocks of an .xz stream: the index, which must list the blocks that came,
 * and the footer. Source: The .xz File Format 1.2.1, 2.1.2 and 4.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Feed, Feeding } from "./decoder.js";
import { u32 } from "./frames.js";
import type { StreamFlags } from "./xz-check.js";
import { checkCrc32 } from "./xz-check.js";

/** First byte of the index, where a block would have its size. */
export const INDEX_INDICATOR = 0;
const FOOTER_MAGIC = [0x59, 0x5a];

/** The Index must list the blocks that came; its indicator was taken. */
export function* readIndexAndFooter(
  feed: Feed,
  flags: StreamFlags,
  blocks: BlockList,
): Feeding<void> {
  const what = "the index of an xz stream";
  const start = feed.byteOffset - 1;
  let sum = crc32(Uint8Array.of(INDEX_INDICATOR));
  const listed = new BlockList();
  const number = function* (): Feeding<bigint> {
    const bytes: number[] = [];
    do bytes.push((yield* feed.take(1, what))[0]!);
    while (bytes[bytes.length - 1]! >= 0x80 && bytes.length < LARGEST_NUMBER_BYTES);
    const encoded = Uint8Array.from(bytes);
    sum = crc32(encoded, sum);
    const read = variableNumber(encoded, 0);
    if (read === null) throw feed.fault("compressed-invalid", `broken number in ${what}`);
    return read.value;
  };
  const count = yield* number();
  // Of a wrong count no more is read than one record beyond the blocks there were.
  for (let index = 0n; index < count && listed.count <= blocks.count; index++) {
    const unpaddedBytes = yield* number();
    listed.add(unpaddedBytes, yield* number());
  }
  if (!listed.equals(blocks)) {
    throw feed.fault("compressed-invalid", "the index of an xz stream does not match its blocks");
  }
  const paddingBytes = -(feed.byteOffset - start) & 3;
  yield* takeZeros(feed, paddingBytes, what);
  sum = crc32(new Uint8Array(paddingBytes), sum);
  if (u32(yield* feed.take(4, what), 0) !== sum) {
    throw feed.fault("compressed-checksum", `${what} fails its check`);
  }
  const indexBytes = feed.byteOffset - start;
  const footer = yield* feed.take(12, "the footer of an xz stream");
  checkCrc32(feed, footer.subarray(4, 10), u32(footer, 0), "the footer of an xz stream");
  const same = footer[8] === flags[0] && footer[9] === flags[1];
  const magic = FOOTER_MAGIC.every((byte, at) => footer[10 + at] === byte);
  if (!same || !magic || (u32(footer, 4) + 1) * 4 !== indexBytes) {
    throw feed.fault("compressed-invalid", "the footer of an xz stream does not match it");
  }
}

/** Sizes of blocks in order; only their number and a hash are kept, however many there are. */
export class BlockList {
  count = 0;
  #hash = createHash("sha256");

  add(unpaddedBytes: bigint, decodedBytes: bigint): void {
    this.count++;
    this.#hash.update(`${unpaddedBytes} ${decodedBytes}\n`);
  }

  equals(other: BlockList): boolean {
    if (this.count !== other.count) return false;
    return this.#hash.copy().digest("hex") === other.#hash.copy().digest("hex");
  }
}

const LARGEST_NUMBER_BYTES = 9;

/** 7 bits a byte, the lowest first, 63 bits at most; null if it is none. */
export function variableNumber(
  bytes: Uint8Array,
  start: number,
): { value: bigint; end: number } | null {
  let value = 0n;
  for (let index = 0; index < LARGEST_NUMBER_BYTES; index++) {
    const byte = bytes[start + index];
    if (byte === undefined || (byte === 0 && index > 0)) return null;
    value |= BigInt(byte & 0x7f) << BigInt(index * 7);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  return null;
}

/** Take padding, which must be zeros. */
export function* takeZeros(feed: Feed, bytes: number, what: string): Feeding<void> {
  const padding = yield* feed.take(bytes, what);
  if (padding.some((byte) => byte !== 0)) {
    throw feed.fault("compressed-invalid", `${what} has padding that is not zero`);
  }
}
