/**
 * LZMA2, the only filter that xz needs: chunks, stored or under LZMA, each of them in memory at
 * once. Source: LZMA specification (Pavlov); The .xz File Format 1.2.1, 5.3.1, for the chunks.
 */
import type { Decoder, Feed, Feeding } from "./decoder.js";
import type { History } from "./history.js";
import { EVEN, RANGE_HEAD_BYTES, RangeDecoder } from "./range-decoder.js";

/** The most that one chunk decodes to. */
export const LARGEST_CHUNK_BYTES = 2 * 1024 * 1024;

// Control byte of a chunk: 0 the end | 1 stored, new dictionary | 2 stored
//   | 0x80 LZMA: 6..5 what is reset | 4..0 bits 20..16 of decoded bytes - 1
const CHUNK_END = 0;
const CHUNK_STORED_NEW_DICTIONARY = 1;
const CHUNK_STORED = 2;
const CHUNK_LZMA = 0x80;
const RESET_STATE = 1;
const RESET_PROPERTIES = 2;
const RESET_DICTIONARY = 3;

const STATES = 12;
const FIRST_MATCH_STATE = 7;
const POSITIONS = 16;
const LEAST_MATCH_BYTES = 2;
const LENGTH_STATES = 4;
const SLOT_BITS = 6;
const ALIGN_BITS = 4;
/** Distances from this slot on have bits without a model. */
const FIRST_DIRECT_SLOT = 14;
const LITERAL_NODES = 0x300;
const LARGEST_LITERAL_BITS = 4;

// Where the probabilities of what lie in one array:
const IS_MATCH = 0;
const IS_REPEAT = IS_MATCH + STATES * POSITIONS;
const IS_REPEAT_0 = IS_REPEAT + STATES;
const IS_REPEAT_1 = IS_REPEAT_0 + STATES;
const IS_REPEAT_2 = IS_REPEAT_1 + STATES;
const IS_LONG_REPEAT_0 = IS_REPEAT_2 + STATES;
const SLOT = IS_LONG_REPEAT_0 + STATES * POSITIONS;
const SPECIAL = SLOT + (LENGTH_STATES << SLOT_BITS);
const ALIGN = SPECIAL + 128;
const MATCH_LENGTH = ALIGN + (1 << ALIGN_BITS);
// A length: choice, choice | 3 bits for each position | 3 bits for each position | 8 bits
const LENGTH_LOW = 2;
const LENGTH_MIDDLE = LENGTH_LOW + POSITIONS * 8;
const LENGTH_HIGH = LENGTH_MIDDLE + POSITIONS * 8;
const REPEAT_LENGTH = MATCH_LENGTH + LENGTH_HIGH + 256;
const LITERAL = REPEAT_LENGTH + LENGTH_HIGH + 256;
const PROBABILITIES = LITERAL + (LITERAL_NODES << LARGEST_LITERAL_BITS);

/** Decode chunks up to the end mark; `history` begins empty. */
export function* decodeLzma2(feed: Feed, history: History): Decoder {
  const lzma = new LzmaDecoder(history);
  let needed = RESET_DICTIONARY;
  for (;;) {
    const control = (yield* feed.take(1, "an LZMA2 chunk"))[0]!;
    if (control === CHUNK_END) return;
    const reset = resetOf(control);
    if (reset < 0 || (needed === RESET_DICTIONARY && reset !== RESET_DICTIONARY)) {
      throw feed.fault("compressed-invalid", `LZMA2 chunk of type ${control} out of place`);
    }
    if (reset === RESET_DICTIONARY) history.reset();
    if (control < CHUNK_LZMA) {
      yield* takeStored(feed, history);
      needed = Math.min(needed, RESET_PROPERTIES);
    } else {
      if (needed === RESET_PROPERTIES && reset < RESET_PROPERTIES) {
        throw feed.fault("compressed-invalid", "LZMA2 chunk before its properties");
      }
      yield* takeLzma(feed, history, lzma, control, reset);
      needed = 0;
    }
    yield history.take();
  }
}

