/**
 * The sequences of a compressed block of Zstandard: some literals, then a match, again and again.
 * Tables and recent offsets live from block to block. Source: RFC 8878, 3.1.1.3.2 to 3.1.1.5.
 */
import type { History } from "./history.js";
import { copyMatch } from "./history.js";
import type { FseTable } from "./zstd-entropy.js";
import { Damage, fseTable, lastBit, readFseTable, rleTable } from "./zstd-entropy.js";
import type { BlockMemory, LiteralsDecoder } from "./zstd-literals.js";

const MODE_PREDEFINED = 0;
const MODE_RLE = 1;
const MODE_FSE = 2;

/** One of the three codes of a sequence. */
interface SequenceCode {
  readonly largestLog: number;
  readonly largestSymbol: number;
  readonly predefined: FseTable;
  /** The table that MODE_REPEAT means; null before the first one of a frame. */
  table: FseTable | null;
}

// Codes stand for a base and extra bits; these are the extra bits (RFC 8878, tables 15 and 16).
const LITERAL_LENGTH_BITS = Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1],
  ...[1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);
const MATCH_LENGTH_BITS = Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ...[0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
);
const LITERAL_LENGTH_BASE = bases(LITERAL_LENGTH_BITS, 0);
const MATCH_LENGTH_BASE = bases(MATCH_LENGTH_BITS, 3);
const LARGEST_OFFSET_CODE = 31;

