/**
 * The HVM tail of a legacy stream: three magic pfns and the HVM context, which become HVM_PARAMS
 * and HVM_CONTEXT; then the QEMU record, whose form depends on what wrote the file.
 *
 *   ioreq u64 | buffered ioreq u64 | store u64 | length u32 | HVM context | signature (21) | data
 *
 * Source: Xen 4.5 xc_domain_restore.c, libxl_dom.c (facts); LG-HT-1, LG-HT-2, XA-7, XA-9, DT-8.
 */
import { hex } from "../../findings/index.js";
import {
  HVM_PARAM_BYTES,
  HVM_PARAMS_HEAD_BYTES,
  LEGACY_HVM_TAIL_BYTES,
  LEGACY_QEMU_LIBXL,
  LEGACY_QEMU_REMUS,
  LEGACY_QEMU_SIGNATURE_BYTES,
  LEGACY_QEMU_XEND,
  REC_TYPE_HVM_CONTEXT,
  REC_TYPE_HVM_PARAMS,
} from "../../format/index.js";
import { latin1 } from "../magic.js";
import type { HeaderEvent, Job, Reader } from "../protocol.js";
import { readQemuSection } from "../qemu/reader.js";
import { readInto } from "../requests.js";
import { noBody, ParamsBody } from "./bodies.js";
import type { LegacySession } from "./session.js";

/** Parameters that the three pfns stand for, in the order of the tail. */
const TAIL_PARAMS = [5, 6, 1] as const;
/** Bytes of the three. */
const TAIL_PARAMS_BYTES = TAIL_PARAMS.length * 8;
/** The length of the context, in front of it. */
const LENGTH = { at: 0, bytes: 4 } as const;
const LINE_FEED = 0x0a;

/** Read pfns and context; give HVM_PARAMS and HVM_CONTEXT. */
export function* readHvmTail(session: LegacySession): Reader<void> {
  const { cursor } = session;
  const byteOffset = cursor.begin("the HVM tail");
  const fixed = yield* cursor.view(LEGACY_HVM_TAIL_BYTES);
  yield magicPfns(byteOffset, fixed);
  const params = new ParamsBody();
  for (const [ordinal, index] of TAIL_PARAMS.entries()) {
    params.add(index, new Uint8Array(fixed.buffer, fixed.byteOffset + ordinal * 8, 8));
  }
  // Values alone: an entry of the record stands where its value does.
  const fieldByteOffset = (offset: number) =>
    byteOffset + Math.floor((offset - HVM_PARAMS_HEAD_BYTES) / HVM_PARAM_BYTES) * 8;
  yield* session.record(REC_TYPE_HVM_PARAMS, { byteOffset, fieldByteOffset }, params.body());
  const contextBytes = fixed.getUint32(TAIL_PARAMS_BYTES, true);
  const contextAt = byteOffset + TAIL_PARAMS_BYTES;
  cursor.rename("the HVM context");
  yield* session.verbatim(REC_TYPE_HVM_CONTEXT, contextAt, noBody(), contextBytes, LENGTH);
}

/** The pfns as a header; the length behind them belongs to the context. */
function magicPfns(byteOffset: number, fixed: DataView): HeaderEvent {
  const pfn = (at: number) => hex(fixed.getBigUint64(at, true));
  const fields = { ioreqPfn: pfn(0), bufferedIoreqPfn: pfn(8), storePfn: pfn(16) };
  const place = { byteOffset, bytes: TAIL_PARAMS_BYTES };
  return { event: "header", layer: "legacy", name: "HVM tail", ...place, fields };
}

/**
 * Read the QEMU record that ends an HVM stream; give its data as a section "emulator".
 *
 * @throws {StreamError} LG-HT-2 where what stands there cannot be read on
 */
export function* readQemuRecord(session: LegacySession): Reader<void> {
  const { cursor, wrapper } = session;
  const byteOffset = cursor.begin("the QEMU record");
  const bytes = new Uint8Array(LEGACY_QEMU_SIGNATURE_BYTES);
  const present = yield* readInto(byteOffset, bytes);
  if (present === 0) return yield* recordMissing(session);
  if (present < bytes.length) throw cursor.cut();
  cursor.moveTo(byteOffset + bytes.length);
  const signature = latin1(bytes);
  switch (signature) {
    case LEGACY_QEMU_LIBXL:
      return yield* readCounted(session, signature, true);
    case LEGACY_QEMU_REMUS: {
      const message = "This QEMU record ends a checkpoint of a Remus stream.";
      yield session.fault({ rule: "LG-HT-2", message, expected: LEGACY_QEMU_LIBXL });
      return yield* readCounted(session, signature, true);
    }
    case LEGACY_QEMU_XEND:
      return yield* readXendForm(session);
    default:
      throw session.broken({
        rule: "LG-HT-2",
        expected: wrapper === "xend" ? LEGACY_QEMU_XEND : LEGACY_QEMU_LIBXL,
        actual: JSON.stringify(signature),
      });
  }
}

/** Without a container, libxc's part is the whole stream; libxl and xenopsd insist on more. */
function* recordMissing(session: LegacySession): Reader<void> {
  const message = "The stream ends behind the HVM context: there is no QEMU record.";
  const bare = session.wrapper === null;
  yield session.fault({
    rule: "LG-HT-2",
    message,
    ...(bare ? { ruleCase: "absent" } : {}),
    field: null,
  });
}

/** A length, then the data. */
function* readCounted(
  session: LegacySession,
  signature: string,
  littleEndian: boolean,
): Reader<void> {
  const { cursor, limits } = session;
  const bytes = (yield* cursor.view(4)).getUint32(0, littleEndian);
  yield session.header("QEMU record", { signature, length: bytes });
  const present = yield* readQemuSection(cursor.byteOffset, bytes, "legacy", limits);
  if (present < bytes) throw cursor.cut();
  cursor.moveTo(cursor.byteOffset + bytes);
}

/** The signature of xend, which XAPI took over with a line feed and a big-endian length. */
function* readXendForm(session: LegacySession): Reader<void> {
  const { cursor, wrapper, limits } = session;
  const dataAt = cursor.byteOffset;
  const lineFeed = yield* lineFeedFollows(dataAt);
  const belongs = lineFeed ? wrapper === "xapi" : wrapper === "xend";
  if (!belongs) {
    const form = lineFeed ? "XAPI" : "xend";
    yield session.fault({
      rule: "LG-HT-2",
      message: `This QEMU record has the form of ${form}, which nothing reads here.`,
      expected: LEGACY_QEMU_LIBXL,
      actual: LEGACY_QEMU_XEND,
    });
  }
  if (lineFeed) {
    yield* cursor.pass(1);
    return yield* readCounted(session, `${LEGACY_QEMU_XEND}\n`, false);
  }
  yield session.header("QEMU record", { signature: LEGACY_QEMU_XEND });
  const bytes = yield* readQemuSection(dataAt, Number.POSITIVE_INFINITY, "legacy", limits);
  cursor.moveTo(dataAt + bytes);
}

/** Look at one byte and leave it to be read again. */
function* lineFeedFollows(byteOffset: number): Job<boolean> {
  const byte = new Uint8Array(1);
  yield { request: "hold", byteOffset };
  const present = yield* readInto(byteOffset, byte);
  yield { request: "release", byteOffset };
  return present === 1 && byte[0] === LINE_FEED;
}
