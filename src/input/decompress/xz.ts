/**
 * The .xz container: streams of blocks with an index behind them, every part under a check. Blocks
 * have the LZMA2 filter alone; what xz makes for executables is refused by name.
 * Source: The .xz File Format 1.2.1.
 */
import type { Decoder, Feed, Feeding } from "./decoder.js";
import { u32 } from "./frames.js";
import { History } from "./history.js";
import { decodeLzma2, LARGEST_CHUNK_BYTES } from "./lzma2.js";
import type { StreamFlags } from "./xz-check.js";
import { checkCrc32, makeCheck } from "./xz-check.js";
import {
  BlockList,
  INDEX_INDICATOR,
  readIndexAndFooter,
  takeZeros,
  variableNumber,
} from "./xz-index.js";

const STREAM_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];

// Block Flags: 7 has decoded size | 6 has compressed size | 5..2 reserved | 1..0 filters - 1
const HAS_DECODED_BYTES = 0x80;
const HAS_COMPRESSED_BYTES = 0x40;
const BLOCK_RESERVED = 0x3c;
const FILTER_COUNT_MASK = 0x03;
const FILTER_LZMA2 = 0x21;
const LARGEST_DICTIONARY = 40;

/** Decode an xz input: one stream or several, zeros between and behind them. */
export function* decodeXz(feed: Feed): Decoder {
  do {
    const magic = yield* feed.take(STREAM_MAGIC.length, "the magic of an xz stream");
    if (!STREAM_MAGIC.every((byte, at) => magic[at] === byte)) {
      throw feed.fault("compressed-invalid", "what follows an xz stream is none");
    }
    yield* decodeStream(feed);
  } while (!(yield* feed.takePadding()));
}

function* decodeStream(feed: Feed): Decoder {
  const head = yield* feed.take(6, "the header of an xz stream");
  checkCrc32(feed, head.subarray(0, 2), u32(head, 2), "the header of an xz stream");
  const flags: StreamFlags = [head[0]!, head[1]!];
  makeCheck(feed, flags); // refuses a check that is none before the first block
  const blocks = new BlockList();
  /** One memory serves the blocks of a stream: they ask for dictionaries of one size. */
  let history = new History(0, LARGEST_CHUNK_BYTES);
  for (;;) {
    const blockOffset = feed.byteOffset;
    const size = (yield* feed.take(1, "a block of an xz stream"))[0]!;
    if (size === INDEX_INDICATOR) break;
    const header = yield* readBlockHeader(feed, size);
    feed.checkWindow(header.windowBytes);
    if (history.windowBytes !== header.windowBytes) {
      history = new History(header.windowBytes, LARGEST_CHUNK_BYTES);
    }
    yield* decodeBlock(feed, flags, header, history, blockOffset, blocks);
  }
  yield* readIndexAndFooter(feed, flags, blocks);
}

interface BlockHeader {
  readonly windowBytes: number;
  /** As claimed; null if the block does not tell. */
  readonly compressedBytes: bigint | null;
  readonly decodedBytes: bigint | null;
}

function* readBlockHeader(feed: Feed, size: number): Feeding<BlockHeader> {
  const bytes = (size + 1) * 4;
  const rest = yield* feed.take(bytes - 1, "the header of an xz block");
  const header = new Uint8Array(bytes - 4);
  header[0] = size;
  header.set(rest.subarray(0, bytes - 5), 1);
  checkCrc32(feed, header, u32(rest, bytes - 5), "the header of an xz block");
  const flags = header[1]!;
  const invalid = (what: string) => feed.fault("compressed-invalid", `xz block with ${what}`);
  if ((flags & BLOCK_RESERVED) !== 0) {
    throw feed.fault("compressed-unsupported", "xz block with a reserved flag");
  }
  let at = 2;
  const number = () => {
    const read = variableNumber(header, at);
    if (read === null) throw invalid("a broken number in its header");
    at = read.end;
    return read.value;
  };
  const compressedBytes = (flags & HAS_COMPRESSED_BYTES) === 0 ? null : number();
  const decodedBytes = (flags & HAS_DECODED_BYTES) === 0 ? null : number();
  const filter = number();
  if ((flags & FILTER_COUNT_MASK) !== 0 || filter !== BigInt(FILTER_LZMA2)) {
    throw feed.fault("compressed-unsupported", "xz block with another filter than LZMA2");
  }
  const propertyBytes = number();
  const dictionary = header[at++];
  if (propertyBytes !== 1n || dictionary === undefined || dictionary > LARGEST_DICTIONARY) {
    throw invalid("a dictionary that cannot be");
  }
  if (header.subarray(at).some((byte) => byte !== 0)) throw invalid("padding that is not zero");
  return { windowBytes: dictionaryBytes(dictionary), compressedBytes, decodedBytes };
}

/** 2 or 3 times a power of two, and one size that is no such thing. */
function dictionaryBytes(code: number): number {
  if (code === LARGEST_DICTIONARY) return 2 ** 32 - 1;
  return (2 + (code & 1)) * 2 ** ((code >>> 1) + 11);
}

function* decodeBlock(
  feed: Feed,
  flags: StreamFlags,
  header: BlockHeader,
  history: History,
  blockOffset: number,
  blocks: BlockList,
): Decoder {
  const check = makeCheck(feed, flags);
  const dataOffset = feed.byteOffset;
  let decodedBytes = 0;
  const lzma2 = decodeLzma2(feed, history);
  for (let answer = 0; ; ) {
    const step = lzma2.next(answer);
    if (step.done === true) break;
    if (step.value instanceof Uint8Array) {
      decodedBytes += step.value.length;
      check?.update(step.value);
    }
    answer = yield step.value;
  }
  const dataEnd = feed.byteOffset;
  if (
    differs(header.compressedBytes, dataEnd - dataOffset) ||
    differs(header.decodedBytes, decodedBytes)
  ) {
    throw feed.fault("compressed-invalid", "xz block of other sizes than it claims");
  }
  yield* takeZeros(feed, -(dataEnd - blockOffset) & 3, "an xz block");
  const expected = check?.digest() ?? new Uint8Array(0);
  const stored = yield* feed.take(expected.length, "the check of an xz block");
  if (!expected.every((byte, at) => stored[at] === byte)) {
    throw feed.fault("compressed-checksum", "the decoded bytes fail the xz block's check");
  }
  blocks.add(BigInt(dataEnd - blockOffset + expected.length), BigInt(decodedBytes));
}

function differs(claimed: bigint | null, bytes: number): boolean {
  return claimed !== null && claimed !== BigInt(bytes);
}
