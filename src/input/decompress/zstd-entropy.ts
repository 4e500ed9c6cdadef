/**
 * The two entropy codes of Zstandard: FSE tables and Huffman tables, from their descriptions in a
 * block to arrays that are looked up. Source: RFC 8878, 4.1 and 4.2.
 */

/** Why a block cannot be decoded. Thrown within a block only; zstd.ts makes an InputError of it. */
export class Damage extends Error {}

/**
 * An FSE decoding table, one entry for each state:
 * 31..16 base of the next state | 15..8 bits to read for it | 7..0 symbol
 */
export interface FseTable {
  readonly accuracyLog: number;
  readonly entries: Uint32Array;
}

/** A table whose only state always gives one symbol. */
export function rleTable(symbol: number): FseTable {
  return { accuracyLog: 0, entries: Uint32Array.of(symbol) };
}

/** Spread probabilities over states; -1 stands for "less than 1", which takes one state. */
export function fseTable(probabilities: readonly number[], accuracyLog: number): FseTable {
  const size = 1 << accuracyLog;
  const symbols = new Uint8Array(size);
  const next = new Uint16Array(probabilities.length);
  let high = size;
  probabilities.forEach((probability, symbol) => {
    next[symbol] = Math.abs(probability);
    if (probability === -1) symbols[--high] = symbol;
  });
  const step = (size >>> 1) + (size >>> 3) + 3;
  let position = 0;
  probabilities.forEach((probability, symbol) => {
    for (let count = 0; count < probability; count++) {
      symbols[position] = symbol;
      do position = (position + step) & (size - 1);
      while (position >= high);
    }
  });
  const entries = new Uint32Array(size);
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state]!;
    const counter = next[symbol]!++;
    const bits = accuracyLog - (31 - Math.clz32(counter));
    entries[state] = (((counter << bits) - size) << 16) | (bits << 8) | symbol;
  }
  return { accuracyLog, entries };
}

/**
 * Read the description of an FSE table.
 *
 * @returns the table, and where its description ends
 */
export function readFseTable(
  bytes: Uint8Array,
  start: number,
  end: number,
  largestLog: number,
  largestSymbol: number,
): { table: FseTable; end: number } {
  if (start >= end) throw new Damage("an FSE table is missing");
  const accuracyLog = (bytes[start]! & 15) + 5;
  if (accuracyLog > largestLog) throw new Damage(`FSE accuracy of ${accuracyLog} bits`);
  const probabilities: number[] = [];
  let position = start * 8 + 4;
  let remaining = 1 << accuracyLog;
  const read = (bits: number) => {
    const at = position >>> 3;
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    position += bits;
    return (word >>> ((position - bits) & 7)) & ((1 << bits) - 1);
  };
  while (remaining > 0 && probabilities.length <= largestSymbol) {
    // As many values are possible as are left, plus the -1 and the 0: small ones take a bit less.
    const bits = 32 - Math.clz32(remaining + 1);
    const small = (1 << bits) - 2 - remaining;
    let value = read(bits);
    const low = value & ((1 << (bits - 1)) - 1);
    if (low < small) {
      value = low;
      position--;
    } else if (value !== low) {
      value -= small;
    }
    probabilities.push(value - 1);
    remaining -= Math.abs(value - 1);
    for (let zeros = value === 1 ? 3 : 0; zeros === 3; ) {
      zeros = read(2);
      for (let count = 0; count < zeros; count++) probabilities.push(0);
      if (probabilities.length > largestSymbol + 1) break;
    }
  }
  const after = (position + 7) >>> 3;
  if (remaining !== 0 || probabilities.length > largestSymbol + 1 || after > end) {
    throw new Damage("an FSE table that does not add up");
  }
  return { table: fseTable(probabilities, accuracyLog), end: after };
}

const LARGEST_HUFFMAN_BITS = 11;
const WEIGHTS_LARGEST_LOG = 6;
const LARGEST_WEIGHT_SYMBOL = 255;

/** A Huffman table: the next `bits` bits give 15..8 the length of the code | 7..0 the symbol. */
export interface HuffmanTable {
  readonly bits: number;
  readonly entries: Uint16Array;
}

