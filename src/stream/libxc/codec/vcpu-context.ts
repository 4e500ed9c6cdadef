/**
 * The context of a PV vcpu inside X86_PV_VCPU_BASIC: all its fields, for inspection and for
 * writers. What completing a restore looks at is read by PV_VCPU_LAYOUT, and judged there.
 * Source: libxc stream document; Xen public arch-x86/xen.h (facts).
 */
import {
  fieldOffset,
  type GuestWidth,
  VCPU_CONTEXT_LAYOUT_32,
  VCPU_CONTEXT_LAYOUT_64,
  type VcpuContext32,
  type VcpuContext64,
} from "../../../format/index.js";
import { allZero } from "../../bytes.js";
import { decodeStruct, encodeStruct, structJson } from "../../struct.js";

/** All fields of the context of a 64-bit vcpu. */
export function decodeVcpuContext64(blob: Uint8Array): VcpuContext64 {
  return decodeStruct(VCPU_CONTEXT_LAYOUT_64, blob);
}

/** The context of a 64-bit vcpu as its blob, 0x1430 bytes. */
export function encodeVcpuContext64(context: VcpuContext64): Uint8Array {
  return encodeStruct(VCPU_CONTEXT_LAYOUT_64, context);
}

/** All fields of the context of a 32-bit vcpu. */
export function decodeVcpuContext32(blob: Uint8Array): VcpuContext32 {
  return decodeStruct(VCPU_CONTEXT_LAYOUT_32, blob);
}

/** The context of a 32-bit vcpu as its blob, 0xaf0 bytes. */
export function encodeVcpuContext32(context: VcpuContext32): Uint8Array {
  return encodeStruct(VCPU_CONTEXT_LAYOUT_32, context);
}

/**
 * A vcpu context, JSON-able. Of the 256 traps only those are listed that are not all zero, each
 * with its `index`: nothing is lost.
 */
export function vcpuContextJson(blob: Uint8Array, guestWidth: GuestWidth): Record<string, unknown> {
  const layout = guestWidth === 8 ? VCPU_CONTEXT_LAYOUT_64 : VCPU_CONTEXT_LAYOUT_32;
  const context = guestWidth === 8 ? decodeVcpuContext64(blob) : decodeVcpuContext32(blob);
  const trapsOffset =
    guestWidth === 8
      ? fieldOffset(VCPU_CONTEXT_LAYOUT_64, "trap_ctxt")
      : fieldOffset(VCPU_CONTEXT_LAYOUT_32, "trap_ctxt");
  const trapBytes = layout.fields[3][1].bytes;
  const traps = context.trap_ctxt.flatMap((trap, index) => {
    const offset = trapsOffset + index * trapBytes;
    return allZero(blob.subarray(offset, offset + trapBytes))
      ? []
      : [{ index, ...structJson(trap) }];
  });
  return { ...structJson(context), trap_ctxt: traps };
}
