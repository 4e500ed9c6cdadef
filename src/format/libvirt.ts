/**
 * Numbers of the libvirt save file (libxl driver). Numbers only.
 *
 *   0x00 magic (16) | 0x10 version u32 | 0x14 xmlLen u32 n | 0x18 unused (40) | 0x40 XML (n) | stream
 *
 * Source: libvirt libxl_conf.h (facts).
 */

export const LIBVIRT_HEADER_BYTES = 0x40;
export const LIBVIRT_MAGIC = "libvirt-xml\n \0 \r";
export const LIBVIRT_VERSION_OFFSET = 0x10;
export const LIBVIRT_XML_LENGTH_OFFSET = 0x14;
/** The one version that libxl takes for a legacy stream; any other stands for v2. */
export const LIBVIRT_VERSION_LEGACY = 1;
export const LIBVIRT_VERSION_MAX = 2;
/** A version above this is either nonsense or of the other byte order. */
export const LIBVIRT_VERSION_PLAUSIBLE_MAX = 0xffff;
