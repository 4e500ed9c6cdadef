/**
 * The XAPI suspend image: the structured form, a chain of sections of which one holds the domain's
 * stream, and the old form, a legacy stream behind a signature. Libxc sections have no length: the
 * inner reader says where they end. Source: xen-api suspend_image.ml, xenopsd domain.ml (facts);
 * XA-1..12.
 */
import { type Fault, type Limits, StreamError } from "../../findings/index.js";
import {
  XAPI_DEMU,
  XAPI_END_OF_IMAGE,
  XAPI_HEADER_BYTES,
  XAPI_LIBXC,
  XAPI_LIBXC_LEGACY,
  XAPI_LIBXL,
  XAPI_NAMES,
  XAPI_QEMU_TRAD,
  XAPI_QEMU_XEN,
  XAPI_SIGNATURE,
  XAPI_SIGNATURE_BYTES,
  XAPI_SIGNATURE_OLD,
  XAPI_XENOPS,
} from "../../format/index.js";
import { type Detected, detect } from "../detect.js";
import { legacyShapeOf } from "../legacy/probe.js";
import { startsWith, viewOf } from "../magic.js";
import { type NestedReader, type NestedStream, peekHead } from "../nested.js";
import type { FaultEvent, Reader } from "../protocol.js";
import { readInto, skipBytes } from "../requests.js";
import { OrderWatch } from "./order.js";
import { passSection, readQemuTrad, readXenopsSection, type Section } from "./sections.js";

export interface XapiOptions {
  readonly limits: Limits;
  /** What the user says of the stream inside: one of FORMAT_HINTS, null for nothing. */
  readonly hint: string | null;
}

/** Bytes passed over in one request behind a section that has no end of its own. */
const SKIP_STEP_BYTES = 2 ** 30;
/** xenopsd has legacy streams converted as those of a toolstack of this width, always. */
const XENOPSD_WIDTH = 32;

/**
 * Read one suspend image with the stream in it.
 *
 * The Xenops record is given as a section "metadata", QEMU state as a section "emulator"; what else
 * there is appears as headers alone.
 *
 * @param byteOffset of its signature
 * @param inner      reads the libxc or legacy stream
 * @returns the first byte after End_of_image; in the old form, after the stream
 * @throws {StreamError} XA-1, XA-2, XA-11, XA-12 where there is nothing to go on with
 */
export function* readXapi(
  byteOffset: number,
  inner: NestedReader,
  options: XapiOptions,
): Reader<number> {
  yield { event: "container", name: "xapi", byteOffset };
  const signature = new Uint8Array(XAPI_SIGNATURE_BYTES);
  yield* readInto(byteOffset, signature);
  const structured = startsWith(signature, XAPI_SIGNATURE);
  if (!structured && !startsWith(signature, XAPI_SIGNATURE_OLD)) {
    throw new StreamError({ rule: "XA-1", layer: "xapi", byteOffset });
  }
  yield {
    event: "header",
    layer: "xapi",
    name: "suspend image",
    byteOffset,
    bytes: XAPI_SIGNATURE_BYTES,
    fields: { form: structured ? "structured" : "old" },
  };
  const at = byteOffset + XAPI_SIGNATURE_BYTES;
  const end = structured
    ? yield* readSections(at, inner, options)
    : yield* readLegacyStream(at, inner, options);
  yield { event: "moment", layer: "xapi", moment: "end", byteOffset: end };
  return end;
}

/** Section after section, to End_of_image or to one that cannot be passed over. */
function* readSections(
  firstByteOffset: number,
  inner: NestedReader,
  options: XapiOptions,
): Reader<number> {
  const order = new OrderWatch();
  for (let at = firstByteOffset; ; ) {
    const section = yield* readSectionHeader(at);
    for (const fault of order.next(section)) yield faultOf(fault);
    switch (section.type) {
      case XAPI_END_OF_IMAGE:
        return section.bodyByteOffset;
      case XAPI_DEMU:
        yield faultOf({ rule: "XA-5", layer: "xapi", byteOffset: at });
        return yield* passToEnd(section.bodyByteOffset);
      default:
        at = yield* readSection(section, inner, options);
    }
  }
}

