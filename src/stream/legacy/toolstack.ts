/**
 * The toolstack chunk of a legacy stream: the regions that QEMU mapped, turned into the Xenstore
 * strings that EMULATOR_XENSTORE_DATA holds. The same blob is the body of such a record in libxl
 * streams from before the first release. Decoder only.
 *
 *   version u32 | count u32 | { phys_offset u64 | start_addr u64 | size u64 | namelen u32 | name
 *                               | 64-bit toolstack: 4 stray bytes }
 *
 * Source: Xen 4.5 libxl_dom.c (facts); LG-TS-1..4.
 */
import {
  DEFAULT_LIMITS,
  type FieldSpan,
  type Limits,
  MAX_ITEMS_PRINTED,
} from "../../findings/index.js";
import {
  LEGACY_TOOLSTACK_ENTRY_BYTES,
  LEGACY_TOOLSTACK_HEAD_BYTES,
  LEGACY_TOOLSTACK_STRAY_BYTES_64,
  LEGACY_TOOLSTACK_VERSION,
  type LegacyWidth,
} from "../../format/index.js";
import { mayHold } from "../bounded.js";
import { latin1, viewOf } from "../magic.js";
import { printedBlob, printedIfAny, printedIfUsed } from "../print.js";

/** What is wrong with a chunk, and where. */
export interface ToolstackBreach {
  readonly rule: "LG-TS-1" | "LG-TS-2" | "LG-TS-3";
  /** Index into the chunk's payload. */
  readonly byteIndex: number;
  readonly expected: string;
  readonly actual: string;
  readonly field: FieldSpan | null;
}

/** What a chunk says. */
export interface ToolstackRead {
  /** The payload, decoded; as hex if it has a breach. JSON-able. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The first breach; null if there is none. */
  readonly breach: ToolstackBreach | null;
}

/** A region that QEMU mapped: numbers in lower-case hex, views of the rest. */
interface Region {
  readonly physOffset: string;
  readonly startAddr: string;
  readonly size: string;
  /** With its NUL. */
  readonly name: Uint8Array;
  readonly stray: Uint8Array;
}

/** The u32 at the place of a breach: the version, the length of a name. */
const WORD: FieldSpan = { at: 0, bytes: 4 };

/** Room for the strings of any real guest. */
const FIRST_BYTES = 1024;