// Predefined distributions (RFC 8878, 3.1.1.3.2.2).
const LITERAL_LENGTH_TABLE = fseTable(
  [
    ...[4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2],
    ...[2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
  ],
  6,
);
const OFFSET_TABLE = fseTable(
  [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
  5,
);
const MATCH_LENGTH_TABLE = fseTable(
  [
    ...[1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    ...[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1],
  ],
  6,
);

function bases(extraBits: Uint8Array, first: number): Uint32Array {
  let base = first;
  return Uint32Array.from(extraBits, (bits) => {
    base += 1 << bits;
    return base - (1 << bits);
  });
}

/** Runs the sequences of the blocks of one frame, in order. */
export class SequencesDecoder {
  readonly #block: BlockMemory;
  readonly #literals: LiteralsDecoder;
  readonly #history: History;
  readonly #literalLength = code(9, 35, LITERAL_LENGTH_TABLE);
  readonly #offset = code(8, LARGEST_OFFSET_CODE, OFFSET_TABLE);
  readonly #matchLength = code(9, 52, MATCH_LENGTH_TABLE);
  /** Offsets of the last matches, the latest first. */
  readonly #recent = Uint32Array.of(1, 4, 8);

  constructor(block: BlockMemory, literals: LiteralsDecoder, history: History) {
    this.#block = block;
    this.#literals = literals;
    this.#history = history;
  }

  /**
   * Sequences_Section, from `start` to `end`, which is the end of the block too.
   *
   * @param outEnd  where in the history the block must have ended
   * @returns literals used up
   * @throws {Damage}
   */
  run(start: number, end: number, outEnd: number): number {
    if (start >= end) throw new Damage("a block without sequences");
    const { bytes, view } = this.#block;
    const head = bytes[start]!;
    let from = start + (head === 255 ? 3 : head >= 128 ? 2 : 1);
    let count = head;
    if (head === 255) count = view.getUint16(start + 1, true) + 0x7f00;
    else if (head >= 128) count = ((head - 128) << 8) | bytes[start + 1]!;
    if (count === 0) {
      if (from !== end) throw new Damage("bytes behind the last literal");
      return 0;
    }
    const modes = bytes[from++]!;
    if (from > end || (modes & 3) !== 0) throw new Damage("unknown modes of sequences");
    from = this.#readTable(this.#literalLength, modes >>> 6, from, end);
    from = this.#readTable(this.#offset, (modes >>> 4) & 3, from, end);
    from = this.#readTable(this.#matchLength, (modes >>> 2) & 3, from, end);
    return this.#weave(count, from, end, outEnd);
  }

  /** @returns where the table's description ends */
  #readTable(own: SequenceCode, mode: number, start: number, end: number): number {
    if (mode === MODE_PREDEFINED) {
      own.table = own.predefined;
    } else if (mode === MODE_RLE) {
      const symbol = this.#block.bytes[start]!;
      if (start >= end || symbol > own.largestSymbol) throw new Damage("a code that is none");
      own.table = rleTable(symbol);
      return start + 1;
    } else if (mode === MODE_FSE) {
      const { largestLog, largestSymbol } = own;
      const description = readFseTable(this.#block.bytes, start, end, largestLog, largestSymbol);
      own.table = description.table;
      return description.end;
    } else if (own.table === null) {
      throw new Damage("a table to be repeated that there is not");
    }
    return start;
  }

  /** The hot loop: everything it needs is in locals. @returns literals used up */
  #weave(count: number, start: number, end: number, outEnd: number): number {
    const view = this.#block.view;
    const { memory, windowBytes, end: outStart, reachBytes } = this.#history;
    const { bytes: literals, count: literalCount } = this.#literals;
    const { accuracyLog: ofLog, entries: ofEntries } = this.#offset.table!;
    const { accuracyLog: mlLog, entries: mlEntries } = this.#matchLength.table!;
    const { accuracyLog: llLog, entries: llEntries } = this.#literalLength.table!;
    let [recent0, recent1, recent2] = this.#recent as unknown as [number, number, number];
    const first = start * 8;
    let out = outStart;
    let used = 0;
    let position = lastBit(this.#block.bytes, start, end) - llLog;
    let ll = llEntries[peek(view, position, llLog)]!;
    position -= ofLog;
    let of = ofEntries[peek(view, position, ofLog)]!;
    position -= mlLog;
    let ml = mlEntries[peek(view, position, mlLog)]!;
    for (let left = count; ; ) {
      const ofBits = of & 0xff;
      position -= ofBits;
      if (position < first) throw new Damage("sequences that end too early");
      let distance = ((1 << ofBits) >>> 0) + peekLong(view, position, ofBits) - 3;
      const mlBits = MATCH_LENGTH_BITS[ml & 0xff]!;
      position -= mlBits;
      const matchBytes = MATCH_LENGTH_BASE[ml & 0xff]! + peek(view, position, mlBits);
      const llBits = LITERAL_LENGTH_BITS[ll & 0xff]!;
      position -= llBits;
      const literalBytes = LITERAL_LENGTH_BASE[ll & 0xff]! + peek(view, position, llBits);
      // -2, -1 and 0 mean the recent offsets; without literals the next ones, the last less one.
      const which = distance > 0 ? 3 : distance + (literalBytes === 0 ? 3 : 2);
      if (distance <= 0) {
        distance =
          which === 0 ? recent0 : which === 1 ? recent1 : which === 2 ? recent2 : recent0 - 1;
      }
      if (which > 1) recent2 = recent1;
      if (which > 0) recent1 = recent0;
      recent0 = distance;
      const matchAt = out + literalBytes;
      if (
        used + literalBytes > literalCount ||
        matchAt + matchBytes > outEnd ||
        distance > Math.min(reachBytes + matchAt - outStart, windowBytes) ||
        distance === 0
      ) {
        throw new Damage("a sequence that reaches beyond what there is");
      }
      if (literalBytes > 32) memory.set(literals.subarray(used, used + literalBytes), out);
      else for (let n = 0; n < literalBytes; n++) memory[out + n] = literals[used + n]!;
      used += literalBytes;
      copyMatch(memory, matchAt, distance, matchBytes);
      out = matchAt + matchBytes;
      if (--left === 0) break;
      // Three next states, in this order: two of 9 bits at most in one load, then one of 8.
      const llNext = (ll >>> 8) & 0xff;
      const mlNext = (ml >>> 8) & 0xff;
      position -= llNext + mlNext;
      const both = view.getUint32(position >>> 3, true) >>> (position & 7);
      ll = llEntries[(ll >>> 16) + ((both >>> mlNext) & ((1 << llNext) - 1))]!;
      ml = mlEntries[(ml >>> 16) + (both & ((1 << mlNext) - 1))]!;
      const ofNext = (of >>> 8) & 0xff;
      position -= ofNext;
      of = ofEntries[(of >>> 16) + peek(view, position, ofNext)]!;
    }
    if (position !== first) throw new Damage("sequences that do not come out even");
    this.#recent.set([recent0, recent1, recent2]);
    this.#history.end = out;
    return used;
  }
}

function code(largestLog: number, largestSymbol: number, predefined: FseTable): SequenceCode {
  return { largestLog, largestSymbol, predefined, table: null };
}

/** The `bits` bits, at most 25, that begin at `position`. */
function peek(view: DataView, position: number, bits: number): number {
  return (view.getUint32(position >>> 3, true) >>> (position & 7)) & ((1 << bits) - 1);
}

/** As peek, up to 31 bits. */
function peekLong(view: DataView, position: number, bits: number): number {
  if (bits <= 25) return peek(view, position, bits);
  return peek(view, position, 16) + peek(view, position + 16, bits - 16) * 65_536;
}