/** One section that has an end. Returns the first byte after it. */
function* readSection(section: Section, inner: NestedReader, options: XapiOptions): Reader<number> {
  const at = section.bodyByteOffset;
  switch (section.type) {
    case XAPI_LIBXC: {
      if (section.length !== 0) yield faultOf(lengthFault(section));
      const stream: NestedStream = { name: "libxc", row: "XA-3" };
      return yield* inner(at, { wrapper: "xapi", stream });
    }
    case XAPI_LIBXC_LEGACY:
      if (section.length !== 0) yield faultOf(lengthFault(section));
      return yield* readLegacyStream(at, inner, options);
    case XAPI_XENOPS:
      return yield* readXenopsSection(section, options.limits);
    case XAPI_QEMU_TRAD:
      return yield* readQemuTrad(section, options.limits);
    default:
      return yield* passSection(section);
  }
}

/** XA-3: the length of a stream's section stands for nothing. */
function lengthFault(section: Section): Fault {
  return {
    rule: "XA-3",
    layer: "xapi",
    byteOffset: section.byteOffset,
    recordType: section.name,
    expected: "length 0",
    actual: `${section.length}`,
  };
}

function faultOf(fault: Fault): FaultEvent {
  return { event: "fault", fault };
}

/** A legacy stream; its QEMU record is read with it. */
function* readLegacyStream(
  byteOffset: number,
  inner: NestedReader,
  options: XapiOptions,
): Reader<number> {
  const head = yield* peekHead(byteOffset);
  const detected: Detected = detect(head, options.hint);
  if (detected.name !== "legacy" && detected.name !== "unknown") {
    throw new StreamError({
      rule: "DT-15",
      layer: "xapi",
      byteOffset,
      expected: "a legacy stream",
      actual: detected.name,
    });
  }
  const stream: NestedStream =
    detected.name === "legacy"
      ? detected
      : { name: "legacy", row: "XA-8", legacy: legacyShapeOf(head, XENOPSD_WIDTH) };
  if (stream.legacy.width !== XENOPSD_WIDTH) {
    yield faultOf({
      rule: "XA-8",
      layer: "xapi",
      byteOffset,
      expected: `a stream of a ${XENOPSD_WIDTH}-bit toolstack`,
      actual: `${stream.legacy.width}-bit`,
    });
  }
  return yield* inner(byteOffset, { wrapper: "xapi", stream });
}

/** The header of the next section (XA-2, XA-11). */
function* readSectionHeader(byteOffset: number): Reader<Section> {
  const bytes = new Uint8Array(XAPI_HEADER_BYTES);
  const present = yield* readInto(byteOffset, bytes);
  if (present < XAPI_HEADER_BYTES) {
    const message =
      present === 0
        ? "The image ends without End_of_image."
        : "The image ends inside the header of a section.";
    throw new StreamError({ rule: "XA-11", layer: "xapi", byteOffset, message });
  }
  const view = viewOf(bytes);
  const high = view.getUint32(4, true);
  const type = view.getUint32(0, true);
  const name = high === 0 ? XAPI_NAMES.get(type) : undefined;
  const length = view.getBigUint64(8, true);
  if (name === undefined || type === XAPI_LIBXL || type === XAPI_QEMU_XEN) {
    throw new StreamError({
      rule: "XA-2",
      layer: "xapi",
      byteOffset,
      expected: "a type that xenopsd reads",
      actual: name ?? `0x${view.getBigUint64(0, true).toString(16)}`,
    });
  }
  yield {
    event: "header",
    layer: "xapi",
    name,
    byteOffset,
    bytes: XAPI_HEADER_BYTES,
    fields: { type: `0x${type.toString(16).padStart(4, "0")}`, length: `0x${length.toString(16)}` },
  };
  const bodyByteOffset = byteOffset + XAPI_HEADER_BYTES;
  return { type, name, length: Number(length), byteOffset, bodyByteOffset };
}

/** What is behind a section without an end of its own belongs to it. */
function* passToEnd(byteOffset: number): Reader<number> {
  for (let at = byteOffset; ; ) {
    const present = yield* skipBytes(at, SKIP_STEP_BYTES);
    at += present;
    if (present < SKIP_STEP_BYTES) return at;
  }
}
