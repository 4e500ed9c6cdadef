/**
 * The sections of a XAPI image that have a length: the Xenops record, QEMU state, UEFI variables
 * and TPM state. Lengths are claims: what is not there is never allocated. Source: xen-api
 * suspend_image.ml, xenopsd domain.ml (facts); XA-10..12.
 */
import { type Limits, StreamError } from "../../findings/index.js";
import { XAPI_QEMU_BYTES_MAX } from "../../format/index.js";
import { readSection } from "../bounded.js";
import type { Reader } from "../protocol.js";
import { readQemuSection } from "../qemu/reader.js";
import { skipBytes } from "../requests.js";
import { readXenops } from "./sexp.js";

/** The header of a section, decoded. */
export interface Section {
  readonly type: number;
  readonly name: string;
  /** As claimed; above 2^53 it is rounded, which no use of it minds. */
  readonly length: number;
  /** Of the header. */
  readonly byteOffset: number;
  /** Of what follows the header. */
  readonly bodyByteOffset: number;
}

/** Longest stretch that an offset can name: beyond it a length is no length. */
const LENGTH_MAX = Number.MAX_SAFE_INTEGER;

/** XA-11: the section claims more than there is. */
function cutError(section: Section, presentBytes?: number): StreamError {
  return new StreamError({
    rule: "XA-11",
    layer: "xapi",
    byteOffset: section.byteOffset,
    recordType: section.name,
    message: "The image ends inside this section.",
    expected: section.length > LENGTH_MAX ? "a length below 2^53" : `${section.length} bytes`,
    ...(presentBytes === undefined ? {} : { actual: `${presentBytes} bytes` }),
    field: { at: 8, bytes: 8 },
  });
}

/** Pass over a section. Returns the first byte after it. */
export function* passSection(section: Section): Reader<number> {
  if (section.bodyByteOffset + section.length > LENGTH_MAX) throw cutError(section);
  const present = yield* skipBytes(section.bodyByteOffset, section.length);
  if (present < section.length) throw cutError(section, present);
  return section.bodyByteOffset + section.length;
}

/** The Xenops record, judged as an S-expression. Returns the first byte after it. */
export function* readXenopsSection(section: Section, limits: Limits): Reader<number> {
  const { length, bodyByteOffset } = section;
  if (bodyByteOffset + length > LENGTH_MAX) throw cutError(section);
  const held = yield* readSection(bodyByteOffset, length, limits);
  if (held.kind === "cut") throw cutError(section, held.present);
  const { body } = held;
  const read = readXenops(body);
  if ("breach" in read) {
    yield {
      event: "fault",
      fault: {
        rule: "XA-10",
        layer: "xapi",
        byteOffset: bodyByteOffset + read.breach.byteIndex,
        recordType: section.name,
        message: read.breach.message,
      },
    };
  } else {
    yield {
      event: "header",
      layer: "xapi",
      name: "Xenops record",
      byteOffset: bodyByteOffset,
      bytes: length,
      fields: Object.fromEntries(read.atoms),
    };
  }
  yield {
    event: "section",
    layer: "xapi",
    name: "metadata",
    byteOffset: bodyByteOffset,
    bytes: length,
    body,
  };
  return bodyByteOffset + length;
}

/** QEMU state, 1 MiB at most (XA-12). Returns the first byte after it. */
export function* readQemuTrad(section: Section, limits: Limits): Reader<number> {
  const { length, bodyByteOffset } = section;
  if (length > XAPI_QEMU_BYTES_MAX) {
    const end = yield* passSection(section);
    yield {
      event: "fault",
      fault: {
        rule: "XA-12",
        layer: "xapi",
        byteOffset: section.byteOffset,
        recordType: section.name,
        expected: `at most ${XAPI_QEMU_BYTES_MAX} bytes`,
        actual: `${length} bytes`,
      },
    };
    return end;
  }
  const present = yield* readQemuSection(bodyByteOffset, length, "xapi", limits);
  if (present < length) throw cutError(section, present);
  return bodyByteOffset + length;
}
