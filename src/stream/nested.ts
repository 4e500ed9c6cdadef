/**
 * How a container reads the stream inside it: it looks at the first bytes, judges them against what
 * its own header says, and delegates to an inner reader that the caller passed in. The nesting rule
 * stands here: one wrapper, then a libxc, libxl or legacy stream. Source: DT-14, DT-15.
 */
import { StreamError } from "../findings/index.js";
import { DETECT_BYTES, type Detected, detect } from "./detect.js";
import type { LegacyShape } from "./legacy/probe.js";
import type { Job, Reader } from "./protocol.js";
import { readInto } from "./requests.js";

/** A format that holds one domain stream and may not hold another wrapper. */
export type Wrapper = "xl" | "libvirt" | "xapi" | "xend";

/** A stream that may stand in a wrapper. */
export type NestedStream =
  | { readonly name: "libxc" | "libxl"; readonly row: string }
  | { readonly name: "legacy"; readonly row: string; readonly legacy: LegacyShape };

/** What the inner reader is told. */
export interface NestedContext {
  readonly wrapper: Wrapper;
  /** What its first bytes are: the reader to choose, and the shape of a legacy stream. */
  readonly stream: NestedStream;
}

/**
 * Reads the stream in a container.
 *
 * @returns the first byte after it
 */
export type NestedReader = (byteOffset: number, context: NestedContext) => Reader<number>;

/** What a user may say of the stream in a wrapper. */
const NESTED_HINTS: readonly string[] = ["libxc", "libxl", "legacy", "legacy32", "legacy64"];

/**
 * What a hint says of the stream in a wrapper: one that names a wrapper was about the file, whose
 * magic decided already.
 */
export function nestedHint(hint: string | null): string | null {
  return hint !== null && NESTED_HINTS.includes(hint) ? hint : null;
}

/** Look at what begins at `byteOffset` and leave it to be read again, on a pipe too. */
export function* peekHead(byteOffset: number): Job<Uint8Array> {
  const head = new Uint8Array(DETECT_BYTES);
  yield { request: "hold", byteOffset };
  const present = yield* readInto(byteOffset, head);
  yield { request: "release", byteOffset };
  return head.subarray(0, present);
}

/**
 * Find out which stream a container holds.
 *
 * @param hint  one of FORMAT_HINTS, null for none
 * @throws {StreamError} DT-14 where it is none that is known, DT-15 where it is another wrapper
 */
export function* detectNested(
  byteOffset: number,
  wrapper: Wrapper,
  hint: string | null,
): Job<NestedStream> {
  const detected: Detected = detect(yield* peekHead(byteOffset), hint);
  switch (detected.name) {
    case "libxc":
    case "libxl":
      return { name: detected.name, row: detected.row };
    case "legacy":
      return detected;
    case "unknown":
      throw new StreamError({
        rule: "DT-14",
        layer: wrapper,
        byteOffset,
        message: `No domain stream follows here. ${detected.reason}`,
        expected: "a libxl, libxc or legacy stream",
      });
    default:
      throw new StreamError({
        rule: "DT-15",
        layer: wrapper,
        byteOffset,
        expected: "a libxl, libxc or legacy stream",
        actual: detected.name,
      });
  }
}
