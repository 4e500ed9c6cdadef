/**
 * One libxc record as a careful saver writes it: reserved words zero, nothing behind what a
 * restorer reads, nothing that says nothing. What a restorer takes from it stays the same.
 * Source: libxc stream document, what writers must do (LC-REC-7, 8, LC-PV-2, 3, 13, LC-TSC-2,
 * LC-HVM-2, 3).
 */
import {
  REC_TYPE_HVM_PARAMS,
  REC_TYPE_X86_PV_INFO,
  REC_TYPE_X86_PV_VCPU_BASIC,
  REC_TYPE_X86_PV_VCPU_EXTENDED,
  REC_TYPE_X86_PV_VCPU_MSRS,
  REC_TYPE_X86_PV_VCPU_XSAVE,
  REC_TYPE_X86_TSC_INFO,
} from "../../format/index.js";
import {
  type BodyContext,
  HVM_PARAMS_CODEC,
  PV_INFO_CODEC,
  recordRow,
  TSC_INFO_CODEC,
  VCPU_XSAVE_CODEC,
} from "../../stream/index.js";

const NONE = new Uint8Array(0);

/**
 * The body that is written in place of `body`.
 *
 * @param type  of a known record that a restorer took
 * @returns null for a record that says nothing: it is left out
 */
export function normalBody(
  type: number,
  body: Uint8Array,
  context: BodyContext,
): Uint8Array | null {
  if (recordRow(type)?.marker === true) return NONE;
  switch (type) {
    case REC_TYPE_X86_PV_INFO: {
      const { value } = PV_INFO_CODEC.decode(body, context);
      if (value === null) return body;
      const reserved = new Uint8Array(value.reserved.length);
      return PV_INFO_CODEC.encode({ ...value, reserved, surplus: NONE });
    }
    case REC_TYPE_X86_PV_VCPU_BASIC:
    case REC_TYPE_X86_PV_VCPU_EXTENDED:
    case REC_TYPE_X86_PV_VCPU_XSAVE:
    case REC_TYPE_X86_PV_VCPU_MSRS: {
      // The head of the four is one; what is in the blob does not matter here.
      const { value } = VCPU_XSAVE_CODEC.decode(body, context);
      if (value === null || value.blob.length === 0) return null;
      return VCPU_XSAVE_CODEC.encode({ ...value, reserved: 0 });
    }
    case REC_TYPE_X86_TSC_INFO: {
      const { value } = TSC_INFO_CODEC.decode(body, context);
      return value === null ? body : TSC_INFO_CODEC.encode({ ...value, reserved: 0 });
    }
    case REC_TYPE_HVM_PARAMS: {
      const { value } = HVM_PARAMS_CODEC.decode(body, context);
      if (value === null || value.params.length === 0) return null;
      return HVM_PARAMS_CODEC.encode({ ...value, reserved: 0 });
    }
    default:
      return body;
  }
}
