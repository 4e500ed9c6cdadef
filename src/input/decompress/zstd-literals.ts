/**
 * The literals of a compressed block of Zstandard: stored, one byte repeated, or under a Huffman
 * code, in one stream or four. Source: RFC 8878, 3.1.1.3.1 and 4.2.2.
 */
import type { HuffmanTable } from "./zstd-entropy.js";
import { Damage, lastBit, readHuffmanTable } from "./zstd-entropy.js";

const LITERALS_RAW = 0;
const LITERALS_RLE = 1;
const LITERALS_COMPRESSED = 2;

/** The block being decoded, between margins of zeros. */
export interface BlockMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Reads the literals of the blocks of one frame; a later block may use an earlier one's tree. */
export class LiteralsDecoder {
  /** The literals of the last block read; `count` of them. */
  readonly bytes: Uint8Array;
  count = 0;
  readonly #largest: number;
  readonly #block: BlockMemory;
  #huffman: HuffmanTable | null = null;

  /** @param largest  literals that a block may have */
  constructor(block: BlockMemory, largest: number) {
    this.#block = block;
    this.#largest = largest;
    this.bytes = new Uint8Array(largest);
  }

  /**
   * Literals_Section, from `start` on.
   *
   * @returns where it ends, `end` or before
   * @throws {Damage}
   */
  read(start: number, end: number): number {
    const head = this.#block.bytes[start]!;
    const type = head & 3;
    const format = (head >>> 2) & 3;
    if (type === LITERALS_RAW || type === LITERALS_RLE) {
      const headBytes = format === 1 ? 2 : format === 3 ? 3 : 1;
      const word = this.#block.view.getUint32(start, true) & (2 ** (headBytes * 8) - 1);
      const bytes = word >>> (headBytes === 1 ? 3 : 4);
      const from = start + headBytes;
      const after = from + (type === LITERALS_RAW ? bytes : 1);
      if (bytes > this.#largest || after > end) throw new Damage("literals that are too long");
      if (type === LITERALS_RAW) this.bytes.set(this.#block.bytes.subarray(from, after));
      else this.bytes.fill(this.#block.bytes[from]!, 0, bytes);
      this.count = bytes;
      return after;
    }
    return this.#readCompressedLiterals(start, end, type, format);
  }

  #readCompressedLiterals(start: number, end: number, type: number, format: number): number {
    // 1..0 type | 3..2 format | then two sizes of 10, 14 or 18 bits: decoded, compressed
    const sizeBits = format === 3 ? 18 : format === 2 ? 14 : 10;
    const mask = (1 << sizeBits) - 1;
    const low = this.#block.view.getUint32(start, true);
    const high = this.#block.view.getUint32(start + 1, true);
    const bytes = (low >>> 4) & mask;
    const packedBytes = sizeBits === 18 ? (high >>> 14) & mask : (low >>> (4 + sizeBits)) & mask;
    let from = start + (4 + 2 * sizeBits) / 8;
    const after = from + packedBytes;
    if (bytes > this.#largest || after > end) throw new Damage("literals that are too long");
    if (type === LITERALS_COMPRESSED) {
      const description = readHuffmanTable(this.#block.bytes, from, after);
      this.#huffman = description.table;
      from = description.end;
    }
    if (this.#huffman === null) throw new Damage("literals without a Huffman tree");
    if (format === 0) this.#readStream(this.#huffman, from, after, 0, bytes);
    else this.#readFourStreams(this.#huffman, from, after, bytes);
    this.count = bytes;
    return after;
  }

  #readFourStreams(table: HuffmanTable, start: number, end: number, bytes: number): void {
    const each = (bytes + 3) >>> 2;
    let from = start + 6;
    if (from > end || each * 3 > bytes) throw new Damage("literals in too few bytes");
    for (let stream = 0; stream < 4; stream++) {
      const last = stream === 3;
      const to = last ? end : from + this.#block.view.getUint16(start + stream * 2, true);
      if (to > end) throw new Damage("a literal stream that is too long");
      this.#readStream(table, from, to, each * stream, last ? bytes : each * (stream + 1));
      from = to;
    }
  }

  /** One Huffman stream, to `to..toEnd` of the literals; it must use up its bits exactly. */
  #readStream(table: HuffmanTable, start: number, end: number, to: number, toEnd: number): void {
    const { bits, entries } = table;
    const view = this.#block.view;
    const literals = this.bytes;
    const mask = (1 << bits) - 1;
    const first = start * 8;
    let position = lastBit(this.#block.bytes, start, end);
    let at = to;
    // Two codes have 22 bits at most: one load of 32 bits, shifted by 7 at most, has them both.
    for (; at + 1 < toEnd && position >= first + 2 * bits; at += 2) {
      const low = position - 2 * bits;
      const word = view.getUint32(low >>> 3, true) >>> (low & 7);
      const one = entries[(word >>> bits) & mask]!;
      const used = one >>> 8;
      const two = entries[(word >>> (bits - used)) & mask]!;
      literals[at] = one;
      literals[at + 1] = two;
      position -= used + (two >>> 8);
    }
    for (; at < toEnd && position > first; at++) {
      // Bits before the stream may be looked at; a code that needs one ends before its start.
      const low = position - bits;
      const entry = entries[(view.getUint32(low >>> 3, true) >>> (low & 7)) & mask]!;
      literals[at] = entry;
      position -= entry >>> 8;
    }
    if (at !== toEnd || position !== first) throw new Damage("literals that do not come out even");
  }
}
