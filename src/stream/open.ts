/**
 * Opens an image: finds by its first bytes what it is, and nests the readers in one another, at most
 * one wrapper deep (DT-15). The one place that knows every format. Source: libxl-stream page, DT-*.
 */
import { type Limits, StreamError } from "../findings/index.js";
import { IMAGE_ID, IMAGE_MARKER_BYTE, IMAGE_MARKER_BYTES } from "../format/index.js";
import { type Detected, detect } from "./detect.js";
import { readBareHvmContext } from "./hvm-context/reader.js";
import { readLegacy } from "./legacy/reader.js";
import { readLibvirt } from "./libvirt/reader.js";
import { readLibxc } from "./libxc/reader.js";
import { readLibxl } from "./libxl/reader.js";
import { type NestedReader, nestedHint, peekHead } from "./nested.js";
import type { Reader } from "./protocol.js";
import { readQemu } from "./qemu/reader.js";
import { skipBytes } from "./requests.js";
import { readXapi } from "./xapi/reader.js";
import { readXend } from "./xend/reader.js";
import { readXenstore } from "./xenstore/index.js";
import { readXl } from "./xl/reader.js";

/** Trailing bytes are counted in steps of this size. */
const SKIP_STEP_BYTES = 1024 ** 3;

export interface OpenOptions {
  readonly checkpointed: boolean;
  readonly limits: Limits;
  /** `--format-hint`: one of FORMAT_HINTS; null to detect. */
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
 * @throws {UsageError} for a hint that is no format
 */
export function* readImage(options: OpenOptions): Reader<ImageEnd> {
  const head = yield* peekHead(0);
  const detected = detect(head, options.formatHint);
  const byteOffset = yield* readOuter(detected, head, options);
  let trailingBytes = 0;
  for (;;) {
    const passed = yield* skipBytes(byteOffset + trailingBytes, SKIP_STEP_BYTES);
    trailingBytes += passed;
    if (passed < SKIP_STEP_BYTES) break;
  }
  return { name: detected.name, byteOffset, trailingBytes };
}

function* readOuter(detected: Detected, head: Uint8Array, options: OpenOptions): Reader<number> {
  const { limits } = options;
  const hint = nestedHint(options.formatHint);
  const nested = nestedReader(options);
  switch (detected.name) {
    case "libxc":
      return (yield* readLibxc(0, options)).byteOffset;
    case "libxl":
      return yield* readLibxl(0, options);
    case "legacy":
      return yield* readLegacy(0, { shape: detected.legacy, wrapper: null, limits });
    case "xl":
      return yield* readXl(0, nested, { limits, hint });
    case "libvirt":
      return yield* readLibvirt(0, nested, { limits, hint });
    case "xapi":
      return yield* readXapi(0, nested, { limits, hint });
    case "xend":
      return yield* readXend(0, nested, { limits, hint });
    case "xenstore":
      return yield* readXenstore(0, limits);
    case "qemu":
      return yield* readQemu(0, limits);
    case "hvm-context":
      return yield* readBareHvmContext(0, limits);
    default:
      return yield* readUnknown(detected, head, options);
  }
}

/** The stream inside a wrapper; which one it is was judged by the wrapper's reader. */
function nestedReader(options: OpenOptions): NestedReader {
  return function* read(byteOffset, { wrapper, stream }) {
    if (stream.name === "libxl") return yield* readLibxl(byteOffset, options);
    if (stream.name === "legacy") {
      const { limits } = options;
      return yield* readLegacy(byteOffset, { shape: stream.legacy, wrapper, limits });
    }
    // A bare libxc stream in a wrapper is a plain one unless the user says otherwise.
    return (yield* readLibxc(byteOffset, options)).byteOffset;
  };
}

/** Half a libxc header is worth more than "unknown": its reader says which half is wrong. */
function* readUnknown(detected: Detected, head: Uint8Array, options: OpenOptions): Reader<number> {
  if (halfLibxc(head)) return (yield* readLibxc(0, options)).byteOffset;
  const compressed = detected.name !== "unknown";
  throw new StreamError({
    rule: compressed ? "DT-13" : "DT-14",
    layer: "libxc",
    byteOffset: 0,
    message: compressed
      ? `This is ${detected.name} data inside data that was decompressed already.`
      : detected.reason,
  });
}

/** True if the marker or the id of an image header stands where it should. */
function halfLibxc(head: Uint8Array): boolean {
  const marker = head.subarray(0, IMAGE_MARKER_BYTES);
  const isMarker = marker.length > 0 && marker.every((byte) => byte === IMAGE_MARKER_BYTE);
  if (head.length < IMAGE_MARKER_BYTES + 4) return isMarker;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return isMarker || view.getUint32(IMAGE_MARKER_BYTES) === IMAGE_ID;
}
