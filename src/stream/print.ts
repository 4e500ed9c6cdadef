/**
 * How lists and blobs of a record are printed: in full up to a named limit, then how much was left
 * out. A record of 128 MiB must not become a JSON text of a gigabyte.
 */
import { MAX_ITEMS_PRINTED } from "../findings/index.js";
import { hexOfBytes } from "./bytes.js";
import type { EntryTable } from "./entry-table.js";
import { jsonOf } from "./struct.js";

/** A blob as hex digits under `name`; what is left out is counted in `<name>_bytes_omitted`. */
export function printedBlob(name: string, bytes: Uint8Array): Record<string, unknown> {
  const shown = hexOfBytes(bytes.subarray(0, MAX_ITEMS_PRINTED));
  if (bytes.length <= MAX_ITEMS_PRINTED) return { [name]: shown };
  return { [name]: shown, [`${name}_bytes_omitted`]: bytes.length - MAX_ITEMS_PRINTED };
}

/** Entries under `name`; those left out are counted in `<name>_omitted`. */
export function printedTable<T>(
  name: string,
  table: EntryTable<T>,
  print: (entry: T) => unknown = jsonOf,
): Record<string, unknown> {
  const shown = table.first(MAX_ITEMS_PRINTED).map(print);
  if (table.length <= MAX_ITEMS_PRINTED) return { [name]: shown };
  return { [name]: shown, [`${name}_omitted`]: table.length - MAX_ITEMS_PRINTED };
}

/** `name: value` if it is worth telling: not zero, not empty. Blobs are printed in hex. */
export function printedIfAny(name: string, value: number | Uint8Array): Record<string, unknown> {
  if (typeof value === "number") return value === 0 ? {} : { [name]: value };
  return value.length === 0 ? {} : printedBlob(name, value);
}

/** Bytes that should be zero, in hex under `name`, only where one of them is not. */
export function printedIfUsed(name: string, bytes: Uint8Array): Record<string, unknown> {
  return bytes.every((byte) => byte === 0) ? {} : printedBlob(name, bytes);
}
