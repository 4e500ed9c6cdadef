/**
 * Records of PV guests that belong to the domain: X86_PV_INFO, X86_PV_P2M_FRAMES, SHARED_INFO. The
 * records of a vcpu are in vcpu.ts.
 * Source: libxc stream document; Xen public xen.h for the shared info page (facts).
 */
import { counted, type Fault, hex } from "../../../findings/index.js";
import {
  type GuestWidth,
  P2M_FRAME_BYTES,
  P2M_FRAMES_HEAD_BYTES,
  PAGE_BYTES,
  PV_INFO_BYTES,
  SHARED_INFO_BYTES,
  SHARED_INFO_LAYOUT_32,
  SHARED_INFO_LAYOUT_64,
} from "../../../format/index.js";
import { allZero, concatBytes, hexOfBytes, readU32, writeU32 } from "../../bytes.js";
import {
  atLeast,
  type BodyContext,
  exactly,
  fieldFault,
  type RecordCodec,
  recordFault,
  sizeFaults,
} from "../../codec.js";
import { EntryTable } from "../../entry-table.js";
import { printedIfAny, printedTable } from "../../print.js";
import { decodeStruct, structJson } from "../../struct.js";
import { RAW_U64 } from "./pages.js";

/** Page-table levels by guest width. */
const LEVELS_BY_WIDTH: ReadonlyMap<number, number> = new Map([
  [4, 3],
  [8, 4],
]);
const PV_INFO_RESERVED_OFFSET = 2;

/** X86_PV_INFO: `guest_width u8 | pt_levels u8 | reserved u8[6]`. */
export interface PvInfo {
  readonly guestWidth: number;
  readonly ptLevels: number;
  /** Six bytes, which a saver writes as zero. */
  readonly reserved: Uint8Array;
  /** What follows the eight bytes that a restorer reads. */
  readonly surplus: Uint8Array;
}

/** The width of a guest, if the pair of width and levels is one that exists (LC-PV-1). */
export function guestWidthOf(info: PvInfo): GuestWidth | null {
  if (LEVELS_BY_WIDTH.get(info.guestWidth) !== info.ptLevels) return null;
  return info.guestWidth === 4 ? 4 : 8;
}

/** Codec of X86_PV_INFO. LC-PV-1, 2, 3 */
export const PV_INFO_CODEC: RecordCodec<PvInfo> = {
  sizes: atLeast(PV_INFO_BYTES),
  lengthFaults(bodyBytes, context) {
    const ruleCase = bodyBytes > PV_INFO_BYTES ? "long" : undefined;
    return sizeFaults(exactly(PV_INFO_BYTES), "LC-PV-2", bodyBytes, context, { ruleCase });
  },
  decode(body, context) {
    const faults = PV_INFO_CODEC.lengthFaults(body.length, context);
    if (body.length < PV_INFO_BYTES) return { value: null, faults };
    const value = {
      guestWidth: body[0] as number,
      ptLevels: body[1] as number,
      reserved: body.subarray(PV_INFO_RESERVED_OFFSET, PV_INFO_BYTES),
      surplus: body.subarray(PV_INFO_BYTES),
    };
    if (guestWidthOf(value) === null) {
      const actual = `width ${value.guestWidth}, levels ${value.ptLevels}`;
      const expected = "width 4, levels 3 or width 8, levels 4";
      faults.push(fieldFault(context, "LC-PV-1", 0, { expected, actual }));
    }
    if (!allZero(value.reserved)) {
      const actual = hexOfBytes(value.reserved);
      const expected = "six zero bytes";
      faults.push(fieldFault(context, "LC-PV-3", PV_INFO_RESERVED_OFFSET, { expected, actual }));
    }
    return { value, faults };
  },
  encode: (value) =>
    concatBytes(Uint8Array.of(value.guestWidth, value.ptLevels), value.reserved, value.surplus),
  interpret: (value) => ({
    guest_width: value.guestWidth,
    pt_levels: value.ptLevels,
    ...(allZero(value.reserved) ? {} : printedIfAny("reserved", value.reserved)),
    ...printedIfAny("surplus", value.surplus),
  }),
};

/** X86_PV_P2M_FRAMES: `start_pfn u32 | end_pfn u32 | p2m_pfn u64 [K]`. */
export interface P2mFrames {
  readonly startPfn: number;
  /** Inclusive. */
  readonly endPfn: number;
  /** Pfns of the guest pages that hold the p2m. */
  readonly frames: EntryTable<bigint>;
}

/** Entries of the p2m that one page holds. */
export function p2mEntriesPerPage(guestWidth: GuestWidth): number {
  return PAGE_BYTES / guestWidth;
}

