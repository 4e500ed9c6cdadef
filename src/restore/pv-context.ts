/**
 * Words of a vcpu context that was kept from X86_PV_VCPU_BASIC: where they stand, what they hold, and
 * the pfn in a control register. What they must be is pv.ts's. Source: LC-PV-15, LC-PV-22.
 */
import { type GuestWidth, VCPU_HEAD_BYTES } from "../format/index.js";
import { bodyOffset } from "../stream/index.js";
import type { KeptRecord } from "./facts.js";

/** A native word of the vcpu context. */
export function readWord(kept: KeptRecord, offset: number, width: GuestWidth): bigint {
  const { buffer, byteOffset, byteLength } = kept.body;
  const view = new DataView(buffer, byteOffset, byteLength);
  const at = VCPU_HEAD_BYTES + offset;
  return width === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true));
}

/** Offset in the input of a field of the vcpu context. */
export function fieldOffset(kept: KeptRecord, offset: number): number {
  return bodyOffset(kept.head) + VCPU_HEAD_BYTES + offset;
}

/** Pfn in a control register: 32-bit guests hold bits 31..20 of it in the low bits. */
export function tablePfn(register: bigint, width: GuestWidth): number {
  if (width === 8) return Number(register >> 12n);
  return Number(BigInt.asUintN(32, (register >> 12n) | (register << 20n)));
}
