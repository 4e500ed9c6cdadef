/**
 * Reads a header of fixed size: whole or cut, decoded, its faults given, and told as an event. What
 * the header says is its codec's. Shared by the readers of libxc, libxl and xl.
 */
import { StreamError } from "../findings/index.js";
import type { Layer } from "../format/index.js";
import type { DecodedHeader } from "./codec.js";
import type { Reader } from "./protocol.js";
import { readInto } from "./requests.js";

/** One kind of header. */
export interface HeaderBlock<V> {
  readonly layer: Layer;
  readonly name: string;
  readonly bytes: number;
  /** Breached where the input ends inside the header. */
  readonly cutRule: string;
  readonly decode: (bytes: Uint8Array, byteOffset: number) => DecodedHeader<V>;
  /** JSON-able, by the standard's names. */
  readonly fields: (value: V) => Record<string, unknown>;
}

/**
 * Read one header.
 *
 * @throws {StreamError} where it is cut, or nothing behind it can be read
 */
export function* readHeaderBlock<V>(block: HeaderBlock<V>, byteOffset: number): Reader<V> {
  const { layer, name, bytes } = block;
  const read = new Uint8Array(bytes);
  const present = yield* readInto(byteOffset, read);
  if (present < bytes) {
    throw new StreamError({
      rule: block.cutRule,
      layer,
      byteOffset,
      message: `The ${name} is cut short.`,
      expected: `${bytes} bytes`,
      actual: `${present} bytes`,
      field: null,
    });
  }
  const { value, faults, fatal } = block.decode(read, byteOffset);
  for (const fault of faults) {
    if (fatal && fault === faults.at(-1)) throw new StreamError(fault);
    yield { event: "fault", fault };
  }
  const fields = block.fields(value);
  yield { event: "header", layer, name, byteOffset, bytes, fields };
  return value;
}