/** Strings, each with its NUL: key, value, key, value. One buffer, whatever their number. */
export class PackedStrings {
  readonly #limits: Limits;
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Bytes collected so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Add a string that ends in NUL.
   *
   * @throws {CapacityError} where the strings grow beyond `maxMetadataBytes`
   */
  add(string: Uint8Array): void {
    const length = this.#length + string.length;
    if (length > this.#limits.maxMetadataBytes) mayHold(this.#limits, length);
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(string, this.#length);
    this.#length = length;
  }

  /** Drop what was added since the length was this. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** The strings, a copy. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Decode the payload of one chunk and add its strings. A chunk with a breach adds none. */
export function readToolstack(
  payload: Uint8Array,
  width: LegacyWidth,
  strings: PackedStrings,
): ToolstackRead {
  const before = strings.length;
  const regions: Record<string, unknown>[] = [];
  let omitted = 0;
  const end = readEntries(payload, width, (region) => {
    addStrings(strings, region);
    if (regions.length < MAX_ITEMS_PRINTED) regions.push(regionJson(region));
    else omitted += 1;
  });
  if (typeof end !== "number") {
    strings.truncate(before);
    return { fields: printedBlob("content", payload), breach: end };
  }
  // Not `version`: a header's field of that name is the stream's.
  const fields = {
    blobVersion: LEGACY_TOOLSTACK_VERSION,
    regions,
    ...printedIfAny("regions_omitted", omitted),
    ...printedIfAny("surplus", payload.subarray(end)),
  };
  return { fields, breach: null };
}

function addStrings(strings: PackedStrings, region: Region): void {
  const key = `physmap/${region.physOffset}`;
  strings.add(text(`${key}/start_addr`));
  strings.add(text(region.startAddr));
  strings.add(text(`${key}/size`));
  strings.add(text(region.size));
  strings.add(text(`${key}/name`));
  strings.add(region.name);
}

function regionJson({ physOffset, startAddr, size, name, stray }: Region): Record<string, unknown> {
  return {
    physOffset: `0x${physOffset}`,
    startAddr: `0x${startAddr}`,
    size: `0x${size}`,
    name: latin1(name.subarray(0, -1)),
    ...printedIfUsed("stray", stray),
  };
}

/**
 * The strings of a libxl record whose body is such a blob: at least one region, and nothing behind
 * the last one, by a toolstack of either width.
 *
 * @returns null for any other body
 * @throws {CapacityError} where the strings would be larger than any metadata may be
 */
export function toolstackStrings(body: Uint8Array): Uint8Array | null {
  for (const width of [64, 32] as const) {
    const strings = new PackedStrings(DEFAULT_LIMITS);
    const end = readEntries(body, width, (region) => addStrings(strings, region));
    if (end === body.length && strings.length > 0) return strings.bytes();
  }
  return null;
}

/** Gives each region to `take`. Returns where the last one ends, or what is wrong. */
function readEntries(
  payload: Uint8Array,
  width: LegacyWidth,
  take: (region: Region) => void,
): ToolstackBreach | number {
  const view = viewOf(payload);
  if (payload.length < LEGACY_TOOLSTACK_HEAD_BYTES) {
    const actual = `${payload.length} bytes`;
    return breach("LG-TS-1", 0, `at least ${LEGACY_TOOLSTACK_HEAD_BYTES} bytes`, actual);
  }
  const version = view.getUint32(0, true);
  if (version !== LEGACY_TOOLSTACK_VERSION) {
    return breach("LG-TS-1", 0, `version ${LEGACY_TOOLSTACK_VERSION}`, `${version}`, WORD);
  }
  const count = view.getUint32(4, true);
  const stray = width === 64 ? LEGACY_TOOLSTACK_STRAY_BYTES_64 : 0;
  let at = LEGACY_TOOLSTACK_HEAD_BYTES;
  for (let entry = 0; entry < count; entry += 1) {
    const left = payload.length - at;
    const fixedBytes = LEGACY_TOOLSTACK_ENTRY_BYTES + stray;
    if (left < fixedBytes) {
      return breach("LG-TS-2", at, `${fixedBytes} bytes for entry ${entry}`, `${left} bytes`);
    }
    const nameBytes = view.getUint32(at + 24, true);
    if (left < fixedBytes + nameBytes) {
      const expected = `${fixedBytes + nameBytes} bytes for entry ${entry}`;
      return breach("LG-TS-2", at, expected, `${left} bytes`);
    }
    const nameAt = at + LEGACY_TOOLSTACK_ENTRY_BYTES;
    const name = payload.subarray(nameAt, nameAt + nameBytes);
    if (name[nameBytes - 1] !== 0) {
      const actual = nameBytes === 0 ? "no name" : "another last byte";
      return breach("LG-TS-3", at + 24, `a name of entry ${entry} that ends in NUL`, actual, WORD);
    }
    const strayAt = nameAt + nameBytes;
    take({
      physOffset: hexAt(view, at),
      startAddr: hexAt(view, at + 8),
      size: hexAt(view, at + 16),
      name,
      stray: payload.subarray(strayAt, strayAt + stray),
    });
    at = strayAt + stray;
  }
  return at;
}

function breach(
  rule: ToolstackBreach["rule"],
  byteIndex: number,
  expected: string,
  actual: string,
  field: FieldSpan | null = null,
): ToolstackBreach {
  return { rule, byteIndex, expected, actual, field };
}

function hexAt(view: DataView, at: number): string {
  return view.getBigUint64(at, true).toString(16);
}

/** ASCII text with its NUL. */
function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}
