/**
 * The legacy stream reader (Xen <= 4.5). It gives the stream in the terms of libxc v3, as Xen's own
 * converter writes it: the same records in the same order with the same bodies, so that what serves
 * a libxc stream serves this one too. Offsets stay those of the legacy stream.
 *
 *   p2m_size | PV: extended info, frame list | chunks | tail | HVM: QEMU record
 *
 * Source: Xen 4.5 xc_domain_restore.c, convert-legacy-stream (facts); LG-HDR-*, §8.
 */
import { LEGACY_P2M_SIZE_MAX, REC_TYPE_END, REC_TYPE_STATIC_DATA_END } from "../../format/index.js";
import type { Reader } from "../protocol.js";
import { readInto } from "../requests.js";
import { noBody } from "./bodies.js";
import { type ChunksEnd, readChunks } from "./chunks.js";
import { type PvInfo, readPvBeginning } from "./extended-info.js";
import { readHvmTail, readQemuRecord } from "./hvm-tail.js";
import { readPvTail } from "./pv-tail.js";
import { type LegacyOptions, LegacySession } from "./session.js";

export type { LegacyOptions } from "./session.js";

/** What the converter writes into the headers of its output. */
const LIBXC_VERSION = 3;
const CONVERTED = { xen_major: 0, xen_minor: 1 } as const;
/** Largest size that a P2M_FRAMES record can cover; beyond it octets 4 to 7 are not zero. */
const PV_P2M_SIZE_MAX = 0xffff_ffff;

/**
 * Read one legacy stream.
 *
 * It gives libxc records of layer "legacy" (`head.byteOffset` is that of the chunk or structure
 * they are made from) and PAGE_DATA batches, between the moments "libxc-begin" and "libxc-end".
 * Behind them come a section "xenstore" (the strings of EMULATOR_XENSTORE_DATA, without its
 * sub-header) and a section "emulator" (QEMU's data alone). Of a Remus stream the first checkpoint
 * is read, as the converter does.
 *
 * @param byteOffset of its first byte
 * @returns the first byte after it
 * @throws {StreamError}   where framing is lost, or a chunk is of a kind that nothing reads
 * @throws {CapacityError} where more is collected than `limits.maxMetadataBytes`
 */
export function* readLegacy(byteOffset: number, options: LegacyOptions): Reader<number> {
  yield { event: "container", name: "legacy", byteOffset };
  const session = new LegacySession(byteOffset, options);
  const { cursor } = session;
  const { guest } = options.shape;
  const p2mSize = yield* readHeader(session);
  yield {
    event: "moment",
    layer: "legacy",
    moment: "libxc-begin",
    byteOffset,
    detail: { guest, checkpointed: false },
  };
  let info: PvInfo | null = null;
  if (guest === "pv") info = yield* readPvBeginning(session, p2mSize);
  else {
    const source = { byteOffset: cursor.byteOffset };
    yield* session.record(REC_TYPE_STATIC_DATA_END, source, noBody());
  }
  const chunks = yield* readChunks(session);
  if (info === null) yield* readHvmTail(session);
  else yield* readPvTail(session, info, chunks);
  const end = { byteOffset: cursor.byteOffset };
  yield* session.record(REC_TYPE_END, end, noBody());
  yield { event: "moment", layer: "legacy", moment: "libxc-end", ...end };
  if (guest === "hvm") yield* readEmulator(session, chunks);
  yield* lookBehind(session, chunks.lastCheckpoint);
  yield { event: "moment", layer: "legacy", moment: "end", byteOffset: cursor.byteOffset };
  return cursor.byteOffset;
}

/** The one number in front of everything (LG-HDR-1). */
function* readHeader(session: LegacySession): Reader<number> {
  const { cursor, shape, wrapper } = session;
  const byteOffset = cursor.byteOffset;
  const p2mSize = yield* session.ulong();
  yield session.header("legacy header", {
    p2mSize,
    toolstackWidth: shape.width,
    guest: shape.guest,
    version: LIBXC_VERSION,
    ...CONVERTED,
  });
  const expected = `1 to ${LEGACY_P2M_SIZE_MAX}`;
  const actual = `${p2mSize}`;
  const field = { at: 0, bytes: session.ulongBytes };
  if (shape.guest === "pv" && (p2mSize === 0 || p2mSize > PV_P2M_SIZE_MAX)) {
    const message = "No P2M_FRAMES record can cover this p2m_size.";
    throw session.broken({
      rule: "LG-HDR-1",
      ruleCase: "unusable",
      message,
      expected,
      actual,
      field,
    });
  }
  if (p2mSize > PV_P2M_SIZE_MAX) {
    const message = "Octets 4 to 7 are not zero, as in a stream of a 32-bit toolstack.";
    yield session.fault({ rule: "LG-HDR-2", byteOffset: byteOffset + 4, message });
  } else if (p2mSize === 0 || p2mSize > LEGACY_P2M_SIZE_MAX) {
    yield session.fault({ rule: "LG-HDR-1", expected, actual, field });
  }
  if (shape.width === 32 && (wrapper === "xl" || wrapper === "libvirt")) {
    const message = "libxl of a 64-bit host converts this stream as one of a 64-bit toolstack.";
    yield session.fault({ rule: "LG-HDR-3", message, actual: "a 32-bit toolstack's stream" });
  }
  return p2mSize;
}

/** What the device model gets: the strings of all toolstack chunks, then its own state. */
function* readEmulator(session: LegacySession, chunks: ChunksEnd): Reader<void> {
  if (chunks.xenstore.length > 0) {
    const body = chunks.xenstore;
    yield {
      event: "section",
      layer: "legacy",
      name: "xenstore",
      byteOffset: chunks.xenstoreByteOffset,
      bytes: body.length,
      body,
    };
  }
  yield* readQemuRecord(session);
}

/**
 * LG-CNV-10: bytes behind the tail. A stream that no chunk called the last checkpoint of is one of
 * Remus, where chunks and tails go on. Only a file of its own, or one in which the stream is the
 * last part, can show that.
 */
function* lookBehind(session: LegacySession, lastCheckpoint: boolean): Reader<void> {
  const { cursor, wrapper } = session;
  if (wrapper === "xapi" || wrapper === "xend") return;
  const byteOffset = cursor.byteOffset;
  const byte = new Uint8Array(1);
  yield { request: "hold", byteOffset };
  const present = yield* readInto(byteOffset, byte);
  yield { request: "release", byteOffset };
  if (present === 0) return;
  const message = lastCheckpoint
    ? "Bytes follow the tail; nobody reads them."
    : "A checkpointed stream: what follows its first checkpoint is not read.";
  yield session.fault({ rule: "LG-CNV-10", byteOffset, message });
}
