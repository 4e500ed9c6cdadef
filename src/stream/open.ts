/**
 * Opens an image: finds by its first bytes what it is, and nests the readers in one another, at most
 * one wrapper deep (DT-15). The one place that knows every format. Source: libxl-stream page, DT-*.
 */
import { type Limits, StreamError } from "../findings/index.js";
import { detect } from "./detect.js";
import { readLibxc } from "./libxc/reader.js";
import { readLibxl } from "./libxl/reader.js";
import type { Reader } from "./protocol.js";
import { readInto, skipBytes } from "./requests.js";
import { readXl } from "./xl/reader.js";

/** Bytes that detection looks at. */
const HEAD_BYTES = 64;
/** Trailing bytes are counted in steps of this size. */
const SKIP_STEP_BYTES = 1024 ** 3;

export interface OpenOptions {
  readonly checkpointed: boolean;
  readonly limits: Limits;
  /** `--format-hint`: a layer's name, legacy32 or legacy64; null to detect. */
  readonly formatHint: string | null;
}

/** What an image was, and where it ended. */
export interface ImageEnd {
  readonly name: string;
  /** First byte after the outermost stream. */
  readonly byteOffset: number;
  readonly trailingBytes: number;
}

/**
 * Read one whole image.
 *
 * @throws {StreamError} where framing is lost, or nothing is recognised (DT-14)
 */
export function* readImage(options: OpenOptions): Reader<ImageEnd> {
  yield { request: "hold", byteOffset: 0 };
  const head = new Uint8Array(HEAD_BYTES);
  const present = yield* readInto(0, head);
  yield { request: "release", byteOffset: 0 };
  const name = detect(head.subarray(0, present), options.formatHint).name;
  const byteOffset = yield* readOuter(name, options);
  let trailingBytes = 0;
  for (;;) {
    const passed = yield* skipBytes(byteOffset + trailingBytes, SKIP_STEP_BYTES);
    trailingBytes += passed;
    if (passed < SKIP_STEP_BYTES) break;
  }
  return { name, byteOffset, trailingBytes };
}

function* readOuter(name: string, options: OpenOptions): Reader<number> {
  switch (name) {
    case "xl":
      return yield* readXl(0, options.limits, (at) => readInner(at, options));
    case "libxl":
      return yield* readLibxl(0, options);
    case "libxc":
      return (yield* readLibxc(0, options)).byteOffset;
    default:
      throw new StreamError({ rule: "DT-14", layer: "libxc", byteOffset: 0 });
  }
}

/** The stream inside a wrapper: found by its own first bytes. */
function* readInner(
  byteOffset: number,
  options: OpenOptions,
): Reader<{ name: string; byteOffset: number }> {
  yield { request: "hold", byteOffset };
  const head = new Uint8Array(HEAD_BYTES);
  const present = yield* readInto(byteOffset, head);
  yield { request: "release", byteOffset };
  const { name } = detect(head.subarray(0, present), null);
  if (name === "libxl") return { name, byteOffset: yield* readLibxl(byteOffset, options) };
  if (name === "libxc") {
    return { name, byteOffset: (yield* readLibxc(byteOffset, options)).byteOffset };
  }
  throw new StreamError({ rule: "DT-14", layer: "xl", byteOffset });
}