/** Pages of the p2m that hold the entries of pfns `startPfn` to `endPfn`, both included. */
export function p2mFrameCount(startPfn: number, endPfn: number, guestWidth: GuestWidth): number {
  const perPage = p2mEntriesPerPage(guestWidth);
  return Math.floor(endPfn / perPage) - Math.floor(startPfn / perPage) + 1;
}

/** Codec of X86_PV_P2M_FRAMES. LC-PV-5, 6 (the count needs the guest width) */
export const P2M_FRAMES_CODEC: RecordCodec<P2mFrames> = {
  sizes: atLeast(P2M_FRAMES_HEAD_BYTES, P2M_FRAME_BYTES),
  lengthFaults: (bodyBytes, context) =>
    sizeFaults(P2M_FRAMES_CODEC.sizes, "LC-PV-6", bodyBytes, context),
  decode(body, context) {
    const faults = P2M_FRAMES_CODEC.lengthFaults(body.length, context);
    if (body.length < P2M_FRAMES_HEAD_BYTES) return { value: null, faults };
    const startPfn = readU32(body, 0);
    const endPfn = readU32(body, 4);
    const frames = new EntryTable(RAW_U64, body.subarray(P2M_FRAMES_HEAD_BYTES));
    if (startPfn > endPfn) {
      const expected = `start_pfn at most end_pfn ${hex(endPfn)}`;
      faults.push(fieldFault(context, "LC-PV-5", 0, { expected, actual: hex(startPfn) }));
    } else if (faults.length === 0) {
      faults.push(...p2mCountFaults(startPfn, endPfn, frames.length, context));
    }
    return { value: { startPfn, endPfn, frames }, faults };
  },
  encode(value) {
    const head = new Uint8Array(P2M_FRAMES_HEAD_BYTES);
    writeU32(head, 0, value.startPfn);
    writeU32(head, 4, value.endPfn);
    return concatBytes(head, value.frames.bytes);
  },
  interpret: (value) => ({
    start_pfn: value.startPfn,
    end_pfn: value.endPfn,
    ...printedTable("p2m_pfn", value.frames),
  }),
};

function p2mCountFaults(
  startPfn: number,
  endPfn: number,
  count: number,
  context: BodyContext,
): Fault[] {
  if (context.guestWidth == null) return [];
  const right = p2mFrameCount(startPfn, endPfn, context.guestWidth);
  if (count === right) return [];
  const expected = `${counted(right, "frame")} for pfns ${hex(startPfn)} to ${hex(endPfn)}`;
  return [recordFault(context, "LC-PV-6", { expected, actual: counted(count, "frame") })];
}

/** SHARED_INFO: the shared info page as it was. */
export interface SharedInfo {
  /** 4096 bytes. */
  readonly page: Uint8Array;
}

/** Codec of SHARED_INFO. LC-PV-10 */
export const SHARED_INFO_CODEC: RecordCodec<SharedInfo> = {
  sizes: exactly(SHARED_INFO_BYTES),
  lengthFaults: (bodyBytes, context) =>
    sizeFaults(SHARED_INFO_CODEC.sizes, "LC-PV-10", bodyBytes, context),
  decode(body, context) {
    const faults = SHARED_INFO_CODEC.lengthFaults(body.length, context);
    return { value: faults.length === 0 ? { page: body } : null, faults };
  },
  encode: (value) => value.page.slice(),
  interpret: ({ page }, context) =>
    context.guestWidth == null
      ? { page: hexOfBytes(page) }
      : sharedInfoJson(page, context.guestWidth),
};

// Of the 32 vcpu_info and of what follows the fields, only what is not zero is printed.
function sharedInfoJson(page: Uint8Array, guestWidth: GuestWidth): Record<string, unknown> {
  const fields =
    guestWidth === 8
      ? decodeStruct(SHARED_INFO_LAYOUT_64, page)
      : decodeStruct(SHARED_INFO_LAYOUT_32, page);
  const { vcpu_info: _, rest, ...others } = fields;
  const infoBytes = SHARED_INFO_LAYOUT_64.fields[0][1].bytes;
  const vcpuInfo = fields.vcpu_info.flatMap((info, vcpu) =>
    allZero(page.subarray(vcpu * infoBytes, (vcpu + 1) * infoBytes))
      ? []
      : [{ vcpu, ...structJson(info) }],
  );
  return {
    vcpu_info: vcpuInfo,
    ...structJson(others),
    ...(allZero(rest) ? {} : { rest: hexOfBytes(rest) }),
  };
}
