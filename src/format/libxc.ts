/**
 * Numbers of the libxc domain image stream, versions 2 and 3. Numbers only: codecs live in
 * stream/libxc. Source: libxc stream document; Xen xg_sr_stream_format.h (facts).
 *
 *   image header (24, BE): marker u64 | id u32 | version u32 | options u16 | 0 u16 | 0 u32
 *   domain header (16):    type u32 | page_shift u16 | 0 u16 | xen_major u32 | xen_minor u32
 *   record:                type u32 | body_length u32 | body | zero padding to 8
 */

export const IMAGE_HEADER_BYTES = 24;
export const IMAGE_MARKER_BYTE = 0xff;
export const IMAGE_MARKER_BYTES = 8;
export const IMAGE_ID = 0x58454e46;
export const IMAGE_VERSION_MIN = 2;
export const IMAGE_VERSION_MAX = 3;
export const IMAGE_OPTION_BIG_ENDIAN = 0x0001;

export const DOMAIN_HEADER_BYTES = 16;
export const DOMAIN_TYPE_X86_PV = 1;
export const DOMAIN_TYPE_X86_HVM = 2;

export const RECORD_HEADER_BYTES = 8;
export const RECORD_ALIGN = 8;
export const RECORD_OPTIONAL = 0x8000_0000;
/** Largest body, without padding, that Xen's restorer takes (LC-REC-4). */
export const RECORD_BODY_MAX = 0x0800_0000;

export const REC_TYPE_END = 0x00;
export const REC_TYPE_PAGE_DATA = 0x01;
export const REC_TYPE_X86_PV_INFO = 0x02;
export const REC_TYPE_X86_PV_P2M_FRAMES = 0x03;
export const REC_TYPE_X86_PV_VCPU_BASIC = 0x04;
export const REC_TYPE_X86_PV_VCPU_EXTENDED = 0x05;
export const REC_TYPE_X86_PV_VCPU_XSAVE = 0x06;
export const REC_TYPE_SHARED_INFO = 0x07;
export const REC_TYPE_X86_TSC_INFO = 0x08;
export const REC_TYPE_HVM_CONTEXT = 0x09;
export const REC_TYPE_HVM_PARAMS = 0x0a;
export const REC_TYPE_TOOLSTACK = 0x0b;
export const REC_TYPE_X86_PV_VCPU_MSRS = 0x0c;
export const REC_TYPE_VERIFY = 0x0d;
export const REC_TYPE_CHECKPOINT = 0x0e;
export const REC_TYPE_CHECKPOINT_DIRTY_PFN_LIST = 0x0f;
export const REC_TYPE_STATIC_DATA_END = 0x10;
export const REC_TYPE_X86_CPUID_POLICY = 0x11;
export const REC_TYPE_X86_MSR_POLICY = 0x12;

/** Record names by type number, as the document spells them. */
export const RECORD_NAMES = [
  "END",
  "PAGE_DATA",
  "X86_PV_INFO",
  "X86_PV_P2M_FRAMES",
  "X86_PV_VCPU_BASIC",
  "X86_PV_VCPU_EXTENDED",
  "X86_PV_VCPU_XSAVE",
  "SHARED_INFO",
  "X86_TSC_INFO",
  "HVM_CONTEXT",
  "HVM_PARAMS",
  "TOOLSTACK",
  "X86_PV_VCPU_MSRS",
  "VERIFY",
  "CHECKPOINT",
  "CHECKPOINT_DIRTY_PFN_LIST",
  "STATIC_DATA_END",
  "X86_CPUID_POLICY",
  "X86_MSR_POLICY",
] as const;

export type RecordName = (typeof RECORD_NAMES)[number];

export const PAGE_DATA_HEAD_BYTES = 8;
export const PV_INFO_BYTES = 8;
export const P2M_FRAMES_HEAD_BYTES = 8;
export const P2M_FRAME_BYTES = 8;
export const VCPU_HEAD_BYTES = 8;
export const VCPU_BASIC_BYTES_64 = 0x1430;
export const VCPU_BASIC_BYTES_32 = 0xaf0;
export const VCPU_EXTENDED_BYTES_MAX = 128;
export const VCPU_XSAVE_BYTES_MIN = 16;
export const VCPU_MSR_BYTES = 16;
export const SHARED_INFO_BYTES = 4096;
export const TSC_INFO_BYTES = 24;
export const TSC_MODE_MAX = 2;
export const HVM_PARAMS_HEAD_BYTES = 8;
export const HVM_PARAM_BYTES = 16;
export const CPUID_LEAF_BYTES = 24;
export const MSR_POLICY_BYTES = 16;
export const DIRTY_PFN_BYTES = 8;
