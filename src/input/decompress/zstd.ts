/**
 * Zstandard: frames, blocks, checks. Concatenated and skippable frames; no dictionaries. What is
 * inside a compressed block is in zstd-block.ts. Source: RFC 8878, 3.1.1.
 */
import xxhash from "xxhash-wasm";
import type { DecoderMaker } from "./decoded-source.js";
import type { Decoder, Feed, Feeding } from "./decoder.js";
import { isSkippable, skipFrame, u32 } from "./frames.js";
import { History } from "./history.js";
import { BlockDecoder } from "./zstd-block.js";

const FRAME_MAGIC = 0xfd2fb528;

// Frame_Header_Descriptor: 7..6 size of content size | 5 single segment | 4 unused | 3 reserved
//                          | 2 checksum | 1..0 size of dictionary id
const CONTENT_SIZE_SHIFT = 6;
const SINGLE_SEGMENT = 0x20;
const RESERVED = 0x08;
const CHECKSUM = 0x04;
const DICT_ID_MASK = 0x03;
const DICT_ID_BYTES = [0, 1, 2, 4];

/** No block decodes to more, whatever the window. */
const LARGEST_BLOCK_BYTES = 128 * 1024;

const BLOCK_RAW = 0;
const BLOCK_RLE = 1;
const BLOCK_COMPRESSED = 2;

/** A running XXH64; the little that is used of xxhash-wasm. */
interface Hashes {
  create64(): { update(bytes: Uint8Array): unknown; digest(): bigint };
}

/** @returns what decodes zstd inputs, once the hash it checks with is compiled */
export async function loadZstd(): Promise<DecoderMaker> {
  const hashes = await xxhash();
  return (feed) => decodeZstd(feed, hashes);
}

function* decodeZstd(feed: Feed, hashes: Hashes): Decoder {
  do {
    const magic = u32(yield* feed.take(4, "the magic of a zstd frame"), 0);
    if (isSkippable(magic)) {
      yield* skipFrame(feed);
    } else if (magic === FRAME_MAGIC) {
      yield* decodeFrame(feed, hashes);
    } else {
      throw feed.fault("compressed-invalid", "what follows a zstd frame is none");
    }
  } while (!(yield* feed.takePadding()));
}

interface FrameHeader {
  readonly windowBytes: number;
  readonly checksum: boolean;
  /** As claimed; null if the frame does not tell. */
  readonly contentBytes: bigint | null;
}

function* readHeader(feed: Feed): Feeding<FrameHeader> {
  const what = "the header of a zstd frame";
  const descriptor = (yield* feed.take(1, what))[0]!;
  if ((descriptor & RESERVED) !== 0) {
    throw feed.fault("compressed-unsupported", "zstd frame with a reserved bit set");
  }
  const single = (descriptor & SINGLE_SEGMENT) !== 0;
  const sizeFlag = descriptor >>> CONTENT_SIZE_SHIFT;
  const sizeBytes = sizeFlag === 0 ? Number(single) : 1 << sizeFlag;
  const dictBytes = DICT_ID_BYTES[descriptor & DICT_ID_MASK]!;
  const windowBytes = single ? null : windowOf((yield* feed.take(1, what))[0]!);
  const dictId = yield* feed.take(dictBytes, what);
  if (dictId.some((byte) => byte !== 0)) {
    throw feed.fault("compressed-unsupported", "zstd frame that needs a dictionary");
  }
  const size = yield* feed.take(sizeBytes, what);
  let contentBytes = sizeBytes === 0 ? null : sizeBytes === 2 ? 256n : 0n;
  size.forEach((byte, at) => {
    contentBytes! += BigInt(byte) << BigInt(at * 8);
  });
  return {
    windowBytes: windowBytes ?? Number(contentBytes),
    checksum: (descriptor & CHECKSUM) !== 0,
    contentBytes,
  };
}

/** Window_Descriptor: 7..3 exponent, above 2^10 | 2..0 mantissa, in eighths. */
function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

function* decodeFrame(feed: Feed, hashes: Hashes): Decoder {
  const header = yield* readHeader(feed);
  feed.checkWindow(header.windowBytes);
  const largest = Math.min(header.windowBytes, LARGEST_BLOCK_BYTES);
  const history = new History(header.windowBytes, largest);
  const block = new BlockDecoder(history, largest);
  const content = header.checksum ? hashes.create64() : null;
  for (let last = false; !last; ) {
    const head = yield* feed.take(3, "the header of a zstd block");
    const fields = head[0]! | (head[1]! << 8) | (head[2]! << 16);
    last = (fields & 1) !== 0;
    history.makeRoom(largest);
    yield* decodeBlock(feed, (fields >>> 1) & 3, fields >>> 3, largest, history, block);
    const decoded = history.take();
    content?.update(decoded);
    yield decoded;
  }
  if (header.contentBytes !== null && header.contentBytes !== BigInt(history.decodedBytes)) {
    const what = `zstd frame of ${history.decodedBytes} bytes that claims ${header.contentBytes}`;
    throw feed.fault("compressed-invalid", what);
  }
  if (content === null) return;
  const stored = u32(yield* feed.take(4, "the checksum of a zstd frame"), 0);
  if (stored !== Number(BigInt.asUintN(32, content.digest()))) {
    throw feed.fault("compressed-checksum", "the decoded bytes fail the zstd frame's checksum");
  }
}

/** One block, of `bytes` bytes as its header counts them. */
function* decodeBlock(
  feed: Feed,
  type: number,
  bytes: number,
  largest: number,
  history: History,
  block: BlockDecoder,
): Feeding<void> {
  if (type > BLOCK_COMPRESSED || bytes > largest) {
    const what = `zstd block of type ${type} and ${bytes} bytes`;
    throw feed.fault("compressed-invalid", what);
  }
  const piece = yield* feed.take(type === BLOCK_RLE ? 1 : bytes, "a zstd block");
  if (type === BLOCK_RAW) {
    history.memory.set(piece, history.end);
    history.end += bytes;
  } else if (type === BLOCK_RLE) {
    history.memory.fill(piece[0]!, history.end, history.end + bytes);
    history.end += bytes;
  } else {
    const damage = block.decode(piece);
    if (damage !== null) throw feed.fault("compressed-invalid", `damaged zstd block: ${damage}`);
  }
}
