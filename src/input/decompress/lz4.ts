/**
 * LZ4 frames: concatenated and skippable ones, linked blocks, all three kinds of checksum. Not the
 * legacy frame, and no dictionaries. Source: LZ4 Frame Format 1.6.4, LZ4 Block Format.
 */
import xxhash from "xxhash-wasm";
import type { DecoderMaker } from "./decoded-source.js";
import type { Decoder, Feed, Feeding } from "./decoder.js";
import { isSkippable, skipFrame, u32 } from "./frames.js";
import { copyMatch, History } from "./history.js";

const FRAME_MAGIC = 0x184d2204;

// FLG: 7..6 version | 5 independent | 4 block sum | 3 size | 2 content sum | 1 reserved | 0 dict id
const FLG_VERSION_SHIFT = 6;
const FLG_INDEPENDENT = 0x20;
const FLG_BLOCK_CHECKSUM = 0x10;
const FLG_CONTENT_SIZE = 0x08;
const FLG_CONTENT_CHECKSUM = 0x04;
const FLG_RESERVED = 0x02;
const FLG_DICT_ID = 0x01;
// BD: 7 reserved | 6..4 largest block: 4 is 64 KiB, each one more four times that | 3..0 reserved
const BD_RESERVED = 0x8f;
const BD_SIZE_SHIFT = 4;
const LEAST_BLOCK_SIZE = 4;
const BLOCK_STORED = 0x80000000;

/** Matches reach 65535 bytes back at most. */
const WINDOW_BYTES = 64 * 1024;
const LEAST_MATCH_BYTES = 4;

/** A running XXH32, and one over bytes at hand; the little that is used of xxhash-wasm. */
interface Hashes {
  create32(): { update(bytes: Uint8Array): unknown; digest(): number };
  h32Raw(bytes: Uint8Array): number;
}

/** @returns what decodes LZ4 inputs, once the hash it checks with is compiled */
export async function loadLz4(): Promise<DecoderMaker> {
  const hashes = await xxhash();
  return (feed) => decodeLz4(feed, hashes);
}

function* decodeLz4(feed: Feed, hashes: Hashes): Decoder {
  do {
    const magic = u32(yield* feed.take(4, "the magic of an LZ4 frame"), 0);
    if (isSkippable(magic)) {
      yield* skipFrame(feed);
    } else if (magic === FRAME_MAGIC) {
      yield* decodeFrame(feed, hashes);
    } else {
      throw feed.fault("compressed-invalid", "what follows an LZ4 frame is none");
    }
  } while (!(yield* feed.takePadding()));
}

interface FrameHeader {
  readonly independent: boolean;
  readonly blockChecksum: boolean;
  readonly contentChecksum: boolean;
  /** As claimed; null if the frame does not tell. */
  readonly contentBytes: bigint | null;
  readonly blockBytes: number;
}

function* readHeader(feed: Feed, hashes: Hashes): Feeding<FrameHeader> {
  const what = "the header of an LZ4 frame";
  const flags = (yield* feed.peek(1))[0] ?? 0;
  if (flags >>> FLG_VERSION_SHIFT !== 1 || (flags & FLG_RESERVED) !== 0) {
    throw feed.fault("compressed-unsupported", `LZ4 frame with unknown flags ${flags}`);
  }
  if ((flags & FLG_DICT_ID) !== 0) {
    throw feed.fault("compressed-unsupported", "LZ4 frame that needs a dictionary");
  }
  const sizeBytes = (flags & FLG_CONTENT_SIZE) === 0 ? 0 : 8;
  const header = yield* feed.take(3 + sizeBytes, what);
  const descriptor = header.subarray(0, 2 + sizeBytes);
  if (((hashes.h32Raw(descriptor) >>> 8) & 0xff) !== header[2 + sizeBytes]) {
    throw feed.fault("compressed-checksum", "the header of an LZ4 frame fails its checksum");
  }
  const size = header[1]! >>> BD_SIZE_SHIFT;
  if ((header[1]! & BD_RESERVED) !== 0 || size < LEAST_BLOCK_SIZE) {
    throw feed.fault("compressed-unsupported", `LZ4 frame with block size ${header[1]}`);
  }
  const sizeView = new DataView(header.buffer, header.byteOffset + 2, sizeBytes);
  return {
    independent: (flags & FLG_INDEPENDENT) !== 0,
    blockChecksum: (flags & FLG_BLOCK_CHECKSUM) !== 0,
    contentChecksum: (flags & FLG_CONTENT_CHECKSUM) !== 0,
    contentBytes: sizeBytes === 0 ? null : sizeView.getBigUint64(0, true),
    blockBytes: WINDOW_BYTES * 4 ** (size - LEAST_BLOCK_SIZE),
  };
}

