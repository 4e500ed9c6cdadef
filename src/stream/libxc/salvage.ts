/**
 * Reads what is left of a damaged libxc stream: records that follow each other as they should, and
 * behind a place where they do not, from the next record that can only be one. A record is believed
 * by its own numbers; nothing is judged by rules here, and order does not matter.
 */
import { StreamError } from "../../findings/index.js";
import {
  ENTRY_BYTES,
  ENTRY_HIGH_PFN_MASK,
  ENTRY_HIGH_RESERVED_MASK,
  ENTRY_HIGH_TYPE_SHIFT,
  HVM_PFN_LIMIT,
  PAGE_BYTES,
  PAGE_DATA_HEAD_BYTES,
  PAGE_TYPES_INVALID,
  PAGE_TYPES_WITH_DATA,
  REC_TYPE_CHECKPOINT,
  REC_TYPE_END,
  REC_TYPE_HVM_CONTEXT,
  REC_TYPE_HVM_PARAMS,
  REC_TYPE_PAGE_DATA,
  RECORD_NAMES,
  TWO_POW_32,
} from "../../format/index.js";
import { readU32 } from "../bytes.js";
import { bodyOffset, nextOffset, readBody } from "../framing.js";
import type { Job, Reader, RecordHead } from "../protocol.js";
import { readBytes, readInto } from "../requests.js";
import { readBatch } from "./batch.js";
import { ReadAhead } from "./read-ahead.js";

const HEADER_BYTES = 8;
/** Header and the first words of a body: what a candidate is looked at by. */
const PEEK_BYTES = 24;
/** Bytes searched at a time. */
const SCAN_BYTES = 1024 * 1024;
/** Entries of one record that are believed; savers send 1024. */
const MAX_ENTRIES = 1024 * 1024;
const MAX_PARAMS = 64;
const PARAM_BYTES = 16;
/** First words of an HVM context: type 1, instance 0, 24 bytes, then the magic. */
const CONTEXT_WORDS = [1, 24, 0x5438_1286] as const;

/** What the one who salvages is told beside the events. */
export interface SalvageHooks {
  /** Metadata records longer than this are not believed. */
  readonly maxMetadataBytes: number;
  /** The next batch names no pfn beyond this. */
  batch(maxPfn: number): void;
  /** These bytes were passed over: no record was found in them. */
  passedOver(byteOffset: number, bytes: number): void;
  /** A PAGE_DATA record with a bad entry: its pages cannot be told apart. */
  refused(head: RecordHead, pfns: readonly number[]): void;
}

/** What the entries of a PAGE_DATA record say. */
interface Entries {
  readonly sound: boolean;
  readonly maxPfn: number;
  /** Of the entries that are sound and bring a page. */
  readonly pfns: readonly number[];
}

/**
 * Read records from `byteOffset` to the end of the input. Needs an input that can be read again.
 *
 * @param byteOffset of the first record, if all is well; later ones are looked for in steps of
 *   `alignBytes` from there
 */
export function* salvageLibxc(
  byteOffset: number,
  alignBytes: 1 | 8,
  hooks: SalvageHooks,
): Reader<void> {
  let at = byteOffset;
  for (let index = 0; ; index += 1) {
    let head = yield* recordAt(at, index, hooks);
    if (head === null) {
      const found = yield* search(at, alignBytes, index, hooks);
      if (typeof found === "number") {
        if (found > at) hooks.passedOver(at, found - at);
        return;
      }
      hooks.passedOver(at, found.byteOffset - at);
      head = found;
    }
    const next = yield* give(head, hooks);
    if (next === null) return;
    at = next;
    if (head.type === REC_TYPE_END) {
      // What follows belongs to the container, unless the END was none.
      const found = yield* search(at, alignBytes, index + 1, hooks);
      if (typeof found === "number") return;
      hooks.passedOver(at, found.byteOffset - at);
      at = found.byteOffset;
    }
  }
}

/** Give one believed record. Returns where the next one begins; null where the input ends. */
function* give(head: RecordHead, hooks: SalvageHooks): Reader<number | null> {
  if (head.type !== REC_TYPE_PAGE_DATA) {
    const body = yield* readBody(head);
    if (body.kind === "cut") return null;
    yield { event: "record", head, body: body.body };
    return nextOffset(head);
  }
  const entries = yield* readEntries(head, false);
  if (entries.sound) {
    hooks.batch(entries.maxPfn);
    try {
      yield* readBatch(head, new ReadAhead());
    } catch (error) {
      // The input ends in this record: its whole pages were taken.
      if (error instanceof StreamError) return null;
      throw error;
    }
  } else hooks.refused(head, entries.pfns);
  return nextOffset(head);
}

/** The record at `at`, if what stands there is one and something like a record follows it. */
function* recordAt(at: number, recordIndex: number, hooks: SalvageHooks): Job<RecordHead | null> {
  const peek = yield* readBytes(at, PEEK_BYTES);
  if (peek.length < HEADER_BYTES) return null;
  const head = headOf(peek, 0, at, recordIndex);
  if (head === null) return null;
  if (head.type === REC_TYPE_PAGE_DATA) return isPageData(peek, 0, false) ? head : null;
  if (head.bodyBytes > hooks.maxMetadataBytes) return null;
  if (head.type === REC_TYPE_END || head.type === REC_TYPE_CHECKPOINT) {
    return head.bodyBytes === 0 ? head : null;
  }
  const next = yield* readBytes(nextOffset(head), HEADER_BYTES);
  const follows = next.length < HEADER_BYTES || headOf(next, 0, 0, 0) !== null;
  return follows ? head : null;
}

