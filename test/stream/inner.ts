/**
 * An inner reader for tests of containers: reads legacy streams for real, and stands in for the libxc
 * and libxl readers by taking a stream of known length. It keeps what it was told.
 */
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { readLegacy } from "../../src/stream/legacy/reader.js";
import type { NestedContext, NestedReader } from "../../src/stream/nested.js";
import { ascii, concat, u32be, u64le, zeros } from "../builders/bytes.js";

/** The beginning of a libxc stream, and of a libxl one: enough to be recognised. */
export const LIBXC = concat(u64le(2n ** 64n - 1n), ascii("XENF"), u32be(3), zeros(24));
export const LIBXL = concat(ascii("LibxlFmt"), u32be(2), u32be(0), zeros(8));

export interface Told {
  readonly byteOffset: number;
  readonly context: NestedContext;
}

/** @param told  takes what each call was told */
export function innerReader(told: Told[]): NestedReader {
  return function* inner(byteOffset, context) {
    told.push({ byteOffset, context });
    const { stream, wrapper } = context;
    if (stream.name === "legacy") {
      const options = { shape: stream.legacy, wrapper, limits: DEFAULT_LIMITS };
      return yield* readLegacy(byteOffset, options);
    }
    yield { event: "container", name: stream.name, byteOffset };
    return byteOffset + (stream.name === "libxc" ? LIBXC.length : LIBXL.length);
  };
}
