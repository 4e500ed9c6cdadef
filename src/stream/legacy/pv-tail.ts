/**
 * The PV tail of a legacy stream: pfns that were unmapped meanwhile, each online vcpu's contexts,
 * the shared info page. Contexts become the vcpu records of a libxc stream as they are.
 *
 *   n u32 | UL[n] | per vcpu: context, [128 extended], [mask u64, size u64, xsave data] | 4096
 *
 * Source: Xen 4.5 xc_domain_restore.c (facts); LG-PT-1..3, LG-CH-5, conversion step 8.
 */
import { hex, MAX_ITEMS_PRINTED } from "../../findings/index.js";
import {
  LEGACY_VCPU_EXTENDED_BYTES,
  LEGACY_XSAVE_HEAD_BYTES,
  REC_TYPE_SHARED_INFO,
  REC_TYPE_X86_PV_VCPU_BASIC,
  REC_TYPE_X86_PV_VCPU_EXTENDED,
  REC_TYPE_X86_PV_VCPU_XSAVE,
  SHARED_INFO_BYTES,
  VCPU_BASIC_BYTES_32,
  VCPU_BASIC_BYTES_64,
} from "../../format/index.js";
import { viewOf } from "../magic.js";
import type { Reader } from "../protocol.js";
import { vcpuHead } from "./bodies.js";
import type { ChunksEnd } from "./chunks.js";
import type { PvInfo } from "./extended-info.js";
import type { PfnSet } from "./pfn-set.js";
import type { LegacySession } from "./session.js";

/** The word of the shared info page that names the p2m to a live toolstack, by guest width. */
const FRAME_LIST_LIST = { 8: { at: 0xc18, bytes: 8 }, 4: { at: 0x910, bytes: 4 } } as const;

/** The size of xsave data, behind its feature mask. */
const XSAVE_SIZE = { at: 8, bytes: 8 } as const;

/** Bytes of the list of unmapped pfns that are read at once. */
const LIST_STEP_BYTES = 64 * 1024;

/**
 * Read the tail; give the vcpu records and SHARED_INFO.
 *
 * @param chunks  what the chunks told: which vcpus are online, which pfns were filled
 * @throws {StreamError} LG-PT-1 where a vcpu's xsave data has another size than announced
 */
export function* readPvTail(
  session: LegacySession,
  info: PvInfo,
  chunks: Pick<ChunksEnd, "onlineVcpus" | "filled">,
): Reader<void> {
  const { onlineVcpus } = chunks;
  const tailAt = session.cursor.byteOffset;
  yield* readUnmapped(session, chunks.filled);
  if (onlineVcpus === null) {
    const message = "No vcpu info chunk: vcpu 0 alone is taken to be online.";
    yield session.fault({ rule: "LG-CH-5", ruleCase: "absent", byteOffset: tailAt, message });
  }
  for (const vcpuId of onlineVcpus ?? [0]) yield* readVcpu(session, info, vcpuId);
  yield* readSharedInfo(session, info);
}

/**
 * Pfns that were unmapped after they had been sent. Their pages stay in the image, as they do in
 * the converter's output; the 4.5 restorer freed them (LG-PT-2).
 */
function* readUnmapped(session: LegacySession, filled: PfnSet | null): Reader<void> {
  const { cursor, ulongBytes } = session;
  cursor.begin("the list of unmapped pfns");
  const listBytes = (yield* cursor.view(4)).getUint32(0, true) * ulongBytes;
  const listAt = cursor.byteOffset;
  const step = new Uint8Array(Math.min(listBytes, LIST_STEP_BYTES));
  const shown: number[] = [];
  let filledCount = 0;
  let firstAt = 0;
  for (let at = 0; at < listBytes; at += step.length) {
    const part = step.subarray(0, Math.min(step.length, listBytes - at));
    yield* cursor.fill(part);
    const view = viewOf(part);
    for (let index = 0; index < part.length; index += ulongBytes) {
      if (shown.length < MAX_ITEMS_PRINTED) shown.push(pfnAt(view, index, ulongBytes));
      if (filled?.has(view.getUint32(index, true)) !== true) continue;
      if (filledCount === 0) firstAt = listAt + at + index;
      filledCount += 1;
    }
  }
  const fields = { count: listBytes / ulongBytes, pfns: shown };
  yield session.header("unmapped pfns", fields);
  if (filledCount === 0) return;
  const message = `${filledCount} pfns were filled and then unmapped; their pages stay.`;
  yield session.fault({
    rule: "LG-PT-2",
    byteOffset: firstAt,
    message,
    field: { at: 0, bytes: ulongBytes },
  });
}

function* readVcpu(session: LegacySession, info: PvInfo, vcpuId: number): Reader<void> {
  const { cursor } = session;
  const head = vcpuHead(vcpuId);
  const basicBytes = info.guestBytes === 8 ? VCPU_BASIC_BYTES_64 : VCPU_BASIC_BYTES_32;
  const basicAt = cursor.begin(`the context of vcpu ${vcpuId}`);
  yield* session.verbatim(REC_TYPE_X86_PV_VCPU_BASIC, basicAt, head, basicBytes);
  if (info.extended) {
    const extendedAt = cursor.begin(`the extended context of vcpu ${vcpuId}`);
    const bytes = LEGACY_VCPU_EXTENDED_BYTES;
    yield* session.verbatim(REC_TYPE_X86_PV_VCPU_EXTENDED, extendedAt, head, bytes);
  }
  if (info.xsaveBytes === null) return;
  const xsaveAt = cursor.begin(`the xsave data of vcpu ${vcpuId}`);
  const words = yield* cursor.view(LEGACY_XSAVE_HEAD_BYTES);
  const size = words.getBigUint64(8, true);
  yield session.header("xsave head", {
    featureMask: hex(words.getBigUint64(0, true)),
    size: hex(size),
  });
  const announced = info.xsaveBytes - LEGACY_XSAVE_HEAD_BYTES;
  if (size !== BigInt(announced)) {
    throw session.broken({
      rule: "LG-PT-1",
      byteOffset: xsaveAt + 8,
      message: `The xsave data of vcpu ${vcpuId} has another size than the xcnt block says.`,
      expected: `${announced} bytes`,
      actual: `${size} bytes`,
    });
  }
  yield* session.verbatim(REC_TYPE_X86_PV_VCPU_XSAVE, xsaveAt, head, announced, XSAVE_SIZE);
}

function* readSharedInfo(session: LegacySession, info: PvInfo): Reader<void> {
  const { cursor } = session;
  const byteOffset = cursor.begin("the shared info page");
  const page = yield* cursor.bytes(SHARED_INFO_BYTES);
  const { at, bytes } = FRAME_LIST_LIST[info.guestBytes];
  const word = page.subarray(at, at + bytes);
  if (word.some((byte) => byte !== 0)) {
    const value =
      bytes === 8 ? viewOf(word).getBigUint64(0, true) : viewOf(word).getUint32(0, true);
    yield session.fault({
      rule: "LG-PT-3",
      byteOffset: byteOffset + at,
      field: { at: 0, bytes },
      expected: "0",
      actual: `0x${value.toString(16)}`,
    });
  }
  yield* session.record(REC_TYPE_SHARED_INFO, { byteOffset, bodyByteOffset: byteOffset }, page);
}

/** A number of the list as it stands there; one of 64 bits may be more than a pfn can be. */
function pfnAt(view: DataView, index: number, ulongBytes: number): number {
  const high = ulongBytes === 4 ? 0 : view.getUint32(index + 4, true);
  return high * 2 ** 32 + view.getUint32(index, true);
}