/**
 * Read the description of a Huffman tree.
 *
 * @returns the table, and where its description ends
 */
export function readHuffmanTable(
  bytes: Uint8Array,
  start: number,
  end: number,
): { table: HuffmanTable; end: number } {
  const head = start < end ? bytes[start]! : 0;
  const direct = head >= 128;
  const bodyBytes = direct ? (head - 126) >>> 1 : head;
  const after = start + 1 + bodyBytes;
  if (head === 0 || after > end) throw new Damage("a Huffman tree is missing");
  const weights = direct
    ? directWeights(bytes, start + 1, head - 127)
    : packedWeights(bytes, start + 1, after);
  return { table: huffmanTable(weights), end: after };
}

function directWeights(bytes: Uint8Array, start: number, count: number): number[] {
  const weights: number[] = [];
  for (let index = 0; index < count; index++) {
    const pair = bytes[start + (index >>> 1)]!;
    weights.push(index % 2 === 0 ? pair >>> 4 : pair & 15);
  }
  return weights;
}

/** Weights under FSE: two states take turns until the bits are used up. */
function packedWeights(bytes: Uint8Array, start: number, end: number): number[] {
  const description = readFseTable(bytes, start, end, WEIGHTS_LARGEST_LOG, LARGEST_WEIGHT_SYMBOL);
  const { accuracyLog, entries } = description.table;
  const first = description.end * 8;
  let position = lastBit(bytes, description.end, end);
  /** Bits before the first one count as zeros; that they were needed shows in `position`. */
  const read = (bits: number) => {
    let value = 0;
    for (let bit = 1; bit <= bits; bit++) {
      const at = position - bit;
      value = (value << 1) | (at < first ? 0 : (bytes[at >>> 3]! >>> (at & 7)) & 1);
    }
    position -= bits;
    return value;
  };
  let here = read(accuracyLog);
  let there = read(accuracyLog);
  if (position < first) throw new Damage("Huffman weights end too early");
  const weights: number[] = [];
  while (weights.length < LARGEST_WEIGHT_SYMBOL) {
    const entry = entries[here]!;
    weights.push(entry & 0xff);
    here = there;
    there = (entry >>> 16) + read((entry >>> 8) & 0xff);
    if (position < first) {
      weights.push(entries[here]! & 0xff);
      return weights;
    }
  }
  throw new Damage("too many Huffman weights");
}

/** The last symbol's weight is not written: it fills the tree. */
function huffmanTable(weights: number[]): HuffmanTable {
  let sum = 0;
  for (const weight of weights) {
    if (weight > LARGEST_HUFFMAN_BITS) throw new Damage(`Huffman weight of ${weight}`);
    if (weight > 0) sum += 1 << (weight - 1);
  }
  const bits = 32 - Math.clz32(sum);
  const rest = (1 << bits) - sum;
  if (sum === 0 || bits > LARGEST_HUFFMAN_BITS || (rest & (rest - 1)) !== 0) {
    throw new Damage("a Huffman tree that does not add up");
  }
  weights.push(32 - Math.clz32(rest));
  if (weights.length > LARGEST_WEIGHT_SYMBOL + 1) throw new Damage("too many Huffman weights");
  if (weights.filter((weight) => weight === 1).length < 2) {
    throw new Damage("a Huffman tree without its longest codes");
  }
  const entries = new Uint16Array(1 << bits);
  let at = 0;
  for (let weight = 1; weight <= bits; weight++) {
    weights.forEach((own, symbol) => {
      if (own !== weight) return;
      const states = 1 << (weight - 1);
      entries.fill(((bits + 1 - weight) << 8) | symbol, at, at + states);
      at += states;
    });
  }
  return { bits, entries };
}

/**
 * Streams are read backwards, from the highest set bit of their last byte.
 *
 * @returns the position of that bit, counted from the start of `bytes`
 */
export function lastBit(bytes: Uint8Array, start: number, end: number): number {
  const last = end > start ? bytes[end - 1]! : 0;
  if (last === 0) throw new Damage("a bit stream without an end mark");
  return (end - 1) * 8 + (31 - Math.clz32(last));
}
