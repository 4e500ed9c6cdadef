/**
 * Numbers of the legacy domain save stream (Xen <= 4.5). Numbers only; how it is read and put in
 * terms of the libxc stream is stream/legacy. UL below: 4 or 8 bytes, by the toolstack that saved.
 *
 *   p2m_size UL | PV: extended info, p2m frame list | chunks: id i32, payload ... id 0 | tail
 *   entry   31..28 type | 27..0 pfn, in an UL
 *
 * Source: Xen 4.5 xg_save_restore.h, xc_domain_save.c (facts).
 */

/** Width of the toolstack that saved, in bits: decides the size of UL. */
export type LegacyWidth = 32 | 64;

export const LEGACY_WIDTHS: readonly LegacyWidth[] = [32, 64];
export const LEGACY_P2M_SIZE_MAX = 0x0fff_ffff;

export const LEGACY_BLOCK_HEAD_BYTES = 8;
export const LEGACY_BLOCK_VCPU = "vcpu";
export const LEGACY_BLOCK_EXTV = "extv";
export const LEGACY_BLOCK_XCNT = "xcnt";
export const LEGACY_BLOCK_XCNT_BYTES = 4;
export const LEGACY_EXTENDED_INFO_BYTES_MAX = 64 * 1024;

export const LEGACY_CHUNK_ID_BYTES = 4;
export const LEGACY_BATCH_MAX = 1024;
export const LEGACY_CHUNK_ID_MIN = -20;
export const LEGACY_CHUNK_END = 0;
export const LEGACY_CHUNK_ENABLE_VERIFY_MODE = -1;
export const LEGACY_CHUNK_VCPU_INFO = -2;
export const LEGACY_CHUNK_HVM_IDENT_PT = -3;
export const LEGACY_CHUNK_HVM_VM86_TSS = -4;
export const LEGACY_CHUNK_TMEM = -5;
export const LEGACY_CHUNK_TMEM_EXTRA = -6;
export const LEGACY_CHUNK_TSC_INFO = -7;
export const LEGACY_CHUNK_HVM_CONSOLE_PFN = -8;
export const LEGACY_CHUNK_LAST_CHECKPOINT = -9;
export const LEGACY_CHUNK_HVM_ACPI_IOPORTS_LOCATION = -10;
export const LEGACY_CHUNK_HVM_VIRIDIAN = -11;
export const LEGACY_CHUNK_COMPRESSED_DATA = -12;
export const LEGACY_CHUNK_ENABLE_COMPRESSION = -13;
export const LEGACY_CHUNK_HVM_GENERATION_ID_ADDR = -14;
export const LEGACY_CHUNK_HVM_PAGING_RING_PFN = -15;
export const LEGACY_CHUNK_HVM_ACCESS_RING_PFN = -16;
export const LEGACY_CHUNK_HVM_SHARING_RING_PFN = -17;
export const LEGACY_CHUNK_TOOLSTACK = -18;
export const LEGACY_CHUNK_HVM_IOREQ_SERVER_PFN = -19;
export const LEGACY_CHUNK_HVM_NR_IOREQ_SERVER_PAGES = -20;

/** Chunks that hold one HVM parameter: chunk id to parameter index. */
export const LEGACY_PARAM_BY_CHUNK: ReadonlyMap<number, number> = new Map([
  [LEGACY_CHUNK_HVM_IDENT_PT, 12],
  [LEGACY_CHUNK_HVM_VM86_TSS, 15],
  [LEGACY_CHUNK_HVM_CONSOLE_PFN, 17],
  [LEGACY_CHUNK_HVM_ACPI_IOPORTS_LOCATION, 19],
  [LEGACY_CHUNK_HVM_VIRIDIAN, 9],
  [LEGACY_CHUNK_HVM_GENERATION_ID_ADDR, 34],
  [LEGACY_CHUNK_HVM_PAGING_RING_PFN, 27],
  [LEGACY_CHUNK_HVM_ACCESS_RING_PFN, 28],
  [LEGACY_CHUNK_HVM_SHARING_RING_PFN, 29],
  [LEGACY_CHUNK_HVM_IOREQ_SERVER_PFN, 32],
  [LEGACY_CHUNK_HVM_NR_IOREQ_SERVER_PAGES, 33],
]);

/** Payload of such a chunk: u32 pad, u64 value. */
export const LEGACY_PARAM_BYTES = 12;
export const LEGACY_PARAM_PAD_BYTES = 4;
/** Payload of the TSC chunk: u32 mode, u64 nsec, u32 khz, u32 incarnation. */
export const LEGACY_TSC_BYTES = 20;
export const LEGACY_VCPU_ID_MAX = 4095;

/** An entry that means nothing: XTAB with pfn 0 (LG-CH-2). */
export const LEGACY_ENTRY_NOTHING = 0xf000_0000;
export const LEGACY_ENTRY_TYPE_SHIFT = 28;
export const LEGACY_ENTRY_TYPE_MASK = 0xf000_0000;
export const LEGACY_ENTRY_PFN_MASK = 0x0fff_ffff;
/** The first type without a page behind the entries, as the converter counts (LG-CH-3). */
export const LEGACY_TYPE_FIRST_WITHOUT_DATA = 0xd;

export const LEGACY_VCPU_EXTENDED_BYTES = 128;
/** Before the xsave data of a vcpu: u64 feature mask, u64 size. */
export const LEGACY_XSAVE_HEAD_BYTES = 16;
/** HVM tail before the context: three u64 pfns, u32 length. */
export const LEGACY_HVM_TAIL_BYTES = 28;

export const LEGACY_QEMU_SIGNATURE_BYTES = 21;
export const LEGACY_QEMU_LIBXL = "DeviceModelRecord0002";
export const LEGACY_QEMU_REMUS = "RemusDeviceModelState";
export const LEGACY_QEMU_XEND = "QemuDeviceModelRecord";

export const LEGACY_TOOLSTACK_VERSION = 1;
export const LEGACY_TOOLSTACK_HEAD_BYTES = 8;
/** Before the name of a region: u64 phys_offset, start_addr, size, u32 namelen. */
export const LEGACY_TOOLSTACK_ENTRY_BYTES = 28;
/** Stray bytes after the name where the toolstack is of 64 bits. */
export const LEGACY_TOOLSTACK_STRAY_BYTES_64 = 4;
