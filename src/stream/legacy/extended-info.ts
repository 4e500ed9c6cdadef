/**
 * The PV beginning of a legacy stream: extended info, whose blocks tell the guest's width and what
 * the tail holds for each vcpu, then the p2m frame list.
 *
 *   all ones UL | total u32 | blocks: char[4] id, u32 size, content | frame list: UL[K]
 *
 * Source: Xen 4.5 xc_domain_restore.c (facts); LG-PV-1..5, conversion steps 3..5.
 */
import type { FieldSpan } from "../../findings/index.js";
import {
  LEGACY_BLOCK_EXTV,
  LEGACY_BLOCK_HEAD_BYTES,
  LEGACY_BLOCK_VCPU,
  LEGACY_BLOCK_XCNT,
  LEGACY_BLOCK_XCNT_BYTES,
  LEGACY_EXTENDED_INFO_BYTES_MAX,
  P2M_FRAME_BYTES,
  P2M_FRAMES_HEAD_BYTES,
  PAGE_BYTES,
  REC_TYPE_STATIC_DATA_END,
  REC_TYPE_X86_PV_INFO,
  REC_TYPE_X86_PV_P2M_FRAMES,
  VCPU_BASIC_BYTES_32,
  VCPU_BASIC_BYTES_64,
} from "../../format/index.js";
import { vcpuContextJson } from "../libxc/codec/vcpu-context.js";
import { latin1, viewOf } from "../magic.js";
import { printedIfAny } from "../print.js";
import type { Reader } from "../protocol.js";
import { noBody, p2mFramesBody, pvInfoBody } from "./bodies.js";
import type { LegacySession } from "./session.js";

/** What the blocks say of the guest and of each vcpu in the tail. */
export interface PvInfo {
  /** Width of the guest: 4 or 8. */
  readonly guestBytes: 4 | 8;
  readonly levels: 3 | 4;
  /** Whether 128 bytes of extended context follow each context. */
  readonly extended: boolean;
  /** Bytes of xsave data, mask and size included; null where there are none. */
  readonly xsaveBytes: number | null;
}

/** The same while the blocks are read. */
type Blocks = {
  guest: Pick<PvInfo, "guestBytes" | "levels"> | null;
  extended: boolean;
  xsaveBytes: number | null;
};

/**
 * Read extended info and frame list; give X86_PV_INFO, STATIC_DATA_END and X86_PV_P2M_FRAMES.
 *
 * @throws {StreamError} LG-DET-6, LG-PV-1, LG-PV-2, LG-PV-4 where the guest's width cannot be known
 */
export function* readPvBeginning(session: LegacySession, p2mSize: number): Reader<PvInfo> {
  const info = yield* readExtendedInfo(session);
  const byteOffset = session.cursor.byteOffset;
  yield* session.record(REC_TYPE_STATIC_DATA_END, { byteOffset }, noBody());
  yield* readFrameList(session, p2mSize, info.guestBytes);
  return info;
}

function* readExtendedInfo(session: LegacySession): Reader<PvInfo> {
  const { cursor } = session;
  const byteOffset = cursor.begin("the extended info");
  const signature = yield* cursor.bytes(session.ulongBytes);
  if (!signature.every((byte) => byte === 0xff)) {
    throw session.broken({
      rule: "LG-PV-1",
      expected: "all ones",
      actual: "other bytes",
      field: word(session),
    });
  }
  const total = (yield* cursor.view(4)).getUint32(0, true);
  if (total < LEGACY_BLOCK_HEAD_BYTES || total >= LEGACY_EXTENDED_INFO_BYTES_MAX) {
    const field = { at: session.ulongBytes, bytes: 4 };
    const expected = `${LEGACY_BLOCK_HEAD_BYTES} to ${LEGACY_EXTENDED_INFO_BYTES_MAX - 1} bytes`;
    throw session.broken({ rule: "LG-DET-6", expected, actual: `${total} bytes`, field });
  }
  const endAt = cursor.byteOffset + total;
  const blocks: Blocks = { guest: null, extended: false, xsaveBytes: null };
  while (cursor.byteOffset < endAt) yield* readBlock(session, endAt, blocks);
  const { guest, extended, xsaveBytes } = blocks;
  if (guest === null) {
    const message = "No block tells the width of the guest.";
    throw session.broken({
      rule: "LG-PV-4",
      byteOffset,
      message,
      expected: "a vcpu block",
      field: null,
    });
  }
  const info: PvInfo = { ...guest, extended, xsaveBytes };
  yield session.header("extended info", { ...info }, byteOffset);
  return info;
}