/** What a chunk resets at least, -1 if its control byte means nothing. */
function resetOf(control: number): number {
  if (control >= CHUNK_LZMA) return (control >>> 5) & 3;
  if (control === CHUNK_STORED_NEW_DICTIONARY) return RESET_DICTIONARY;
  return control === CHUNK_STORED ? 0 : -1;
}

function* takeStored(feed: Feed, history: History): Feeding<void> {
  const head = yield* feed.take(2, "an LZMA2 chunk");
  const bytes = ((head[0]! << 8) | head[1]!) + 1;
  const piece = yield* feed.take(bytes, "an LZMA2 chunk");
  history.makeRoom(bytes);
  history.memory.set(piece, history.end);
  history.end += bytes;
}

function* takeLzma(
  feed: Feed,
  history: History,
  lzma: LzmaDecoder,
  control: number,
  reset: number,
): Feeding<void> {
  const what = "an LZMA2 chunk";
  const head = yield* feed.take(reset >= RESET_PROPERTIES ? 5 : 4, what);
  const bytes = (((control & 0x1f) << 16) | (head[0]! << 8) | head[1]!) + 1;
  const packedBytes = ((head[2]! << 8) | head[3]!) + 1;
  if (reset >= RESET_PROPERTIES && !lzma.setProperties(head[4]!)) {
    throw feed.fault("compressed-invalid", `LZMA2 chunk with properties ${head[4]}`);
  }
  if (reset >= RESET_STATE) lzma.resetState();
  const piece = yield* feed.take(packedBytes, what);
  history.makeRoom(bytes);
  if (!lzma.decode(piece, bytes)) {
    throw feed.fault("compressed-invalid", "an LZMA2 chunk does not decode");
  }
}

/** The LZMA state that lives from chunk to chunk. */
class LzmaDecoder {
  readonly #history: History;
  readonly #range = new RangeDecoder();
  readonly #probabilities = new Uint16Array(PROBABILITIES);
  #state = 0;
  /** The last four distances less one, the latest first. */
  #repeat0 = 0;
  #repeat1 = 0;
  #repeat2 = 0;
  #repeat3 = 0;
  #literalContextBits = 0;
  #literalPositionMask = 0;
  #positionMask = 0;

  constructor(history: History) {
    this.#history = history;
  }

  /** @returns false if the byte stands for no properties that LZMA2 allows */
  setProperties(properties: number): boolean {
    // properties = (pb * 5 + lp) * 9 + lc
    const lc = properties % 9;
    const lp = Math.floor(properties / 9) % 5;
    const pb = Math.floor(properties / 45);
    if (pb > 4 || lc + lp > LARGEST_LITERAL_BITS) return false;
    this.#literalContextBits = lc;
    this.#literalPositionMask = (1 << lp) - 1;
    this.#positionMask = (1 << pb) - 1;
    return true;
  }

  resetState(): void {
    this.#probabilities.fill(EVEN);
    this.#state = 0;
    this.#repeat0 = this.#repeat1 = this.#repeat2 = this.#repeat3 = 0;
  }