function* decodeFrame(feed: Feed, hashes: Hashes): Decoder {
  const header = yield* readHeader(feed, hashes);
  const history = new History(WINDOW_BYTES, header.blockBytes);
  const content = hashes.create32();
  for (;;) {
    const head = u32(yield* feed.take(4, "the length of an LZ4 block"), 0);
    if (head === 0) break;
    history.makeRoom(header.blockBytes);
    yield* decodeBlock(feed, hashes, header, head, history);
    const decoded = history.take();
    if (header.contentChecksum) content.update(decoded);
    yield decoded;
  }
  if (header.contentBytes !== null && header.contentBytes !== BigInt(history.decodedBytes)) {
    const what = `LZ4 frame of ${history.decodedBytes} bytes that claims ${header.contentBytes}`;
    throw feed.fault("compressed-invalid", what);
  }
  if (!header.contentChecksum) return;
  const stored = u32(yield* feed.take(4, "the checksum of an LZ4 frame"), 0);
  if (stored !== content.digest()) {
    throw feed.fault("compressed-checksum", "the decoded bytes fail the LZ4 frame's checksum");
  }
}

function* decodeBlock(
  feed: Feed,
  hashes: Hashes,
  header: FrameHeader,
  head: number,
  history: History,
): Feeding<void> {
  const bytes = (head & ~BLOCK_STORED) >>> 0;
  const limit = header.blockBytes;
  if (bytes > limit) throw feed.fault("compressed-invalid", `LZ4 block of ${bytes} bytes`);
  const sumBytes = header.blockChecksum ? 4 : 0;
  const piece = yield* feed.take(bytes + sumBytes, "an LZ4 block");
  const block = piece.subarray(0, bytes);
  if (header.blockChecksum && hashes.h32Raw(block) !== u32(piece, bytes)) {
    throw feed.fault("compressed-checksum", "an LZ4 block fails its checksum");
  }
  if ((head & BLOCK_STORED) !== 0) {
    history.memory.set(block, history.end);
    history.end += bytes;
    return;
  }
  const reach = header.independent ? 0 : history.reachBytes;
  const end = decodeSequences(block, history.memory, history.end, limit, history.end - reach);
  if (end < 0) throw feed.fault("compressed-invalid", "an LZ4 block does not decode");
  history.end = end;
}

/**
 * Decode one compressed block to `start` on.
 *
 * @param limit   bytes it may decode to
 * @param lowest  first place a match may refer to
 * @returns where the decoded bytes end, or -1 if the block is damaged
 */
function decodeSequences(
  block: Uint8Array,
  memory: Uint8Array,
  start: number,
  limit: number,
  lowest: number,
): number {
  const end = start + limit;
  let from = 0;
  let to = start;
  while (from < block.length) {
    // token: 7..4 literals | 3..0 match bytes - 4; 15 goes on in bytes of 255 and one of less
    const token = block[from++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let more: number | undefined;
      do {
        more = block[from++];
        if (more === undefined) return -1;
        literals += more;
      } while (more === 255);
    }
    if (literals > block.length - from || literals > end - to) return -1;
    if (literals < 24) for (let n = 0; n < literals; n++) memory[to + n] = block[from + n]!;
    else memory.set(block.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from === block.length) return to; // the last sequence has no match
    if (block.length - from < 2) return -1;
    const distance = block[from]! | (block[from + 1]! << 8);
    from += 2;
    let bytes = (token & 15) + LEAST_MATCH_BYTES;
    if ((token & 15) === 15) {
      let more: number | undefined;
      do {
        more = block[from++];
        if (more === undefined) return -1;
        bytes += more;
      } while (more === 255);
    }
    if (distance === 0 || distance > to - lowest || bytes > end - to) return -1;
    copyMatch(memory, to, distance, bytes);
    to += bytes;
  }
  return -1; // a block ends with literals
}
