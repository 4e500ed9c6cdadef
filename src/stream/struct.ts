/**
 * Read and write structures by their layouts (format/layout.ts), and turn them into what JSON can
 * hold. Reading and writing are exact inverses; a layout has no gaps, so no byte is lost.
 */
import {
  type AnyLayout,
  type FieldSpec,
  fieldBytes,
  type Layout,
  SCALAR_BYTES,
  type Scalar,
  type Struct,
} from "../format/index.js";
import { hexOfBytes, readU16, readU32, readU64, writeU16, writeU32, writeU64 } from "./bytes.js";

/**
 * Read a structure.
 *
 * @param bytes   holds the structure from `offset` on; what is missing at its end reads as zero
 * @returns its fields; byte fields are copies
 */
export function decodeStruct<F extends readonly FieldSpec[]>(
  structure: Layout<F>,
  bytes: Uint8Array,
  offset = 0,
): Struct<Layout<F>> {
  return decodeFields(structure, bytes, offset) as Struct<Layout<F>>;
}

/**
 * A structure over its bytes, for those who look at few of its fields: each is read when it is
 * asked for. Not to be printed or spread: the fields are getters of a prototype.
 *
 * @returns makes them, as decodeStruct() does, of bytes that are kept
 */
export function structView<F extends readonly FieldSpec[]>(
  structure: Layout<F>,
): (bytes: Uint8Array, offset?: number) => Struct<Layout<F>> {
  let made: typeof StructView | null = null;
  return (bytes, offset = 0) => {
    made ??= viewClass(structure);
    return new made(bytes, offset) as unknown as Struct<Layout<F>>;
  };
}

/** Write a structure into memory of its own, `structure.bytes` long. */
export function encodeStruct<F extends readonly FieldSpec[]>(
  structure: Layout<F>,
  value: NoInfer<Struct<Layout<F>>>,
): Uint8Array {
  const bytes = new Uint8Array(structure.bytes);
  encodeFields(structure, value as Fields, bytes, 0);
  return bytes;
}

/**
 * What JSON can hold of a decoded structure or value: 64-bit integers become `0x...` strings, byte
 * fields hex digits; all else stays.
 */
export function jsonOf(value: unknown): unknown {
  if (typeof value === "bigint") return hexOfI64(value);
  if (value instanceof Uint8Array) return hexOfBytes(value);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, jsonOf(item)]));
}

/** As jsonOf(), for a structure: an object comes back. */
export function structJson(value: object): Record<string, unknown> {
  return jsonOf(value) as Record<string, unknown>;
}

type Fields = Readonly<Record<string, unknown>>;

function hexOfI64(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}

/** What the views of all layouts have in common. Its own names must not be those of fields. */
class StructView {
  readonly #bytes: Uint8Array;
  readonly #offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  static read(view: StructView, field: FieldSpec, at: number): unknown {
    return decodeField(field, view.#bytes, view.#offset + at);
  }
}

function viewClass(structure: AnyLayout): typeof StructView {
  class Fields extends StructView {}
  let next = 0;
  for (const field of structure.fields) {
    const at = next;
    const get = function (this: StructView): unknown {
      return StructView.read(this, field, at);
    };
    Object.defineProperty(Fields.prototype, field[0], { get });
    next += fieldBytes(field);
  }
  return Fields;
}

function decodeFields(structure: AnyLayout, bytes: Uint8Array, offset: number): Fields {
  const value: Record<string, unknown> = {};
  let at = offset;
  for (const field of structure.fields) {
    value[field[0]] = decodeField(field, bytes, at);
    at += fieldBytes(field);
  }
  return value;
}

function decodeField(field: FieldSpec, bytes: Uint8Array, offset: number): unknown {
  const [, kind, count] = field;
  if (kind === "bytes") {
    const copy = new Uint8Array(count);
    copy.set(bytes.subarray(offset, offset + count));
    return copy;
  }
  const size = typeof kind === "string" ? SCALAR_BYTES[kind] : kind.bytes;
  const one = (at: number): unknown =>
    typeof kind === "string" ? readScalar(kind, bytes, at) : decodeFields(kind, bytes, at);
  if (count === undefined) return one(offset);
  return Array.from({ length: count }, (_, index) => one(offset + index * size));
}

function readScalar(kind: Scalar, bytes: Uint8Array, offset: number): number | bigint {
  switch (kind) {
    case "u8":
      return bytes[offset] ?? 0;
    case "i8":
      return ((bytes[offset] ?? 0) << 24) >> 24;
    case "u16":
      return readU16(bytes, offset);
    case "u32":
      return readU32(bytes, offset);
    case "u64":
      return readU64(bytes, offset);
    case "i64":
      return BigInt.asIntN(64, readU64(bytes, offset));
  }
}

function encodeFields(
  structure: AnyLayout,
  value: Fields,
  bytes: Uint8Array,
  offset: number,
): void {
  let at = offset;
  for (const field of structure.fields) {
    encodeField(field, value[field[0]], bytes, at);
    at += fieldBytes(field);
  }
}

function encodeField(field: FieldSpec, value: unknown, bytes: Uint8Array, offset: number): void {
  const [, kind, count] = field;
  if (kind === "bytes") {
    bytes.set((value as Uint8Array).subarray(0, count), offset);
    return;
  }
  const size = typeof kind === "string" ? SCALAR_BYTES[kind] : kind.bytes;
  const one = (item: unknown, at: number): void => {
    if (typeof kind === "string") writeScalar(kind, item as number | bigint, bytes, at);
    else encodeFields(kind, item as Fields, bytes, at);
  };
  if (count === undefined) {
    one(value, offset);
    return;
  }
  const items = value as readonly unknown[];
  for (let index = 0; index < count; index++) one(items[index], offset + index * size);
}

function writeScalar(
  kind: Scalar,
  value: number | bigint,
  bytes: Uint8Array,
  offset: number,
): void {
  switch (kind) {
    case "u8":
    case "i8":
      bytes[offset] = Number(value);
      return;
    case "u16":
      writeU16(bytes, offset, Number(value));
      return;
    case "u32":
      writeU32(bytes, offset, Number(value));
      return;
    case "u64":
    case "i64":
      writeU64(bytes, offset, BigInt(value));
  }
}
