/**
 * Bodies of the libxc records that a legacy stream is put in terms of. Encoders only; the order in
 * which they come is reader.ts. Source: libxc stream document; legacy specification page, §8.
 */
import {
  HVM_PARAM_BYTES,
  HVM_PARAMS_HEAD_BYTES,
  LEGACY_CHUNK_ID_BYTES,
  P2M_FRAME_BYTES,
  P2M_FRAMES_HEAD_BYTES,
  PV_INFO_BYTES,
  TSC_INFO_BYTES,
  VCPU_HEAD_BYTES,
} from "../../format/index.js";
import { viewOf } from "../magic.js";

const EMPTY = new Uint8Array(0);

/** The body of a record without one. */
export function noBody(): Uint8Array {
  return EMPTY;
}

/** X86_PV_INFO. Widths in bytes. */
export function pvInfoBody(guestBytes: number, levels: number): Uint8Array {
  const body = new Uint8Array(PV_INFO_BYTES);
  body[0] = guestBytes;
  body[1] = levels;
  return body;
}

/** X86_PV_P2M_FRAMES from pfn 0 on: the list of UL entries, widened. */
export function p2mFramesBody(p2mSize: number, list: Uint8Array, ulongBytes: number): Uint8Array {
  const entryCount = list.length / ulongBytes;
  const body = new Uint8Array(P2M_FRAMES_HEAD_BYTES + entryCount * P2M_FRAME_BYTES);
  viewOf(body).setUint32(4, p2mSize - 1, true);
  if (ulongBytes === P2M_FRAME_BYTES) {
    body.set(list, P2M_FRAMES_HEAD_BYTES);
    return body;
  }
  for (let index = 0; index < entryCount; index += 1) {
    const entry = list.subarray(index * ulongBytes, (index + 1) * ulongBytes);
    body.set(entry, P2M_FRAMES_HEAD_BYTES + index * P2M_FRAME_BYTES);
  }
  return body;
}

/** X86_TSC_INFO from the payload of a TSC chunk, whose fields have another order. */
export function tscInfoBody(chunk: DataView): Uint8Array {
  const body = new Uint8Array(TSC_INFO_BYTES);
  const view = viewOf(body);
  view.setUint32(0, chunk.getUint32(0, true), true); // mode
  view.setUint32(4, chunk.getUint32(12, true), true); // khz
  view.setUint32(8, chunk.getUint32(4, true), true); // nsec, lower half
  view.setUint32(12, chunk.getUint32(8, true), true);
  view.setUint32(16, chunk.getUint32(16, true), true); // incarnation
  return body;
}

/** Where a TSC chunk, its id included, holds the field at `offset` of X86_TSC_INFO. */
export function tscFieldAt(offset: number): number {
  if (offset === 0) return LEGACY_CHUNK_ID_BYTES; // mode
  if (offset === 4) return LEGACY_CHUNK_ID_BYTES + 12; // khz
  return LEGACY_CHUNK_ID_BYTES + (offset === 8 ? 4 : 16); // nsec, incarnation
}

/** What stands before the blob of a vcpu record. */
export function vcpuHead(vcpuId: number): Uint8Array {
  const head = new Uint8Array(VCPU_HEAD_BYTES);
  viewOf(head).setUint32(0, vcpuId, true);
  return head;
}

/** HVM_PARAMS as it grows: entries are added in stream order. */
export class ParamsBody {
  #bytes = new Uint8Array(HVM_PARAMS_HEAD_BYTES + 16 * HVM_PARAM_BYTES);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Bytes of the body. */
  get length(): number {
    return HVM_PARAMS_HEAD_BYTES + this.#count * HVM_PARAM_BYTES;
  }

  /** Add an entry; `value` holds its eight bytes. */
  add(index: number, value: Uint8Array): void {
    const at = this.length;
    if (at + HVM_PARAM_BYTES > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    viewOf(this.#bytes).setUint32(at, index, true);
    this.#bytes.set(value, at + 8);
    this.#count += 1;
    viewOf(this.#bytes).setUint32(0, this.#count, true);
  }

  /** The body, a copy. */
  body(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}
