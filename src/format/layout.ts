/**
 * Layouts: structures of a standard as lists of fields, in order, without gaps (padding is a field
 * too). A layout is a drawing: stream/struct.ts reads and writes by it. Fields keep the names of
 * the standard, so that what is read can be printed as it is.
 */

/** Integers, little-endian. The 64-bit ones are bigint in a decoded structure. */
export type Scalar = "u8" | "u16" | "u32" | "u64" | "i8" | "i64";

/** Bytes of each scalar. */
export const SCALAR_BYTES: Readonly<Record<Scalar, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  i8: 1,
  i64: 8,
};

/**
 * A field: name, kind, and how many of them (an array then; for "bytes" the number of bytes).
 */
export type FieldSpec =
  | readonly [name: string, kind: "bytes", count: number]
  | readonly [name: string, kind: Scalar | AnyLayout]
  | readonly [name: string, kind: Scalar | AnyLayout, count: number];

/** A layout whose field types are not known to the compiler. */
export interface AnyLayout {
  readonly fields: readonly FieldSpec[];
  /** Size of the whole structure. */
  readonly bytes: number;
}

/** A layout whose decoded structure has the type `Struct<...>`. */
export interface Layout<F extends readonly FieldSpec[]> extends AnyLayout {
  readonly fields: F;
}

type ValueOf<K> = K extends "u64" | "i64"
  ? bigint
  : K extends Scalar
    ? number
    : K extends Layout<infer F>
      ? StructOf<F>
      : never;

type FieldValue<S> = S extends readonly [string, "bytes", number]
  ? Uint8Array
  : S extends readonly [string, infer K, number]
    ? readonly ValueOf<K>[]
    : S extends readonly [string, infer K]
      ? ValueOf<K>
      : never;

type StructOf<F extends readonly FieldSpec[]> = {
  readonly [S in F[number] as S[0]]: FieldValue<S>;
};

/** The decoded form of a layout: one property per field. */
export type Struct<L> = L extends Layout<infer F> ? StructOf<F> : never;

/** Make a layout of its fields, in the order in which they stand. */
export function layout<const F extends readonly FieldSpec[]>(fields: F): Layout<F> {
  let bytes = 0;
  for (const field of fields) bytes += fieldBytes(field);
  return { fields, bytes };
}

/** Bytes that one field takes, all its elements together. */
export function fieldBytes(field: FieldSpec): number {
  const [, kind, count = 1] = field;
  if (kind === "bytes") return count;
  return count * (typeof kind === "string" ? SCALAR_BYTES[kind] : kind.bytes);
}

/**
 * Where a field stands in its structure, in bytes.
 *
 * @throws {RangeError} for a name that the layout lacks: a mistake of the caller, not of an image
 */
export function fieldOffset<F extends readonly FieldSpec[]>(
  structure: Layout<F>,
  name: F[number][0],
): number {
  let offset = 0;
  for (const field of structure.fields) {
    if (field[0] === name) return offset;
    offset += fieldBytes(field);
  }
  throw new RangeError(`no field ${name} in this layout`);
}

/** Where a field stands in its structure, and the bytes it takes. Throws as fieldOffset(). */
export function fieldSpan<F extends readonly FieldSpec[]>(
  structure: Layout<F>,
  name: F[number][0],
): { readonly at: number; readonly bytes: number } {
  const at = fieldOffset(structure, name);
  const field = structure.fields.find(([each]) => each === name) as FieldSpec;
  return { at, bytes: fieldBytes(field) };
}
