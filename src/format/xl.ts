/**
 * Numbers of the xl save file header. Numbers only.
 *
 *   0x00 magic (32) | 0x20 byteorder u32 | 0x24 mandatory_flags u32 | 0x28 optional_flags u32
 *   0x2c optional_data_len u32 D | 0x30 optional data: config length u32, config, rest | stream
 *
 * Source: Xen xl save-file header (facts).
 */

export const XL_HEADER_BYTES = 0x30;
export const XL_MAGIC = "Xen saved domain, xl format\n \0 \r";
export const XL_MAGIC_BYTES = 32;
export const XL_BYTEORDER = 0x01020304;
export const XL_BYTEORDER_SWAPPED = 0x04030201;
export const XL_FLAG_JSON = 0x1;
export const XL_FLAG_STREAM_V2 = 0x2;
export const XL_FLAGS_KNOWN = 0x3;
export const XL_CONFIG_LENGTH_BYTES = 4;