/** The next place where a record stands that its own numbers prove; the input's end if none. */
function* search(
  from: number,
  alignBytes: 1 | 8,
  recordIndex: number,
  hooks: SalvageHooks,
): Job<RecordHead | number> {
  const window = new Uint8Array(SCAN_BYTES);
  for (let at = from; ; ) {
    const got = yield* readInto(at, window);
    for (let i = 0; i + PEEK_BYTES <= got; i += alignBytes) {
      const type = window[i];
      if (type !== REC_TYPE_PAGE_DATA && type !== REC_TYPE_HVM_PARAMS) {
        if (type !== REC_TYPE_HVM_CONTEXT) continue;
      }
      const head = headOf(window, i, at + i, recordIndex);
      if (head === null || !(yield* isProven(window, i, head, hooks))) continue;
      return head;
    }
    if (got < SCAN_BYTES) return at + got;
    at += SCAN_BYTES - HEADER_BYTES * Math.ceil(PEEK_BYTES / HEADER_BYTES);
  }
}

function* isProven(
  bytes: Uint8Array,
  i: number,
  head: RecordHead,
  hooks: SalvageHooks,
): Job<boolean> {
  if (head.type === REC_TYPE_PAGE_DATA) {
    return isPageData(bytes, i, true) && (yield* readEntries(head, true)).sound;
  }
  if (head.bodyBytes > hooks.maxMetadataBytes) return false;
  if (head.type === REC_TYPE_HVM_CONTEXT) {
    return CONTEXT_WORDS.every((word, k) => readU32(bytes, i + HEADER_BYTES + 4 * k) === word);
  }
  const count = readU32(bytes, i + HEADER_BYTES);
  const fits = head.bodyBytes === PAGE_DATA_HEAD_BYTES + count * PARAM_BYTES;
  return fits && count >= 1 && count <= MAX_PARAMS && readU32(bytes, i + 12) === 0;
}

/** A header with a type that exists. */
function headOf(
  bytes: Uint8Array,
  i: number,
  byteOffset: number,
  recordIndex: number,
): RecordHead | null {
  const type = readU32(bytes, i);
  const name = RECORD_NAMES[type];
  if (name === undefined) return null;
  return { layer: "libxc", recordIndex, type, name, byteOffset, bodyBytes: readU32(bytes, i + 4) };
}

/**
 * Whether the length of a PAGE_DATA record is one that its count of entries allows.
 *
 * @param strict  where nothing but its numbers speaks for the record: reserved ones must be zero
 */
function isPageData(bytes: Uint8Array, i: number, strict: boolean): boolean {
  if (bytes.length < i + HEADER_BYTES + PAGE_DATA_HEAD_BYTES) return false;
  const count = readU32(bytes, i + HEADER_BYTES);
  if (count < 1 || count > MAX_ENTRIES) return false;
  if (strict && readU32(bytes, i + 12) !== 0) return false;
  const pageBytes = readU32(bytes, i + 4) - PAGE_DATA_HEAD_BYTES - count * ENTRY_BYTES;
  return pageBytes >= 0 && pageBytes % PAGE_BYTES === 0 && pageBytes / PAGE_BYTES <= count;
}

/** Read the entries of a record that isPageData() accepted. */
function* readEntries(head: RecordHead, strict: boolean): Job<Entries> {
  const count = readU32(yield* readBytes(bodyOffset(head), 4), 0);
  const bytes = yield* readBytes(bodyOffset(head) + PAGE_DATA_HEAD_BYTES, count * ENTRY_BYTES);
  const whole = bytes.length === count * ENTRY_BYTES;
  const pfns: number[] = [];
  let sound = whole;
  let maxPfn = 0;
  for (let i = 0; i + ENTRY_BYTES <= bytes.length; i += ENTRY_BYTES) {
    const high = readU32(bytes, i + 4);
    const type = high >>> ENTRY_HIGH_TYPE_SHIFT;
    const pfn = (high & ENTRY_HIGH_PFN_MASK) * TWO_POW_32 + readU32(bytes, i);
    const reserved = (high & ENTRY_HIGH_RESERVED_MASK) !== 0;
    const invalid = ((PAGE_TYPES_INVALID >> type) & 1) !== 0;
    if (invalid || (strict && reserved) || pfn >= HVM_PFN_LIMIT) {
      sound = false;
      continue;
    }
    maxPfn = Math.max(maxPfn, pfn);
    if ((PAGE_TYPES_WITH_DATA >> type) & 1) pfns.push(pfn);
  }
  const bytesTold = PAGE_DATA_HEAD_BYTES + count * ENTRY_BYTES + pfns.length * PAGE_BYTES;
  return { sound: sound && bytesTold === head.bodyBytes, maxPfn, pfns };
}