/** One block, told as a header. What it says is noted in `blocks`. */
function* readBlock(session: LegacySession, endAt: number, blocks: Blocks): Reader<void> {
  const { cursor } = session;
  const byteOffset = cursor.begin("a block of the extended info");
  const head = yield* cursor.bytes(LEGACY_BLOCK_HEAD_BYTES);
  const id = latin1(head.subarray(0, 4));
  const size = viewOf(head).getUint32(4, true);
  if (cursor.byteOffset + size > endAt) {
    throw session.broken({
      rule: "LG-PV-2",
      expected: `a block that ends at byte ${endAt}`,
      actual: `it ends at byte ${cursor.byteOffset + size}`,
    });
  }
  if (id === LEGACY_BLOCK_VCPU) {
    blocks.guest = guestOf(size);
    if (blocks.guest === null) {
      throw session.broken({
        rule: "LG-PV-4",
        expected: `${VCPU_BASIC_BYTES_64} or ${VCPU_BASIC_BYTES_32} bytes`,
        actual: `${size} bytes`,
      });
    }
    const { guestBytes, levels } = blocks.guest;
    yield* session.record(REC_TYPE_X86_PV_INFO, { byteOffset }, pvInfoBody(guestBytes, levels));
    // A restore takes nothing from it but the width: what it loads is in the tail.
    const context = vcpuContextJson(yield* cursor.bytes(size), guestBytes);
    yield session.header("vcpu block", { size, context });
    return;
  }
  if (id === LEGACY_BLOCK_XCNT) return yield* readXcnt(session, size, blocks);
  if (id === LEGACY_BLOCK_EXTV) blocks.extended = true;
  else yield session.fault({ rule: "LG-PV-3", actual: JSON.stringify(id) });
  const content = yield* cursor.bytes(size);
  const name = id === LEGACY_BLOCK_EXTV ? "extv block" : "unknown block";
  yield session.header(name, { id, size, ...printedIfAny("content", content) });
}

function* readXcnt(session: LegacySession, size: number, blocks: Blocks): Reader<void> {
  if (size < LEGACY_BLOCK_XCNT_BYTES) {
    throw session.broken({
      rule: "LG-PV-2",
      expected: `${LEGACY_BLOCK_XCNT_BYTES} bytes in an xcnt block`,
      actual: `${size} bytes`,
    });
  }
  const content = yield* session.cursor.bytes(size);
  const xsaveBytes = viewOf(content).getUint32(0, true);
  blocks.xsaveBytes = xsaveBytes;
  const surplus = content.subarray(LEGACY_BLOCK_XCNT_BYTES);
  yield session.header("xcnt block", { size, xsaveBytes, ...printedIfAny("surplus", surplus) });
}

/** An UL at the place of a fault. */
function word({ ulongBytes }: LegacySession): FieldSpan {
  return { at: 0, bytes: ulongBytes };
}

/** The size of a vcpu context tells the guest. */
function guestOf(size: number): Blocks["guest"] {
  if (size === VCPU_BASIC_BYTES_64) return { guestBytes: 8, levels: 4 };
  return size === VCPU_BASIC_BYTES_32 ? { guestBytes: 4, levels: 3 } : null;
}

/** The pfns of the guest's p2m pages, one UL each. */
function* readFrameList(session: LegacySession, p2mSize: number, guestBytes: number): Reader<void> {
  const { cursor, ulongBytes } = session;
  const byteOffset = cursor.begin("the p2m frame list");
  const frameCount = Math.ceil(p2mSize / (PAGE_BYTES / guestBytes));
  const bodyBytes = P2M_FRAMES_HEAD_BYTES + frameCount * P2M_FRAME_BYTES;
  if (bodyBytes > session.limits.maxMetadataBytes) {
    yield* cursor.pass(frameCount * ulongBytes);
    yield session.header("p2m frame list", { frames: frameCount });
    const head = session.head(REC_TYPE_X86_PV_P2M_FRAMES, { byteOffset }, bodyBytes);
    yield { event: "record", head, body: null };
    return;
  }
  const list = yield* cursor.bytes(frameCount * ulongBytes);
  yield session.header("p2m frame list", { frames: frameCount });
  const beyond = firstBeyond(list, ulongBytes, p2mSize);
  if (beyond !== null) {
    yield session.fault({
      rule: "LG-PV-5",
      byteOffset: byteOffset + beyond * ulongBytes,
      field: word(session),
      entryIndex: beyond,
      expected: `a pfn of at most ${p2mSize - 1}`,
    });
  }
  // What the record's head says follows from p2m_size.
  const fieldByteOffset = (offset: number) =>
    offset < P2M_FRAMES_HEAD_BYTES
      ? session.byteOffset
      : byteOffset + ((offset - P2M_FRAMES_HEAD_BYTES) / P2M_FRAME_BYTES) * ulongBytes;
  const same = ulongBytes === P2M_FRAME_BYTES;
  const source = {
    byteOffset,
    ...(same ? { bodyByteOffset: byteOffset - P2M_FRAMES_HEAD_BYTES } : {}),
    fieldByteOffset,
  };
  const body = p2mFramesBody(p2mSize, list, ulongBytes);
  yield* session.record(REC_TYPE_X86_PV_P2M_FRAMES, source, body);
}

/** Ordinal of the first entry that names no pfn of the guest. */
function firstBeyond(list: Uint8Array, ulongBytes: number, p2mSize: number): number | null {
  const view = viewOf(list);
  for (let at = 0; at < list.length; at += ulongBytes) {
    const high = ulongBytes === 4 ? 0 : view.getUint32(at + 4, true);
    if (high !== 0 || view.getUint32(at, true) >= p2mSize) return at / ulongBytes;
  }
  return null;
}