  /** Decode one chunk to the end of the history. @returns false if it is damaged */
  decode(piece: Uint8Array, bytes: number): boolean {
    if (piece.length < RANGE_HEAD_BYTES || !this.#range.begin(piece)) return false;
    const history = this.#history;
    const slid = history.decodedBytes - history.end;
    const end = history.end + bytes;
    while (history.end < end) {
      const position = (slid + history.end) & this.#positionMask;
      if (this.#range.bit(this.#probabilities, IS_MATCH + this.#state * POSITIONS + position)) {
        const length = this.#match(position);
        if (length > end - history.end || this.#distance() > history.reachBytes) return false;
        history.repeat(this.#distance(), length);
      } else {
        this.#literal(slid);
      }
    }
    return this.#range.finished();
  }

  #distance(): number {
    return (this.#repeat0 >>> 0) + 1;
  }

  #literal(slid: number): void {
    const history = this.#history;
    const { memory, end } = history;
    const before = end === 0 ? 0 : memory[end - 1]!;
    const lc = this.#literalContextBits;
    const context = (((slid + end) & this.#literalPositionMask) << lc) + (before >>> (8 - lc));
    const state = this.#state;
    // A state behind a match has had one, so the byte at its distance is there.
    const expected = state < FIRST_MATCH_STATE ? 0x100 : memory[end - this.#distance()]!;
    const index = LITERAL + LITERAL_NODES * context;
    memory[end] = this.#range.literal(this.#probabilities, index, expected);
    history.end = end + 1;
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  }

  /** A match, whose distance is `repeat0` from then on. @returns its length */
  #match(position: number): number {
    const range = this.#range;
    const probabilities = this.#probabilities;
    const state = this.#state;
    const late = state >= FIRST_MATCH_STATE;
    if (!range.bit(probabilities, IS_REPEAT + state)) {
      this.#state = late ? 10 : 7;
      const length = this.#length(MATCH_LENGTH, position);
      this.#repeat3 = this.#repeat2;
      this.#repeat2 = this.#repeat1;
      this.#repeat1 = this.#repeat0;
      this.#repeat0 = this.#newDistance(length);
      return length;
    }
    if (!range.bit(probabilities, IS_REPEAT_0 + state)) {
      if (!range.bit(probabilities, IS_LONG_REPEAT_0 + state * POSITIONS + position)) {
        this.#state = late ? 11 : 9;
        return 1;
      }
    } else {
      this.#recall(state);
    }
    this.#state = late ? 11 : 8;
    return this.#length(REPEAT_LENGTH, position);
  }

  /** One of the older distances comes to the front. */
  #recall(state: number): void {
    const range = this.#range;
    const probabilities = this.#probabilities;
    let distance = this.#repeat1;
    if (range.bit(probabilities, IS_REPEAT_1 + state)) {
      distance = this.#repeat2;
      if (range.bit(probabilities, IS_REPEAT_2 + state)) {
        distance = this.#repeat3;
        this.#repeat3 = this.#repeat2;
      }
      this.#repeat2 = this.#repeat1;
    }
    this.#repeat1 = this.#repeat0;
    this.#repeat0 = distance;
  }

  #length(index: number, position: number): number {
    const range = this.#range;
    const probabilities = this.#probabilities;
    let length = LEAST_MATCH_BYTES;
    if (!range.bit(probabilities, index)) {
      return length + range.tree(probabilities, index + LENGTH_LOW + position * 8, 3);
    }
    length += 8;
    if (!range.bit(probabilities, index + 1)) {
      return length + range.tree(probabilities, index + LENGTH_MIDDLE + position * 8, 3);
    }
    return length + 8 + range.tree(probabilities, index + LENGTH_HIGH, 8);
  }

  /** A new distance, less one. Its 32 bits may look negative here. */
  #newDistance(length: number): number {
    const range = this.#range;
    const probabilities = this.#probabilities;
    const lengthState = Math.min(length - LEAST_MATCH_BYTES, LENGTH_STATES - 1);
    const slot = range.tree(probabilities, SLOT + (lengthState << SLOT_BITS), SLOT_BITS);
    if (slot < 4) return slot;
    const bits = (slot >>> 1) - 1;
    const base = (2 | (slot & 1)) << bits;
    if (slot < FIRST_DIRECT_SLOT) {
      return base + range.reverseTree(probabilities, SPECIAL + base - slot, bits);
    }
    const direct = range.direct(bits - ALIGN_BITS) << ALIGN_BITS;
    return (base + direct + range.reverseTree(probabilities, ALIGN, ALIGN_BITS)) | 0;
  }
}
